"""Moments and a seed come in; commands that write are killed then and called again, and what differs goes out.

`python -m tests.fuzz.kill_matrix --moments 20 --seed 1` from the project's folder.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import os
import random
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
from pyarrow.csv import read_csv

from kvqa_audit.artifacts.fingerprint_files import ENDING
from kvqa_audit.ingest.image_folder import FILES_PER_SHARD
from kvqa_audit.release.decisions import Decision, DecisionVerdict
from kvqa_audit.release.review import merged
from tests.fuzz import process
from tests.fuzz.case import Case, draw_sound_case
from tests.fuzz.process import Outcome
from tests.lookalikes import jpeg

# What differs between two runs that came to the same.
_OF_THE_RUN = ("run_id", "started_at", "finished_at", "stages", "files", "tool")
_ENDS = {".html": b"</html>", ".svg": b"</svg>", ".xml": b"</testsuites>", ".sarif": b"}"}
_PICTURES = 4 * FILES_PER_SHARD + 1
Words = Callable[[Path], list[str]]
COMMANDS: dict[str, Words] = {
    "run": lambda at: ["run", f"{at}/data", "--out", f"{at}/out", "--subset", "-j", "1", "--also", "badge"],
    "run over an audit": lambda at: ["run", f"{at}/data", "--out", f"{at}/audit", "--subset", "--table-only"],
    "fix": lambda at: ["fix", f"{at}/data", "--out", f"{at}/fixed", "--subset", "--table-only"],
    "demo": lambda at: ["demo", "--out", f"{at}/demo", "-j", "1"],
    "init": lambda at: ["init", f"{at}/data", "--out", f"{at}/described"],
    "export": lambda at: ["export", f"{at}/audit", "--croissant", f"{at}/c.json", "--card", f"{at}/README.md"],
    "review": lambda at: [
        "review", f"{at}/audit", "--decisions", f"{at}/decisions.yaml", "--update", "--add", "accepted", "--reason",
        "x", "--who", "me", "--yes",
    ],
    "gate": lambda at: ["gate", f"{at}/audit", "--also", "junit,sarif,summary,badge"],
    "index": lambda at: ["index", f"{at}", "--out", f"{at}/list.html"],
    "report": lambda at: ["report", f"{at}/audit", "--out", f"{at}/page.html", "--pages"],
    "report over a report": lambda at: ["report", f"{at}/audit", "--no-images"],
    "compare": lambda at: ["compare", f"{at}/audit", f"{at}/audit", "--out", f"{at}/changes.html"],
    "cache": lambda at: ["cache", "--prune-days", "0"],
    "run into a store": lambda at: [
        "run", f"{at}/data", "--out", f"{at}/out", "--subset", "--table-only", "--store", f"{at}/runs.db",
    ],
    "duplicates": lambda at: ["duplicates", f"{at}/data", "--out", f"{at}/pairs", "-j", "1"],
    "duplicates by way of files": lambda at: [
        "duplicates", f"{at}/pictures", "--out", f"{at}/pairs", "--shards", f"{at}/shards", "-j", "2",
    ],
    "check in parts": lambda at: [
        "check", f"{at}/rows.parquet", "--in-parts", f"{at}/parts", "-j", "1", "--spec", f"{at}/spec",
    ],
    "merge": lambda at: ["merge", f"{at}/base.yaml", f"{at}/ours.yaml", f"{at}/theirs.yaml"],
    "serve backup": lambda at: ["serve", "backup", f"{at}/again.tar.gz", "--data", f"{at}/service"],
    "serve restore": lambda at: ["serve", "restore", f"{at}/service.tar.gz", "--data", f"{at}/restored"],
}  # fmt: skip


def state(folder: Path) -> dict[str, str]:
    """The digest of each file below a folder, without what tells of the run and not of its result."""
    digests = {
        str(path.relative_to(folder)): hashlib.sha256(_result(path, folder)).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {"cache", "tmp"}.intersection(path.relative_to(folder).parts)
    }
    # Their names hang on the inodes of the pictures, which each copy of the case has of its own.
    shards = sorted(name for name in digests if name.endswith(ENDING))
    of_shards = sorted(digests.pop(name) for name in shards)
    return {**digests, **{f"shard {number}": digest for number, digest in enumerate(of_shards)}}


def _result(path: Path, folder: Path) -> bytes:
    content = path.read_bytes().replace(os.fsencode(folder), b"AT")
    if path.suffix == ".gz":
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            content = json.dumps(tar.getnames()).encode()
    elif path.suffix == ".parquet" and path.parent.name == "findings":
        # What a part tells of itself beside its rows are seconds, too.
        content = json.dumps(pq.read_table(path).to_pylist()).encode()
    elif path.suffix in _ENDS:
        content = b"whole" if content.rstrip().endswith(_ENDS[path.suffix]) else b"cut off"
    elif path.suffix == ".db":
        content = _told_by_store(path)
    elif path.name in ("audit.json", "c.json"):
        told = {name: value for name, value in json.loads(content).items() if name not in _OF_THE_RUN}
        # What the killed run had put into the cache is not read again.
        told.get("metrics", {}).pop("images_from_cache", None)
        for check in told.get("checks", ()):
            check.pop("seconds", None)
        content = b"" if path.name == "c.json" else json.dumps(told, sort_keys=True).encode()
    elif path.name == "README.md":
        content = b""
    elif path.suffix == ".csv":
        content = json.dumps(list(csv.reader(content.decode("utf-8", "replace").splitlines()))).encode()
    return content


def _told_by_store(path: Path) -> bytes:
    """Whether the store is sound, holds a run that was done, and none that nobody is at work on any more."""
    with sqlite3.connect(path) as connection:
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
        states = {state for (state,) in connection.execute("SELECT state FROM runs")}
    connection.close()
    # Whether the killed run had begun depends on the moment.
    return f"{sound}, {sorted(states - {'lost'})}".encode()


def prepare(at: Path) -> None:
    """Puts beside a sound case what some commands begin with.

    That is a large table, pictures of several tasks with some twice, decisions of two people, and a service.
    """
    (at / "pictures").mkdir()
    for number in range(_PICTURES):
        (at / "pictures" / f"{number:03}.jpg").write_bytes(jpeg(number % (_PICTURES - 9)))
    pq.write_table(read_csv(at / "data" / "metadata.csv"), at / "rows.parquet")
    decided = [
        Decision(f"{number:016x}", "KV350", DecisionVerdict.ACCEPTED, "x", "me", date(2031, 1, 2))
        for number in range(3)
    ]
    for name, numbers in (("base", (0,)), ("ours", (0, 1)), ("theirs", (0, 2))):
        merged(at / f"{name}.yaml", [decided[number] for number in numbers])
    for words in (["admin"], ["backup", f"{at}/service.tar.gz"]):
        done = called(["serve", *words, "--data", f"{at}/service"], at)
        assert done.code == 0, done.said


def called(words: list[str], at: Path, most_seconds: float = process.MAX_SECONDS) -> Outcome:
    """Calls a command, and kills it after so many seconds, if it has not ended by then."""
    environment = {**Case(at).environment(), "KVQA_AUDIT_STORE": None}
    return process.called(words, at / "cwd", environment, most_seconds=most_seconds)


def fresh(sound: Path, at: Path, name: str) -> None:
    shutil.rmtree(at, ignore_errors=True)
    shutil.copytree(sound, at)
    # Pictures as young as a tick of the clock are not known again.
    time.sleep(0.05)
    if name != "cache":
        shutil.rmtree(at / "cache")


def broken_promises(name: str, sound: Path, place: Path, random_: random.Random, moments: int) -> list[str]:
    """Kills one command at moments all over its work, calls it again, and says what is not as without."""
    words, at, found = COMMANDS[name], place / "at", []
    fresh(sound, at, name)
    whole = called(words(at), at)
    wanted = state(at)
    if whole.code not in (0, 1):
        return [f"exit code {whole.code}: {whole.said}"]
    for number in range(moments):
        moment = (number + random_.random()) * whole.seconds / moments
        fresh(sound, at, name)
        left = called(words(at), at, moment).left
        again = called(words(at), at)
        # What was finished before the kill, such as a copy, a description or a backup, is not written over.
        done_before = again.code == 2 and "name a new" in again.said
        differs = sorted({name for name, _ in state(at).items() ^ wanted.items()})
        if (again.code != whole.code and not done_before) or differs or left or again.left or list(at.rglob(".*.part")):
            found.append(
                f"killed after {moment:.2f} s of {whole.seconds:.2f}: {left} processes left, then exit {again.code}, "
                f"differs in {differs}; {again.said}"
            )
    shutil.rmtree(at)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=COMMANDS)
    asked = parser.parse_args()
    process.adopt_orphans()
    process.import_engines()
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound"
        draw_sound_case(sound, Path.cwd())
        prepare(sound)
        # The audit and its source have to stand where each try has them.
        for name in COMMANDS:
            if asked.only in (None, name):
                random_ = random.Random(f"{asked.seed} {name}")
                found = broken_promises(name, sound, Path(folder), random_, asked.moments)
                broken += len(found)
                sys.stdout.write(f"{name}: {asked.moments} kills, {len(found)} violations\n" + "\n".join([*found, ""]))
                sys.stdout.flush()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
