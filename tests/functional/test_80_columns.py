"""Every command in a real terminal of 80 columns: no line is longer, and no word is cut that a wide one shows whole."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.cli import COMMANDS
from kvqa_audit.demo import DemoTruth

# One process runs all commands in each place, in a terminal as wide as its name says, and says on both streams where
# each begins. The sample is not drawn anew, which says nothing.
DRIVER = """
import dataclasses, fcntl, json, os, pickle, shutil, struct, sys, termios
from pathlib import Path
import kvqa_audit.demo
from kvqa_audit.__main__ import main

place, truth, commands = (json.loads(one) for one in sys.argv[1:])
truth = pickle.loads(Path(truth).read_bytes())

def draw_demo(folder):
    shutil.copytree(truth.folder, folder, dirs_exist_ok=True)
    return dataclasses.replace(truth, folder=Path(folder))

kvqa_audit.demo.draw_demo = draw_demo
for columns in map(int, sorted(os.listdir(place), key=int)):
    os.chdir(f"{place}/{columns}")
    os.environ["XDG_CACHE_HOME"] = os.path.abspath("cache")
    for stream in (1, 2):
        fcntl.ioctl(stream, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    for arguments in commands:
        print(f"@@{columns}", flush=True)
        print(f"@@{columns}", file=sys.stderr, flush=True)
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


def in_terminal(commands: list[list[str]], place: Path, truth: Path) -> list[list[str]]:
    """The lines that each command printed, in each place in turn; questions are answered with no."""
    (out, out_end), (err, err_end) = pty.openpty(), pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    environment["TERM"] = "xterm-256color"
    command = [sys.executable, "-c", DRIVER, *map(json.dumps, (str(place), str(truth), commands))]
    streams = {"stdin": out_end, "stdout": out_end, "stderr": err_end}
    process = subprocess.Popen(command, env=environment, start_new_session=True, **streams)
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


def test_no_line_is_longer_and_no_word_is_cut(drawn: tuple[Path, DemoTruth], audited: Path, tmp_path: Path) -> None:
    for columns in ("80", "400"):
        (tmp_path / columns).mkdir()
        (tmp_path / columns / "dataset").symlink_to(drawn[0])
        shutil.copytree(audited, tmp_path / columns / "audit")
    commands = list(commands_of(tmp_path / "80", "audit", "dataset"))
    told = in_terminal(commands, tmp_path, drawn[0].parent / "truth.pickle")
    assert len(told) == 2 * len(commands)
    narrow_ones, wide_ones = told[: len(commands)], told[len(commands) :]
    wrong = {}
    for command, narrow, wide in zip(commands, narrow_ones, wide_ones, strict=True):
        long = [line for line in narrow if len(line) > 80 and " " in line.strip()]
        cut = words(narrow) - words(wide) if narrow != wide else set()
        if long or cut:
            wrong[" ".join(command)] = (long, cut)
    assert wrong == {}
    assert sum(map(len, narrow_ones)) > 1_000
