"""Smeared text cannot be seen any more, the rest of the picture can, and doubt smears more rather than less."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from written import jpeg, tissue, written

from kvqa_audit.images.decode import decode
from kvqa_audit.overlays.detection import Detection, Region
from kvqa_audit.privacy.blur import blurred, places_to_smear, smear_text


def letters(picture: Image.Image | bytes) -> float:
    """The steepest step of brightness in the left upper part, where the lines stand."""
    opened = Image.open(io.BytesIO(picture)) if isinstance(picture, bytes) else picture
    grey = np.asarray(opened.convert("L")).astype(int)
    part = grey[: int(0.6 * len(grey)), : int(0.3 * grey.shape[1])]
    return float(np.percentile(np.abs(np.diff(part, axis=1)), 99))


def test_letters_are_gone_from_the_thumbnail_and_only_with_the_option() -> None:
    data = jpeg(written())
    plain, smeared = decode(data, 400).colour, blurred(data, 240)
    assert plain is not None
    assert smeared is not None
    assert letters(plain) > 30
    assert letters(smeared) < 12
    assert smeared.size == plain.size


def test_what_lies_far_from_the_text_stays_as_it_was() -> None:
    picture = written()
    smeared = smear_text(picture, Detection(0.9, (Region(0.01, 0.3, 0.15, 0.2),)))
    assert np.array_equal(np.asarray(picture)[:, 210:], np.asarray(smeared)[:, 210:])
    assert letters(picture) > 60
    assert letters(smeared) <= letters(tissue()) + 1


def test_lines_that_were_missed_beside_others_are_smeared_too() -> None:
    picture = written()
    last = (Region(0.01, 0.43, 0.15, 0.03),)
    assert letters(smear_text(picture, Detection(0.6, last))) <= letters(tissue()) + 1


@pytest.mark.parametrize(
    ("seen", "share"),
    [
        (Detection(0.0), 0.0),
        (Detection(0.2), 0.45),
        (Detection(0.9, (Region(0.0, 0.3, 0.1, 0.05),)), 0.33),
        (Detection(0.9, (Region(0.0, 0.3, 0.4, 0.05),)), 0.46),
        (Detection(0.49, (Region(0.0, 0.3, 0.1, 0.05),)), 0.45),
        (Detection(0.9, (Region(0.7, 0.5, 0.1, 0.05),)), 0.0),
    ],
)
def test_the_left_part_is_smeared_as_a_whole_and_wider_where_the_detector_is_not_sure(
    seen: Detection, share: float
) -> None:
    whole = [right for left, top, right, bottom in places_to_smear(seen) if (left, top, bottom) == (0.0, 0.0, 1.0)]
    assert max(whole, default=0.0) == pytest.approx(share)


def test_places_stay_inside_the_picture() -> None:
    regions = (Region(0.0, 0.0, 1.0, 1.0), Region(0.95, 0.97, 0.05, 0.03), Region(0.0, 0.98, 0.1, 0.02))
    for box in places_to_smear(Detection(1.0, regions)):
        assert all(0.0 <= edge <= 1.0 for edge in box)
    smear_text(tissue(size=(3, 2)), Detection(1.0, regions))


@pytest.mark.parametrize("data", [b"", b"plain text", jpeg(tissue())[:300]])
def test_bad_bytes_give_no_picture(data: bytes) -> None:
    assert blurred(data, 240) is None
