"""Names that the audit uses inside come in; the plain words that the page says instead go out."""

from __future__ import annotations

from collections.abc import Mapping

from kvqa_audit.model import OutcomeStatus, Tier

OUTCOME_WORDS: Mapping[OutcomeStatus, str] = {
    OutcomeStatus.PASSED: "passed",
    OutcomeStatus.FAILED: "found defects",
    OutcomeStatus.SKIPPED: "not checked",
    OutcomeStatus.ERRORED: "check crashed",
    OutcomeStatus.VACUOUS: "nothing to judge",
}
TIER_WORDS: Mapping[Tier, str] = {
    Tier.IDENTICAL_BYTES: "the same file",
    Tier.IDENTICAL_PIXELS: "the same pixels",
    Tier.RE_ENCODE: "saved anew",
    Tier.NEAR: "altered copies",
    Tier.NEAR_FRAME: "pictures of one scene",
}
_CHANGE_WORDS: Mapping[str, str] = {
    "flip-horizontal": "mirrored",
    "flip-vertical": "turned upside down and mirrored",
    "rotate-180": "turned upside down",
    "rotate-90": "turned by a quarter",
    "rotate-270": "turned by a quarter",
    "transpose": "mirrored and turned by a quarter",
    "transverse": "mirrored and turned by a quarter",
    "rotation": "rotated a little",
    "crop": "cropped",
    "padding": "given a border",
    "overlay": "drawn over",
    "light": "shown in other light",
    "moved": "seen from elsewhere",
}


def change_words(transform: str) -> str:
    """What was done to a copy, as the end of "One of them was …"; "" where nothing was."""
    return " and ".join(
        _CHANGE_WORDS.get(part, part) for part in transform.split(" + ") if part not in ("", "identity")
    )
