"""The description's section on pixel evidence names questions and answers that exist, or is an error."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_spec


def described(**section: Any) -> DatasetSpec:
    return DatasetSpec.model_validate({**load_spec().model_dump(), "pixel_evidence": section})


def test_shipped_description_names_both_detectors_and_the_colours() -> None:
    assert set(load_spec().pixel_evidence.answers_by_question) == {"box", "text", "abn_colour", "landmark_colour"}


def test_no_section_names_nothing() -> None:
    assert described().pixel_evidence.answers_by_question == {}


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"box": {"question": "boxes"}}, "names the question 'boxes'"),
        ({"text": {"question": "text", "yes": "certainly"}}, "'certainly' is no answer to the question 'text'"),
        ({"text": {"question": "n_polyps"}}, "'yes' is no answer to the question 'n_polyps'"),
        ({"colours": {"questions": ["abn_colour"], "hues": {"teal": "blue"}}}, "'teal' is no answer"),
        ({"colours": {"questions": ["abn_colour"], "hues": {"red": "red"}}}, "'blue', 'green' or 'yellow'"),
    ],
)
def test_mistakes_are_named(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        described(**section)
