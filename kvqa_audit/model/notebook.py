"""A finished audit comes in; what a notebook shows of it goes out: the verdict, what blocks, and first pictures."""

from __future__ import annotations

import base64
import html
import math
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from kvqa_audit.model.check import CheckDoc, CheckOutcome, OutcomeStatus
from kvqa_audit.model.counts import count_findings, in_words
from kvqa_audit.model.finding import Finding, FindingStatus
from kvqa_audit.model.image import ImageFingerprint
from kvqa_audit.model.verdict import Tally, VerdictRecord

MAX_CHECKS_NAMED = 8
MAX_PICTURES = 4
_PICTURE_PX = 160
_VERDICTS = {
    0: "Ready: nothing that blocks was found.",
    1: "Not ready: something that blocks was found.",
    3: "Not judged: a check crashed, or none could be run.",
}


class Finished(Protocol):
    """What is shown of an audit."""

    @property
    def run_id(self) -> str: ...
    @property
    def exit_code(self) -> int: ...
    @property
    def dataset(self) -> Any: ...
    @property
    def outcomes(self) -> Sequence[CheckOutcome]: ...
    @property
    def docs(self) -> Mapping[str, CheckDoc]: ...
    @property
    def findings(self) -> Sequence[Finding]: ...
    @property
    def verdict(self) -> VerdictRecord | None: ...
    @property
    def fingerprints(self) -> Sequence[ImageFingerprint]: ...


def notebook_view(run: Finished) -> str:
    """A few sentences, a list and small grey pictures, all escaped; the pictures are those that copies are found by.

    An audit that was read from its files has none of these, and shows no pictures.
    """
    opened = [finding for finding in run.findings if finding.status is FindingStatus.OPEN]
    tally = count_findings(run.findings)
    facts = run.dataset
    judged = sum(outcome.outcome in (OutcomeStatus.PASSED, OutcomeStatus.FAILED) for outcome in run.outcomes)
    lines = [
        f"<p><b>{_escaped(_sentence(run))}</b></p>",
        f"<p>{_escaped(facts.name)}: {facts.rows:,} rows, {facts.images:,} images; {judged:,} of {len(run.outcomes):,} "
        f"checks judged; findings: {in_words(tally.total)}.</p>",
    ]
    for words, codes in _by_weight(run, tally):
        lines += _listed(run, words, codes, tally)
    lines += _pictures(run, sorted(opened, key=lambda finding: -finding.severity.rank))
    lines.append(f"<p>Audit {_escaped(run.run_id, 80)}. The report shows every finding with its picture.</p>")
    return f"<div>{''.join(lines)}</div>"


def grey_png(pixels: bytes, side_px: int) -> bytes:
    """A square grey picture, one byte a pixel, row by row, as a PNG file (ISO/IEC 15948)."""
    rows = b"".join(b"\0" + pixels[start : start + side_px] for start in range(0, side_px * side_px, side_px))
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _sentence(run: Finished) -> str:
    return run.verdict.sentence if run.verdict else _VERDICTS.get(run.exit_code, _VERDICTS[3])


def _by_weight(run: Finished, tally: Tally) -> Iterator[tuple[str, frozenset[str]]]:
    """The checks that block and those that warn, by the verdict, or, where the audit was not judged, by their worst."""
    if run.verdict:
        yield "Blocks the release", frozenset(run.verdict.blockers)
        yield "Worth a look", frozenset(run.verdict.warnings)
        return
    errors = frozenset(code for code, counts in tally.by_check.items() if counts.errors)
    yield "Errors", errors
    yield "Worth a look", frozenset(code for code, counts in tally.by_check.items() if counts.warnings) - errors


def _listed(run: Finished, words: str, codes: frozenset[str], tally: Tally) -> Iterator[str]:
    outcomes = [outcome for outcome in run.outcomes if outcome.code in codes]
    if not outcomes:
        return
    yield f"<p>{words}, {len(outcomes):,} checks:</p><ul>"
    for outcome in sorted(outcomes, key=lambda one: -tally.of(one.code).open)[:MAX_CHECKS_NAMED]:
        doc = run.docs.get(outcome.code)
        title, unit = (doc.title.rstrip("."), doc.unit) if doc else (outcome.name, "things")
        number = f"{in_words(tally.of(outcome.code))} of {outcome.evaluated:,} {_escaped(unit, 80)}"
        yield f"<li>{_escaped(title, 200)}: {number} ({_escaped(outcome.code, 40)})</li>"
    if len(outcomes) > MAX_CHECKS_NAMED:
        yield f"<li>and {len(outcomes) - MAX_CHECKS_NAMED:,} more</li>"
    yield "</ul>"


def _pictures(run: Finished, findings: list[Finding]) -> Iterator[str]:
    """The pictures of the first findings that have one."""
    images = {image.img_id: image for image in run.fingerprints if image.thumbnail}
    shown: set[str] = set()
    for finding in findings:
        image = images.get(finding.img_id or "")
        if image is None or image.img_id in shown:
            continue
        side = math.isqrt(len(image.thumbnail))
        uri = base64.b64encode(grey_png(image.thumbnail, side)).decode()
        height = round(_PICTURE_PX * (image.height or 1) / (image.width or 1))
        said = _escaped(f"{finding.check}: {image.img_id}", 120)
        yield (
            f'<img src="data:image/png;base64,{uri}" width="{_PICTURE_PX}" height="{min(height, 2 * _PICTURE_PX)}" '
            f'alt="{said}" title="{said}"> '
        )
        shown.add(image.img_id)
        if len(shown) == MAX_PICTURES:
            return


def _escaped(text: str, limit: int = 500) -> str:
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return html.escape(cut.encode("utf-8", "backslashreplace").decode())
