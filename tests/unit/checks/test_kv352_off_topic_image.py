"""An image that looks unlike the others of its source is told: far off as a warning, less far as a hint."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kvqa_audit.answers.off_topic import OffTopic, OffTopicImage
from kvqa_audit.answers.suspicion import Suspicion
from kvqa_audit.checks.kv352_off_topic_image import off_topic_image
from kvqa_audit.checks.runner import run_check
from kvqa_audit.model import OutcomeStatus, Severity


@pytest.mark.fires("KV352")
def test_an_odd_image_is_told_with_how_far_it_lies_off() -> None:
    odd = (OffTopicImage("chart", "Frames", 7.25), OffTopicImage("dark", "", 3.6))
    evidence: Any = SimpleNamespace(suspicion=Suspicion(off_topic=OffTopic(60, odd)), absent={})
    outcome, findings = run_check(off_topic_image, evidence)
    assert (outcome.evaluated, outcome.outcome) == (60, OutcomeStatus.FAILED)
    assert [(f.img_id, f.score, f.severity) for f in findings] == [
        ("chart", 7.25, Severity.WARNING),
        ("dark", 3.6, Severity.INFO),
    ]
    assert "the other pictures of 'Frames': it lies 7.2 deviations" in findings[0].message
    assert "the other pictures of the dataset" in findings[1].message


def test_nothing_is_judged_where_there_are_few_images() -> None:
    evidence: Any = SimpleNamespace(suspicion=Suspicion(), absent={})
    outcome, findings = run_check(off_topic_image, evidence)
    assert (outcome.outcome, findings) == (OutcomeStatus.VACUOUS, ())
