"""Every command in a real terminal of 80 columns: no line is longer, and no word is cut that a wide one shows whole."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.cli import COMMANDS
from kvqa_audit.demo import draw_demo

# One process runs all commands, one after the other, and says on both streams where each begins.
DRIVER = """
import json, sys
from kvqa_audit.__main__ import main
for number, arguments in enumerate(json.loads(sys.argv[1])):
    print(f"@@{number}", flush=True)
    print(f"@@{number}", file=sys.stderr, flush=True)
    sys.argv = ["kvqa-audit", *arguments]
    try:
        main()
    except SystemExit:
        pass
    sys.stdout.flush()
"""
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ASKS = ((b"(q)uit: ", b"q\n"), (b"(y/N) ", b"n\n"))
# A bar of progress is drawn over itself, and has a clock.
PROGRESS = re.compile(r"\d:\d\d:\d\d")
# What differs from run to run: times, and the ids of runs.
CHANGING = re.compile(r"\b[0-9a-f]{8,32}\b|[\d.,]+")


def in_terminal(commands: list[list[str]], place: Path, columns: int) -> list[list[str]]:
    """The lines that each command printed, in a terminal as wide as this; questions are answered with no."""
    (out, out_end), (err, err_end) = pty.openpty(), pty.openpty()
    for end in (out_end, err_end):
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    environment |= {"TERM": "xterm-256color", "XDG_CACHE_HOME": str(place / "cache")}
    command = [sys.executable, "-c", DRIVER, json.dumps(commands)]
    streams = {"stdin": out_end, "stdout": out_end, "stderr": err_end}
    process = subprocess.Popen(command, cwd=place, env=environment, start_new_session=True, **streams)
    os.close(out_end)
    os.close(err_end)
    told = {out: b"", err: b""}
    left = set(told)
    while left:
        for stream in select.select(list(left), [], [])[0]:
            try:
                chunk = os.read(stream, 1 << 16)
            except OSError:  # how a terminal says that nobody writes to it any more
                chunk = b""
            told[stream] += chunk
            for question, answer in ASKS:
                if told[stream].endswith(question):
                    os.write(stream, answer)
            if not chunk:
                left.discard(stream)
                os.close(stream)
    process.wait()
    both = [_by_command(text) for text in told.values()]
    return [first + second for first, second in zip(*both, strict=True)]


def _by_command(told: bytes) -> list[list[str]]:
    parts = re.split(r"@@\d+\n", ANSI.sub("", told.decode().replace("\r\n", "\n")))
    return [
        [line.rpartition("\r")[2].rstrip() for line in part.split("\n") if not PROGRESS.search(line)]
        for part in parts[1:]
    ]


def words(lines: list[str]) -> set[str]:
    return {CHANGING.sub("0", word.strip(".,;:()")) for line in lines for word in line.split()}


def commands_of(place: Path, audit: str, source: str) -> Iterator[list[str]]:
    """Calls of every command, with results, questions and errors."""
    run = ["run", source, "--subset", "--table-only", "--store", "runs.sqlite", "--baseline", "latest"]
    key = next(f.key for f in read_artifacts(place / audit).findings if f.check == "KV203")
    yield from ([], ["--help"], ["--version"], *([one.__name__, "--help"] for one in COMMANDS))
    yield from ([*run, "--out", "one"], [*run, "--out", "two"], [*run, "missing", "--quiet"])
    yield from (["runs", "--store", "runs.sqlite"], ["runs", "prune", "--keep", "1", "--store", "runs.sqlite"])
    yield from (
        ["compare", "one", audit],
        ["compare", audit, "two"],
        ["gate", audit],
        ["gate", audit, "--gate", "info"],
    )
    yield from (["checks"], ["checks", "KV203", "KV30-L6"], ["check", f"{source}/metadata.csv"], ["duplicates", source])
    yield from (["init", source, "--out", "described"], ["report", audit], ["index", "."], ["explain", key, audit])
    yield from (["review", audit, "--decisions", "d.yaml"], ["review", audit, "--decisions", "d.yaml", "--undo"])
    yield [
        "review",
        audit,
        "--decisions",
        "d.yaml",
        "--update",
        "--add",
        "accepted",
        "--reason",
        "known",
        "--check",
        "KV007",
    ]
    yield from (["fix", source, "--out", "fixed", "--subset"], ["export", audit, "--croissant", "croissant.json"])
    yield from (["cache"], ["example"], ["demo", "--out", "drawn"])
    # Mistakes, too, are told in whole words.
    yield from (["rnu"], ["run"], ["run", "missing"], ["run", source, "--gate", "none"], ["gate", "missing"])
    yield from (["checks", "KV999"], ["explain", "0" * 16, audit], ["review", audit, "--check", "KV3O-L6"])
    yield from (["review", audit, "--add", "fixed"], ["runs"], ["run", source, "--notify", "pigeon"], ["export", audit])
    yield ["run", source, "--out", source]


@pytest.fixture(scope="module")
def drawn_audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a drawn dataset and its audit, whose names are as long as names are."""
    place = tmp_path_factory.mktemp("terminal")
    draw_demo(place / "dataset")
    first = [["run", "dataset", "--subset", "--out", "audit"]]
    in_terminal(first, place, 80)
    return place


def test_no_line_is_longer_and_no_word_is_cut(drawn_audit: Path, tmp_path: Path) -> None:
    commands = list(commands_of(drawn_audit, "audit", "dataset"))
    told = {}
    for columns in (80, 400):
        place = tmp_path / str(columns)
        place.mkdir()
        for name in ("dataset", "audit"):
            (place / name).symlink_to(drawn_audit / name)
        told[columns] = in_terminal(commands, place, columns)
    assert len(told[80]) == len(told[400]) == len(commands)
    wrong = {}
    for command, narrow, wide in zip(commands, told[80], told[400], strict=True):
        long = [line for line in narrow if len(line) > 80 and " " in line.strip()]
        cut = words(narrow) - words(wide) if narrow != wide else set()
        if long or cut:
            wrong[" ".join(command)] = (long, cut)
    assert wrong == {}
    assert sum(map(len, told[80])) > 1_000
