"""An image under a wrong source is told, with what speaks against it; nothing is said where nothing does."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kvqa_audit.answers.suspicion import Suspicion, rank_suspicious_answers
from kvqa_audit.checks.kv351_suspicious_source import suspicious_source
from kvqa_audit.checks.runner import run_check
from kvqa_audit.model import CheckOutcome, Finding, OutcomeStatus, Severity
from kvqa_audit.spec.load import load_spec

SPEC = load_spec()
KINDS = {"Polyps": ("polyp", "colonoscopy"), "Esophagitis": ("oesophagitis", "gastroscopy")}


def table(
    images: int = 400,
    *,
    moved: dict[int, str] | None = None,
    sources: tuple[str, ...] = tuple(KINDS),
    odd_share: float = 0.0,
) -> pd.DataFrame:
    """Images of two sources in turn, answered as their source has it but for a share of them; some moved."""
    chance = random.Random(6)
    rows = []
    for number in range(images):
        source = sources[number % len(sources)]
        finding, procedure = KINDS[source if chance.random() >= odd_share else chance.choice(list(KINDS))]
        for name, answer in (("abn", finding), ("procedure", procedure)):
            stands_under = (moved or {}).get(number, source)
            rows.append((stands_under, SPEC.question_by_name[name].text, answer, f"img{number:03}"))
    return pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)


def run(suspicion: Suspicion) -> tuple[CheckOutcome, tuple[Finding, ...]]:
    evidence: Any = SimpleNamespace(spec=SPEC, suspicion=suspicion, absent={}, table=SimpleNamespace(frame=table(2)))
    return run_check(suspicious_source, evidence)


@pytest.mark.fires("KV351")
def test_a_moved_image_is_told_with_its_reasons() -> None:
    outcome, findings = run(rank_suspicious_answers(table(moved={4: "Esophagitis"}), SPEC))
    first = findings[0]
    assert (first.img_id, first.evidence["source"], first.evidence["expected"]) == ("img004", "Esophagitis", "Polyps")
    assert first.message.startswith("The image stands under 'Esophagitis'; what is known of it (")
    assert "'colonoscopy'" in first.message
    assert outcome.evaluated == 400
    assert first.suggestion is not None
    assert "make its source 'Polyps'" in first.suggestion


def test_where_every_second_planted_one_is_found_it_is_a_warning() -> None:
    found = rank_suspicious_answers(table(2500, moved={4: "Esophagitis"}), SPEC)
    assert found.source_self_test is not None
    bound = found.source_self_test.warning_from
    assert bound is not None
    _, findings = run(found)
    assert "img004" in {finding.img_id for finding in findings if finding.severity is Severity.WARNING}
    assert {finding.severity for finding in findings if (finding.score or 0) < bound} <= {Severity.INFO}


@pytest.mark.parametrize("sources", [("Polyps",), ("Polyps",) * 29 + ("Esophagitis",)], ids=["one", "a small one"])
def test_nothing_is_judged_where_nobody_knows_what_is_usual(sources) -> None:
    outcome, findings = run(rank_suspicious_answers(table(sources=sources), SPEC))
    assert (outcome.outcome, findings) == (OutcomeStatus.VACUOUS, ())


def test_images_without_a_source_are_not_judged() -> None:
    frame = table()
    frame.loc[frame["source"] == "Esophagitis", "source"] = ""
    assert rank_suspicious_answers(frame, SPEC).images_with_judged_source == 0


def test_an_image_that_fits_its_source_is_not_told() -> None:
    frame = table(odd_share=0.02)
    answered_otherwise = {row.img_id for row in frame.itertuples() if row.answer not in KINDS[str(row.source)]}
    assert answered_otherwise
    assert {suspect.img_id for suspect in rank_suspicious_answers(frame, SPEC).sources} <= answered_otherwise
