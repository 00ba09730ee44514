"""A picture in two splits is an error, whether by id, by bytes or nearly; without splits nothing is said."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kvqa_audit.checks.base import Check
from kvqa_audit.checks.kv409_split_leak_by_id import split_leak_by_id
from kvqa_audit.checks.kv410_split_leak_by_identical_picture import split_leak_by_identical_picture
from kvqa_audit.checks.kv411_split_leak_by_near_duplicate import split_leak_by_near_duplicate
from kvqa_audit.checks.runner import run_check
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.model import DuplicatePair, OutcomeStatus, Severity, Tier
from kvqa_audit.pipeline.evidence import collect_evidence
from kvqa_audit.pipeline.run_record import metrics_of
from kvqa_audit.progress import Clock
from kvqa_audit.spec.load import load_spec

BY_TIER = {
    Tier.IDENTICAL_BYTES: (split_leak_by_identical_picture, Severity.ERROR),
    Tier.IDENTICAL_PIXELS: (split_leak_by_identical_picture, Severity.ERROR),
    Tier.RE_ENCODE: (split_leak_by_near_duplicate, Severity.ERROR),
    Tier.NEAR: (split_leak_by_near_duplicate, Severity.ERROR),
    Tier.NEAR_FRAME: (split_leak_by_near_duplicate, Severity.WARNING),
}


def evidence(splits: dict[str, list[str]], *tiers: Tier) -> Any:
    """Image → the splits of its rows; images a and b are verified pairs of these tiers."""
    rows = [(img_id, split) for img_id, names in splits.items() for split in names]
    frame = pd.DataFrame({"img_id": [img_id for img_id, _ in rows]}, dtype=str)
    table = SimpleNamespace(frame=frame, splits=tuple(split for _, split in rows))
    pairs = tuple(DuplicatePair("a", "b", tier, 6, 0.97, "identity", "a") for tier in tiers)
    return SimpleNamespace(table=table, pairs=pairs, fingerprints=("a", "b", "c"), absent={})


def test_kv409_names_the_image_with_rows_in_two_splits() -> None:
    outcome, (finding,) = run_check(split_leak_by_id, evidence({"a": ["train", "test", "train"], "b": ["test"]}))
    assert (finding.img_id, finding.severity, outcome.evaluated) == ("a", Severity.ERROR, 2)
    assert finding.evidence["splits"] == ["test", "train"]


@pytest.mark.parametrize(
    "tier",
    [
        pytest.param(Tier.IDENTICAL_BYTES, marks=pytest.mark.fires("KV410")),
        pytest.param(Tier.IDENTICAL_PIXELS, marks=pytest.mark.fires("KV410")),
        pytest.param(Tier.RE_ENCODE, marks=pytest.mark.fires("KV411")),
        pytest.param(Tier.NEAR, marks=pytest.mark.fires("KV411")),
        pytest.param(Tier.NEAR_FRAME, marks=pytest.mark.fires("KV411")),
    ],
)
def test_a_pair_over_two_splits_is_told_by_the_check_of_its_tier_only(tier: Tier) -> None:
    for check in (split_leak_by_identical_picture, split_leak_by_near_duplicate):
        outcome, findings = run_check(check, evidence({"a": ["train"], "b": ["test"]}, tier))
        expected, severity = BY_TIER[tier]
        if check is not expected:
            assert (outcome.outcome, outcome.evaluated) == (OutcomeStatus.PASSED, 3)
            continue
        (finding,) = findings
        assert (finding.related, finding.severity) == (("a", "b"), severity)
        assert finding.evidence["splits"] == [["train"], ["test"]]


@pytest.mark.parametrize("splits", [{"a": ["train"], "b": ["train"]}, {"a": ["train"], "b": [""]}, {"a": ["train"]}])
def test_a_pair_within_one_split_is_no_leak(splits: dict[str, list[str]]) -> None:
    assert run_check(split_leak_by_near_duplicate, evidence(splits, Tier.NEAR))[1] == ()


@pytest.mark.parametrize(
    "check", [split_leak_by_id, split_leak_by_identical_picture, split_leak_by_near_duplicate], ids=lambda c: c.code
)
def test_without_splits_it_is_skipped_with_the_reason(check: Check) -> None:
    nothing = evidence({"a": [""]})
    nothing.absent["splits"] = "the dataset has no splits"
    outcome, _ = run_check(check, nothing)
    assert (outcome.outcome, outcome.reason) == (OutcomeStatus.SKIPPED, "the dataset has no splits")


@pytest.mark.fires("KV409")
def test_a_tables_column_of_splits_reaches_the_check_and_splits_are_proposed(tmp_path: Path) -> None:
    rows = "Polyps,Is there text?,no,a,train\nPolyps,Is there text?,no,b,test\nPolyps,Is there text?,no,a,test\n"
    (tmp_path / "metadata.csv").write_text("source,question,answer,img_id,split\n" + rows, encoding="utf-8")
    spec = load_spec()
    dataset = open_dataset(str(tmp_path), spec, table_only=True)
    assert not dataset.table.faults
    with LocalPool(1) as pool:
        collected = collect_evidence(dataset, spec, subset=True, pool=pool, caches=None, clock=Clock())
    outcome, (finding,) = run_check(split_leak_by_id, collected.evidence)
    assert (finding.img_id, outcome.evaluated) == ("a", 2)
    assert metrics_of(collected)["splits"] == {"train": 1, "test": 2}
    assert collected.evidence.study.split_proposal is not None
    assert set(collected.evidence.study.split_proposal.split_of) == {"a", "b"}
