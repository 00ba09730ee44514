"""Rows, fingerprints and findings come in; a small finished audit goes out, for the tests of comparison and store."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from kvqa_audit.model import (
    AnswerRows,
    AnswerShare,
    AuditRun,
    CheckDoc,
    CheckOutcome,
    DatasetFacts,
    Finding,
    ImageFingerprint,
    OutcomeStatus,
    Severity,
    Stage,
    with_keys,
)

CODES = {"KV003": Severity.WARNING, "KV008": Severity.ERROR, "KV201": Severity.ERROR}


def image(
    img_id: str, content: str = "", pixels: str = "", full: str | None = None, **measures: float
) -> ImageFingerprint:
    """A sound image whose bytes (and pixels, where not given) are told by `content`, by its id where there is none."""
    sha256 = hashlib.sha256((content or img_id).encode()).hexdigest()
    return ImageFingerprint(
        img_id, f"images/{img_id}.jpg", 100, sha256, pixel_digest=pixels or sha256, full_pixel_digest=full,
        width=64, height=48, decoder="Pillow 12", algorithm="1", **measures,
    )  # fmt: skip


def finished(
    rows: Iterable[tuple[str, str, str, str]] = (),
    images: Iterable[ImageFingerprint] = (),
    findings: Iterable[Finding] = (),
    *,
    run_id: str = "a" * 32,
    day: int = 1,
    skipped: Iterable[str] = (),
    name: str = "Sample",
    subset: bool = False,
) -> AuditRun:
    """An audit of these rows (source, question, answer, img_id), images and findings, on a day of January 2026."""
    rows, images, keyed = tuple(rows), tuple(images), with_keys(findings)
    shares = Counter((source, question, answer) for source, question, answer, _ in rows)
    asked = Counter((source, question) for source, question, _, _ in rows)
    outcomes = []
    for code, severity in CODES.items():
        found = sum(finding.check == code for finding in keyed)
        status = OutcomeStatus.FAILED if found else OutcomeStatus.PASSED
        status, reason = (OutcomeStatus.SKIPPED, "not wanted") if code in skipped else (status, None)
        outcomes.append(CheckOutcome(code, f"check_{code}", severity, status, reason, len(rows), found, measured=0.5))
    digest = hashlib.sha256(repr((rows, [one.sha256 for one in images])).encode()).hexdigest()
    return AuditRun(
        run_id=run_id,
        started_at=f"2026-01-{day:02d}T10:00:00.000+00:00",
        finished_at=f"2026-01-{day:02d}T10:00:09.000+00:00",
        tool={"name": "kvqa-audit", "version": "0.1.0", "python": "3.11", "decoder": "Pillow 12"},
        dataset=DatasetFacts(name, "/data/sample", digest, len(rows), len(images)),
        outcomes=tuple(outcomes),
        docs={code: CheckDoc(f"Title of {code}", "Because.", "Do it.", "rows") for code in CODES},
        findings=keyed,
        pairs=(),
        fingerprints=images,
        profile=tuple(AnswerShare(*cell, n, n / asked[cell[:2]]) for cell, n in sorted(shares.items())),
        metrics={"sources": {row[3]: row[0] for row in rows}, "notes": [], "subset": subset},
        stages=(Stage("read the table", 0.1, len(rows)),),
        exit_code=1 if any(f.severity is Severity.ERROR for f in keyed) else 0,
        rows=AnswerRows(*(tuple(row[n] for row in rows) for n in range(4))),
    )
