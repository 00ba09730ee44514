"""Facts about an image come in; the words in which a finding gives them as reasons go out."""

from __future__ import annotations

from kvqa_audit.answers.context import Fact
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
