"""A random generator and a case come in; a hostile table in the case, and the command that reads it, go out."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz.accounts import rows_are_accounted_for
from tests.fuzz.case import Case, Try
from tests.fuzz.texts import mutate_file, text

ROLES = ("source", "question", "answer", "img_id")


def table(random_: random.Random, case: Case) -> Try:
    """A CSV by mutation, or of nothing but hostile cells."""
    if random_.random() < 0.7:
        mutate_file(random_, case.table)
    else:
        lines = [",".join(text(random_) for _ in ROLES) for _ in range(random_.randint(0, 9))]
        case.table.write_text("\n".join([",".join(ROLES), *lines]), encoding="utf-8", errors="surrogatepass")
    if random_.random() < 0.6:
        return Try(["check", str(case.table)])
    return Try(case.run_of_rows(), (case.out,), accounts=rows_are_accounted_for)


def quotes(random_: random.Random, case: Case) -> Try:
    """A CSV with quotes where they do not belong, and cells of several lines where they do."""
    rows = list(csv.reader(case.table.read_text().splitlines()))
    for row in random_.sample(rows[1:], 8):
        at = random_.randrange(4)
        row[at] = random_.choice((f"{row[at]}\n{row[at]}", f"{row[at]}, and", f'say "{row[at]}"', "a\r\nb,c,d\n"))
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(rows)
    lines = written.getvalue().splitlines(keepends=True)
    for _ in range(random_.randint(0, 3)):
        at = random_.randrange(1, len(lines))
        place = random_.choice([0, len(lines[at]) - 1, *(i + 1 for i, c in enumerate(lines[at]) if c == ",")])
        lines[at] = f'{lines[at][:place]}"{lines[at][place:]}'
    case.table.write_text("".join(lines), newline="")
    return Try(case.run_of_rows(), (case.out,), accounts=rows_are_accounted_for)


def other_format(random_: random.Random, case: Case) -> Try:
    """The table as JSON, JSON Lines, tabs, pipes or semicolons, with hostile values, or by mutation."""
    rows: list[dict[str, Any]] = list(csv.DictReader(case.table.read_text().splitlines()))
    case.table.unlink()
    name = random_.choice(("a.json", "a.jsonl", "a.tsv", "a.psv", "a.csv"))
    for row in random_.sample(rows, 4):
        values = (text(random_), None, 1e308, [], {}, [{"answer": "x"}], {"a": 1}, [[["x"]]], True, 10**40)
        row[random_.choice(ROLES)] = random_.choice(values) if "json" in name else text(random_)
    if name.endswith("json"):
        content = json.dumps(random_.choice((rows, {"data": rows}, {"train": rows, "test": rows[:3]}, [rows])))
    elif name.endswith("jsonl"):
        content = "\n".join(json.dumps(row) for row in rows)
    else:
        written = io.StringIO(newline="")
        mark = {"tsv": "\t", "psv": "|", "csv": ";"}[name[-3:]]
        writer = csv.DictWriter(written, ROLES, delimiter=mark, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        content = written.getvalue()
    path = case.source / name
    path.write_text(content, encoding="utf-8", errors="surrogatepass")
    if random_.random() < 0.5:
        mutate_file(random_, path)
    if random_.random() < 0.3:
        return Try(["init", str(case.source), "--out", str(case.out)], (case.out,))
    return Try(case.run("--table-only"), (case.out,))


_TYPES: tuple[Any, ...] = (
    pa.int8(), pa.uint64(), pa.float16(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("ns", "UTC"),
    pa.timestamp("s", "Nowhere/City"), pa.time64("us"), pa.duration("s"), pa.decimal128(38, 9), pa.string(),
    pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(3),
    pa.list_(pa.string()), pa.large_list(pa.binary()), pa.list_(pa.int8(), 2), pa.struct([("bytes", pa.binary())]),
    pa.struct([("bytes", pa.string())]), pa.struct([("bytes", pa.large_binary()), ("path", pa.int8())]),
    pa.struct([("path", pa.string())]), pa.null(), pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.int8(), pa.binary()), pa.map_(pa.string(), pa.int8()),
)  # fmt: skip


def arrow(random_: random.Random, case: Case) -> Try:
    """A Parquet file with columns of any type in any role, some of them twice."""
    data = any_table(random_, case)
    shutil.rmtree(case.source)
    case.source.mkdir()
    path = case.source / "a.parquet"
    pq.write_table(data, path)
    if random_.random() < 0.3:
        mutate_file(random_, path)
    if random_.random() < 0.3:
        return Try(["init", str(case.source), "--out", str(case.out)], (case.out,))
    return Try(case.run(*(["--table-only"] if random_.random() < 0.5 else [])), (case.out,))


def any_table(random_: random.Random, case: Case) -> pa.Table:
    """Three rows of questions, answers and pictures, each of any type, some columns twice."""
    names = [*ROLES, "image"]
    columns = [pa.nulls(3, random_.choice(_TYPES)) if random_.random() < 0.4 else _filled(random_) for _ in names]
    if random_.random() < 0.2:
        names[random_.randrange(5)] = random_.choice(names)
    if random_.random() < 0.5:
        columns[-1] = _pictures(random_, next(case.images.iterdir()).read_bytes())
    return pa.Table.from_arrays(columns, names=names)


def _filled(random_: random.Random) -> Any:
    values = random_.choice(
        ([1, 2, 3], ["a", "b", None], [b"\xff", b"", None], [1.5, float("nan"), None], [True] * 3, [["a"], [], None])
    )
    array = pa.array(values)
    if random_.random() < 0.3 and pa.types.is_string(array.type):
        return array.cast(random_.choice((pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary())))
    return array


def _pictures(random_: random.Random, picture: bytes) -> Any:
    kind = random_.choice((pa.binary(), pa.large_binary(), pa.binary_view(), pa.string()))
    content = [picture, picture[:500], None] if kind != pa.string() else ["a.jpg", "../x.jpg", None]
    if random_.random() < 0.5:
        return pa.array(content, kind)
    rows = [{"bytes": one, "path": random_.choice(("a.jpg", "../../x", "", None))} for one in content]
    return pa.array(rows, pa.struct([("bytes", kind), ("path", pa.string())]))


def odd_file(random_: random.Random, case: Case) -> Try:
    """A link, a pipe, a folder or a device where a file of the dataset, the description or the audit should be."""
    from tests.fuzz.places import put_something_odd

    path, words = random_.choice(
        (
            (case.table, ["check", str(case.table)]),
            (case.table, case.run("--table-only")),
            (case.source / "decisions.yaml", case.run("--table-only")),
            (case.source / "decisions.yaml", ["gate", str(case.audit)]),
            (case.spec / "rules.yaml", case.run_of_rows()),
            (case.spec / "dataset.yaml", case.run_of_rows()),
            (case.audit / "audit.json", ["gate", str(case.audit)]),
            (case.audit / "findings.parquet", ["report", str(case.audit)]),
            (case.audit / "audit.json", ["index", str(case.folder), "--out", str(case.out / "index.html")]),
            (case.store, ["runs", "--store", str(case.store)]),
            (case.cache, case.run("--table-only")),
            (case.images, ["duplicates", str(case.source), "--mode", "exact", "-j", "1"]),
        )
    )
    put_something_odd(random_, path, case)
    return Try(words, (case.out, *([case.audit / "report.html"] if words[0] == "report" else [])))
