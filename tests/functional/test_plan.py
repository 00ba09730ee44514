"""`plan` tries a part of a dataset and says what all of it, or any size of it, would take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kvqa_audit.demo import DemoTruth
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.ingest.sample import sampled
from kvqa_audit.pipeline.estimate import (
    ALL_PAIRS_MAX,
    MAX_PAIRS_AN_IMAGE,
    Estimate,
    Measured,
    search_seconds,
)
from kvqa_audit.spec.load import load_spec
from tests.functional.conftest import Program

MEASURED = Measured(
    images=300,
    rows=3_000,
    start_seconds=5.0,
    image_seconds=0.01,
    row_seconds=0.001,
    pair_seconds=0.002,
    pairs=30,
    image_bytes=20_000.0,
    image_reads=1.5,
    row_bytes=200.0,
    fingerprint_bytes=5_000.0,
    memory_mb=400.0,
)


def test_it_grows_with_what_it_says() -> None:
    one, ten = Estimate(1_000, 5_000, MEASURED), Estimate(10_000, 50_000, MEASURED)
    assert ten.parts["start"] == one.parts["start"]
    for name in ("images", "rows"):
        assert ten.parts[name] == pytest.approx(10 * one.parts[name])
    assert ten.parts["search"] == pytest.approx(100 * one.parts["search"])
    assert Estimate(300, 3_000, MEASURED).pairs == MEASURED.pairs
    assert one.pairs == pytest.approx(30 * (1_000 * 999) / (300 * 299), abs=1)
    assert Estimate(10**8, 10**9, MEASURED).pairs == MAX_PAIRS_AN_IMAGE * 10**8
    assert one.bytes_read == 1_000 * 30_000 + 5_000 * 200
    assert ten.memory_mb > one.memory_mb > MEASURED.memory_mb
    assert search_seconds(100 * ALL_PAIRS_MAX) == pytest.approx(1_000 * search_seconds(ALL_PAIRS_MAX), rel=0.5)


def test_a_part_has_its_images_and_their_rows_and_no_others(drawn: tuple[Path, DemoTruth]) -> None:
    dataset = open_dataset(str(drawn[0]), load_spec())
    part = sampled(dataset, 10, 0)
    ids = [img_id for shard in part.shards for img_id in shard.ids]
    assert len(ids) == len(set(ids)) == 10
    assert [raw.img_id for shard in part.shards for raw in shard.read()] == ids
    assert set(part.table.frame["img_id"]) <= set(ids)
    expected = dataset.table.frame[dataset.table.frame["img_id"].isin(ids)]
    assert part.table.frame.to_numpy().tolist() == expected.to_numpy().tolist()
    assert sampled(dataset, 10**6, 0).table.frame.shape[0] <= len(dataset.table.frame)
    assert len(sampled(replace(dataset, shards=()), 10, 7).table.frame) == 7


def test_a_plan_fits_eighty_columns_and_names_sizes_and_assumptions(
    drawn: tuple[Path, DemoTruth], program: Program, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    monkeypatch.setitem(variables, "COLUMNS", "80")
    done = program("plan", drawn[0], "--spec", "auto", "--images", "1000000", "-q")
    assert done.returncode == 0, done.stderr
    assert "1,000,000 images and 11," in done.stdout
    for words in ("tried here: 51 images", "processor hours", "bytes read", "memory", "candidate pairs", "Assumptions"):
        assert words in done.stdout
    longest = max(done.stdout.splitlines(), key=len)
    assert len(longest) <= 80 or str(drawn[0]) in longest, longest


def test_what_cannot_be_planned_is_told(program: Program, tmp_path: Path) -> None:
    assert program("plan", tmp_path / "nowhere").returncode == 2
    assert program("plan", tmp_path, "--images", "-1").returncode == 2
