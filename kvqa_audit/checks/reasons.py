"""What speaks against an answer comes in; the words, the evidence and the severity of a finding about it go out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kvqa_audit.answers.context import Fact
from kvqa_audit.answers.self_test import SelfTest
from kvqa_audit.model import Severity
from kvqa_audit.spec.dataset_spec import DatasetSpec

_LONGEST = 120


def in_words(fact: Fact, spec: DatasetSpec) -> str:
    """What is known, as a clause."""
    question = spec.question_by_name[fact.question].text if fact.question else ""
    value = quoted(fact.value)
    return {
        "answer": f"{question!r} is answered {value}",
        "whole": f"{question!r} is answered {value}",
        "number": f"{question!r} has {fact.value} answer{'s' if fact.value != '1' else ''}",
        "asked": f"{question!r} is asked",
        "source": f"its source is {value}",
        "picture": f"its picture shows {fact.value}",
        "looks": "pictures that look like it are answered otherwise",
        "beside": f"the images next to it by id say {value}",
    }[fact.kind]


def quoted(text: str) -> str:
    """A text in quotes, cut where it is very long."""
    return repr(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def severity_of(score: float, tested: SelfTest | None) -> Severity:
    """A warning where at least every second finding with such a score was a planted error, else a hint."""
    precise = tested is not None and tested.warning_from is not None and score >= tested.warning_from
    return Severity.WARNING if precise else Severity.INFO


def look_of(picture: tuple[str, float] | None, nearest: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What the picture says by itself, and the pictures that look most like it with what is said of them."""
    found: dict[str, Any] = {}
    if picture is not None:
        found["picture"] = {"answer": picture[0], "probability": picture[1]}
    if alike := [{"img_id": img_id, "answer": answer} for img_id, answer in nearest]:
        found["nearest"] = alike
    return found
