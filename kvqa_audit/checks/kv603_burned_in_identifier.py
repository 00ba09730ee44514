"""What could be read in each picture comes in; a defect for every picture that may identify somebody goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity

if TYPE_CHECKING:
    from kvqa_audit.privacy.burned_in_stage import BurnedIn

_WORDS = {"date": "a date", "time": "a time", "number": "a number like an id", "name": "a name"}
_WORST = {"name": 1.0, "number": 0.9, "date": 0.6, "time": 0.3}
_ERRORS = ("name", "number")


@check("KV603", Severity.WARNING, needs=("images", "ocr"), unit="images")
def burned_in_identifier(evidence: Evidence) -> Checked:
    """A date, a time, a number or a name can be read in the picture.

    Why: text that a device wrote into the picture goes wherever the picture goes, and the day of an examination can
    lead to a person. All pictures are searched for text, and what is found is read (RapidOCR, on this machine); kept
    are the kinds and their places, never the text. Reading errs: short remains of a date at the edge may be missed.

    Fix: blot the places out (`boxes`, in shares of the picture), or crop them away; `--blur-text` smears text in the
    pictures of the report alone.
    """
    defects = [_defect(one) for one in evidence.burned_in if one.categories or one.problem is not None]
    defects.sort(key=lambda defect: -(defect.score or 0.0))
    return Checked(len(evidence.burned_in), defects)


def _defect(one: BurnedIn) -> Defect:
    if one.problem is not None:
        return Defect(
            f"could not be searched for text ({one.problem.replace('_', ' ')})",
            img_id=one.img_id,
            evidence={"categories": [], "boxes": [], "problem": one.problem},
            suggestion="Look whether text can be read in it",
        )
    words = ", ".join(_WORDS[kind] for kind in one.categories)
    places = f"{len(one.regions)} place{'s' * (len(one.regions) != 1)}"
    return Defect(
        f"can be read in the picture: {words} ({places})",
        img_id=one.img_id,
        score=max(_WORST[kind] for kind in one.categories),
        evidence={"categories": list(one.categories), "boxes": [region.as_json() for region in one.regions]},
        suggestion="Blot these places out, or crop them away",
        severity=Severity.ERROR if set(_ERRORS).intersection(one.categories) else None,
    )
