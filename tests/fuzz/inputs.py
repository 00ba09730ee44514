"""A random generator and a folder come in; one hostile input of a kind, and the command that meets it, go out."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Words = list[str]
CANARY = "executed"
# What would leave a file named CANARY behind, if anything took it for code.
_CODE = (
    f"__import__('os').system('touch {CANARY}')",
    f"@__import__('pathlib').Path('{CANARY}').touch()",
    f"!!python/object/apply:os.system ['touch {CANARY}']",
    f"COPY (SELECT 1) TO '{CANARY}'",
    f"{{{{ ''.__class__.__mro__[1].__subclasses__() }}}}$(touch {CANARY})",
)
_TEXTS = (
    "", " ", "yes", "0", "-1", "1e999", "nan", "\x00", "\ufeff", "\u202e", "é", "\ud83d\ude00", "=1+1", "'", '"', "\n",
    ",", "<script>alert(1)</script>", "../../etc/passwd", "a" * 5_000, "(" * 300, "null", "!!bool x", "&a *a", *_CODE,

)  # fmt: skip


def _text(random_: random.Random) -> str:
    return "".join(random_.choice(_TEXTS) for _ in range(random_.randint(1, 3)))


def mutated(random_: random.Random, data: bytes) -> bytes:
    """The bytes with a few of them changed, taken out, doubled, or hostile words put between."""
    changed = bytearray(data)
    for _ in range(random_.randint(1, 8)):
        at = random_.randrange(len(changed) + 1)
        kind = random_.randrange(5)
        if kind == 0 and at < len(changed):
            changed[at] = random_.randrange(256)
        elif kind == 1:
            del changed[at : at + random_.randint(1, 200)]
        elif kind == 2:
            changed[at:at] = changed[at : at + random_.randint(1, 200)]
        elif kind == 3:
            changed[at:at] = _text(random_).encode("utf-8", "surrogatepass")
        else:
            del changed[at:]
    return bytes(changed)


def _mutate_file(random_: random.Random, path: Path) -> None:
    path.write_bytes(mutated(random_, path.read_bytes()))


def table(random_: random.Random, case: Case) -> Words:
    """A CSV by mutation, or of nothing but hostile cells."""
    path = case.source / "metadata.csv"
    if random_.random() < 0.6:
        _mutate_file(random_, path)
    else:
        lines = [",".join(_text(random_) for _ in range(4)) for _ in range(random_.randint(0, 9))]
        path.write_text("\n".join(["source,question,answer,img_id", *lines]), encoding="utf-8", errors="surrogatepass")
    return ["check", str(path)] if random_.random() < 0.8 else case.run("--table-only")


def description(random_: random.Random, case: Case) -> Words:
    """A file of the description: promises, rules, the catalogue, the policy."""
    path = random_.choice(sorted(case.spec.glob("*.yaml")))
    if random_.random() < 0.7:
        _mutate_file(random_, path)
    else:
        lines = path.read_text().splitlines()
        at = random_.randrange(len(lines))
        lines[at] = lines[at].partition(":")[0] + ": " + _text(random_)
        path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    return ["check", str(case.source / "metadata.csv"), "--spec", str(case.spec)]


def decisions(random_: random.Random, case: Case) -> Words:
    """A file of decisions, as YAML or CSV."""
    entry = {"key": "0" * 16, "check": "KV003", "verdict": "accepted", "reason": "x", "who": "x", "when": "2026-01-01"}
    entry[random_.choice(list(entry))] = _text(random_)
    text = json.dumps({"decisions": [entry]}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    path = case.folder / "decisions.yaml"
    path.write_bytes(mutated(random_, text) if random_.random() < 0.7 else text)
    return ["review", str(case.audit), "--decisions", str(path), "--update"]


_TYPES: tuple[Any, ...] = (
    pa.int8(), pa.uint64(), pa.float16(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("ns", "UTC"),
    pa.time64("us"), pa.duration("s"), pa.decimal128(38, 9), pa.string(), pa.large_string(), pa.binary(),
    pa.large_binary(), pa.binary(3),
    pa.list_(pa.string()), pa.struct([("bytes", pa.binary())]), pa.struct([("bytes", pa.string())]), pa.null(),
    pa.dictionary(pa.int8(), pa.string()), pa.map_(pa.string(), pa.int8()),
)  # fmt: skip


def arrow(random_: random.Random, case: Case) -> Words:
    """A Parquet file with columns of any type in any role, some of them twice."""
    names = ["source", "question", "answer", "img_id", "image"]
    columns = [pa.nulls(3, random_.choice(_TYPES)) if random_.random() < 0.5 else _filled(random_) for _ in names]
    if random_.random() < 0.2:
        names[random_.randrange(5)] = random_.choice(names)
    shutil.rmtree(case.source)
    case.source.mkdir()
    path = case.source / "a.parquet"
    pq.write_table(pa.Table.from_arrays(columns, names=names), path)
    if random_.random() < 0.3:
        _mutate_file(random_, path)
    return ["init", str(case.source), "--out", str(case.out)] if random_.random() < 0.5 else case.run("--table-only")


def _filled(random_: random.Random) -> Any:
    values = random_.choice(([1, 2, 3], ["a", "b", None], [b"\xff", b"", None], [1.5, float("nan"), None], [True] * 3))
    return pa.array(values)


def record(random_: random.Random, case: Case) -> Words:
    """An audit.json by mutation of its bytes, or of one of its values."""
    path = case.audit / "audit.json"
    if random_.random() < 0.4:
        _mutate_file(random_, path)
    else:
        told = json.loads(path.read_text())
        _change_one(random_, told)
        path.write_text(json.dumps(told))
    return [random_.choice(("gate", "gate", "report")), str(case.audit)]


def _change_one(random_: random.Random, values: Any) -> None:
    """Puts something else in the place of one value, somewhere below."""
    while True:
        keys = list(values) if isinstance(values, dict) else list(range(len(values)))
        if not keys:
            return
        key = random_.choice(keys)
        if isinstance(values[key], dict | list) and values[key] and random_.random() < 0.8:
            values = values[key]
            continue
        values[key] = random_.choice((None, 0, -1, 1e300, True, [], {}, [[]], {"a": {}}, _text(random_), 10**30))
        return


def artifact(random_: random.Random, case: Case) -> Words:
    """A Parquet file of an audit by mutation."""
    _mutate_file(random_, random_.choice(sorted(case.audit.glob("*.parquet"))))
    return ["gate", str(case.audit)]


def picture(random_: random.Random, case: Case) -> Words:
    """Pictures by mutation, and such as are links, pipes or folders."""
    for path in sorted((case.source / "images").iterdir()):
        if random_.random() < 0.7:
            _mutate_file(random_, path)
        elif random_.random() < 0.3:
            path.unlink()
            random_.choice((os.mkfifo, os.mkdir, lambda at: at.symlink_to("/dev/zero")))(path)
    return ["duplicates", str(case.source), "--mode", "exact", "--jobs", "1", "--no-cache"]


def name(random_: random.Random, case: Case) -> Words:
    """Files, the dataset and --out by names that are no UTF-8, or that a shell or a terminal would obey."""
    names = (b"caf\xe9", b"a\nb", b"\x1b[31m", b"-rf", b"$(touch executed)", b"=1", b"\xff" * 80, b"%s{}")
    chosen = os.fsdecode(random_.choice(names))
    at = case.folder / chosen
    shutil.move(case.source, at)
    return random_.choice(
        (["check", str(at / "metadata.csv")], ["init", str(at), "--out", str(case.folder / f"o{chosen}")])
    )


class Case:
    """A sound dataset, its description and a finished audit, copied into a folder for one try."""

    def __init__(self, folder: Path, sound: Path) -> None:
        self.folder = folder
        self.source, self.spec, self.audit = (folder / name for name in ("data", "spec", "audit"))
        self.out = folder / "out"
        for part in (self.source, self.spec, self.audit):
            shutil.copytree(sound / part.name, part)

    def run(self, *more: str) -> Words:
        return ["run", str(self.source), "--out", str(self.out), "--subset", "-q", "--no-cache", "--jobs", "1", *more]


# How often each is tried: a whole run costs as much as a hundred readings of a table.
KINDS: dict[Callable[[random.Random, Case], Words], int] = {
    table: 6, description: 6, decisions: 4, arrow: 2, record: 5, artifact: 3, picture: 1, name: 2,
}  # fmt: skip
