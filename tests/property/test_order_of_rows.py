"""Whatever the order of a table's rows: the same description is made of it, and the same findings, keys and words."""

from __future__ import annotations

import csv
import random
from collections import Counter
from pathlib import Path

import pytest

from kvqa_audit.pipeline.audit import run_audit
from kvqa_audit.pipeline.description import description_for
from kvqa_audit.pipeline.options import AuditOptions

COLOURS = ("red", "green", "blue", "white", "Red", "red.", "re d", "gren", "red; blue", "blue; red")
Row = tuple[str, ...]
SPELT = ("Is it wet?", "is it wet?", "Is it  wet", "Is it wet\u00a0?")
HEAD = ("picture", "organ", "question", "answer", "split", "kind")


def rows(seed: int) -> list[Row]:
    """Rows with repeats, contradictions, spellings, slips, leaks, batches and images under two sources."""
    rng = random.Random(seed)
    made: list[Row] = []
    for n in range(220):
        number = rng.randrange(110)
        image, source = f"p{number}.png", ("near", "far")[(number + (n == 70)) % 2]
        early = number < 40
        said = "yes" if rng.random() < (0.95 if early else 0.3) else rng.choice(("no", "No", "none"))
        kind = rng.choice(("open",) * 40 + ("closed",) * 40 + ("opne",))
        split = rng.choice(("train", "test"))
        made.append((image, source, rng.choice(SPELT), said, split, kind))
        colour = rng.choice(COLOURS) if rng.random() < 0.15 else ("red" if said == "yes" else "blue")
        made.append((image, source, "What colour is it?", colour, split, kind))
        made.append((image, source, "How many are there?", rng.choice(("1", "2", "two", "many", "")), split, kind))
        made.append(
            (image, source, f"What stands at place {n}?", rng.choice(("a tree", "yes", "ein Baum")), split, kind)
        )
    return [*made, *rng.sample(made, 30)]


def judged(folder: Path, table: list[Row]) -> tuple[object, Counter[tuple[object, ...]]]:
    """The description of the table, and what is said of it but for row numbers."""
    with (folder / "qa.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, *table])
    found = description_for(folder / "qa.csv", None)
    run = run_audit(folder / "qa.csv", AuditOptions(found.spec, table_only=True, opened=found.opened))
    said = Counter((f.check, f.key, f.severity, f.message, f.suggestion, f.related) for f in run.findings)
    return found.spec.model_dump(), said + Counter((o.code, o.outcome, o.evaluated, o.measured) for o in run.outcomes)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[object, Counter[tuple[object, ...]]]]:
    return {seed: judged(tmp_path_factory.mktemp("table"), rows(seed)) for seed in (2, 3)}


@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("order", range(3))
def test_an_order_changes_nothing(
    first: dict[int, tuple[object, Counter[tuple[object, ...]]]],
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    order: int,
) -> None:
    shuffled = rows(seed)
    random.Random(order).shuffle(shuffled)
    description, said = judged(tmp_path_factory.mktemp("table"), shuffled)
    assert description == first[seed][0]
    assert said - first[seed][1] == Counter()
    assert first[seed][1] - said == Counter()
    assert len({code for code, *_ in said}) > 60
    assert {"KV011", "KV012", "KV013", "KV016", "KV017", "KV018", "KV350", "KV409", "KV412"} <= {
        code for code, key, *_ in said if isinstance(key, str) and len(key) == 16
    }
