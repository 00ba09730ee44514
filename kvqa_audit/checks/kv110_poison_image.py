"""Fingerprints come in; a defect for every image that crashed, hung or exhausted the decoder goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Evidence, check
from kvqa_audit.checks.image_defects import with_problem
from kvqa_audit.model import Severity


@check("KV110", Severity.ERROR, needs=("images",), unit="images")
def poison_image(evidence: Evidence) -> Checked:
    """An image brings the decoder down.

    Why: it crashes, hangs or exhausts whatever decodes it: a training run stops there, and it may be an attack.

    Fix: do not open it outside a guarded process; remove it, or make it anew from its origin.
    """
    return with_problem(
        evidence,
        ("decoder_crashed", "decoder_hung", "decoder_out_of_memory", "too_large"),
        "brings the decoder down",
        "Remove the file, or make it anew from its origin",
    )
