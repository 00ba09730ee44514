"""A seed comes in; a made-up audit with honest shapes and hostile texts goes out, for the tests of the report."""

from __future__ import annotations

import random
from typing import Any

from kvqa_audit.model import (
    AnswerShare,
    AuditRun,
    CheckDoc,
    CheckOutcome,
    DatasetFacts,
    DuplicatePair,
    Finding,
    FindingStatus,
    ImageFingerprint,
    OutcomeStatus,
    Severity,
    Stage,
    Tier,
    with_keys,
)

HOSTILE = (
    "<script>window.__ran=1;document.title='ran'</script>",
    '"><img src=x onerror="window.__ran=1">',
    "{{7*7}} {% for i in x %} ${7*7}",
    "</script><script>window.__ran=1</script>",
    "<!--<script>",
    "javascript:window.__ran=1",
    "<a href='javascript:window.__ran=1'>click</a><br><b>bold</b>",
    "\u202egnp.exe\u202c שלום مرحبا",
    "nul \x00 bell \x07 surrogate \ud800 end",
    "' onmouseover='window.__ran=1",
    "&lt;script&gt; &amp; %{x} $x^2$ \u2028",
    "long " * 2_000,
)
# The smallest JPEG that decoders take: one grey pixel.
JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300"
    + "10" * 64
    + "ffc0000b080001000101011100ffc40014000100000000000000000000000000000009"
    + "ffc40014100100000000000000000000000000000000ffda0008010100003f0054ffd9"
)
SOURCES = ("Normal", "Polyps", "Esophagitis", "Ulcerative Colitis", "Instrument")
QUESTIONS = (
    "What type of procedure is the image taken from?",
    "Is there text?",
    "Are there any abnormalities in the image? Check all that are present.",
    "Where in the image is the abnormality?",
    "How many polyps are in the image?",
)
_CODES = (
    ("KV001", "unknown_columns", "The table has all columns and no others", Severity.ERROR, OutcomeStatus.PASSED),
    ("KV010", "answers_outside_vocabulary", "An answer is not in the vocabulary", Severity.ERROR, OutcomeStatus.FAILED),
    ("KV011", "blanks", "A cell is blank", Severity.WARNING, OutcomeStatus.FAILED),
    ("KV020", "row_count", "The table has as many rows as promised", Severity.ERROR, OutcomeStatus.SKIPPED),
    ("KV101", "unreadable_images", "An image cannot be read", Severity.ERROR, OutcomeStatus.FAILED),
    ("KV120", "dark_frames", "A frame is too dark to see anything", Severity.WARNING, OutcomeStatus.FAILED),
    ("KV201", "near_duplicates", "Two images show the same picture", Severity.WARNING, OutcomeStatus.FAILED),
    ("KV203", "conflicting_answers", "The same picture is answered in two ways", Severity.ERROR, OutcomeStatus.FAILED),
    ("KV30-R1", "finding_without_abnormality", "A finding, but none named", Severity.ERROR, OutcomeStatus.ERRORED),
    ("KV302", "count_without_polyp", "A polyp count without a polyp", Severity.WARNING, OutcomeStatus.VACUOUS),
    ("KV401", "constant_answer", "A question whose answer never varies", Severity.INFO, OutcomeStatus.FAILED),
)
_REASONS = {
    OutcomeStatus.SKIPPED: "a subset was given, and the promise is about the whole dataset",
    OutcomeStatus.ERRORED: f"KeyError: {HOSTILE[0]}",
    OutcomeStatus.VACUOUS: "no images to judge",
}


def sample_run(*, images: int = 60, findings_per_check: int = 30, seed: int = 7) -> AuditRun:
    """An audit with every kind of outcome, hostile answers, ids and messages, and `images` fingerprints."""
    rng = random.Random(seed)
    ids = [f"img{n:05d}" for n in range(images)] + list(HOSTILE)
    sources = {img_id: SOURCES[n % len(SOURCES)] for n, img_id in enumerate(ids)}
    sources[ids[-1]] = HOSTILE[0]
    findings: list[Finding] = []
    outcomes = []
    for code, name, _, severity, status in _CODES:
        of_check: list[Finding] = []
        if status is OutcomeStatus.FAILED:
            of_check = (
                _conflicts(ids, severity) if code == "KV203" else _findings(code, severity, ids, findings_per_check)
            )
        findings.extend(of_check)
        failed = len(of_check)
        evaluated = 0 if status in _REASONS else len(ids) * 3 + failed
        measured = failed / evaluated if evaluated else None
        outcomes.append(
            CheckOutcome(code, name, severity, status, _REASONS.get(status), evaluated, failed, 0, measured, 0.0, 0.01)
        )
    docs = {
        code: CheckDoc(title, f"Because of {HOSTILE[1]}.", "Settle it, or drop the row.", "rows")
        for code, _, title, _, _ in _CODES
    }
    return AuditRun(
        run_id="20260101T000000Z-abc",
        started_at="2026-01-01T00:00:00+00:00",
        finished_at="2026-01-01T00:00:09+00:00",
        tool={"kvqa-audit": "0.1.0", "python": "3.11", "decoder": f"Pillow {HOSTILE[0]}"},
        dataset=DatasetFacts(
            f"Sample {HOSTILE[0]}", f"/data/{HOSTILE[1]}", "ab" * 32, 5_000, len(ids), HOSTILE[3], "CC-BY-NC-4.0",
            "Research only.", f"Nobody et al. {HOSTILE[6]}", "10.1/abc",
        ),
        outcomes=tuple(outcomes),
        docs=docs,
        findings=with_keys(findings),
        pairs=_pairs(ids),
        fingerprints=tuple(_fingerprint(img_id, rng) for img_id in ids),
        profile=_profile(rng),
        metrics=_metrics(sources, rng),
        stages=(Stage("ingest", 0.4, 5_000), Stage("fingerprints", 5.1, images)),
        exit_code=3,
    )  # fmt: skip


def _findings(code: str, severity: Severity, ids: list[str], number: int) -> list[Finding]:
    made = [
        Finding(
            code,
            severity,
            f"row {n}: {HOSTILE[n % len(HOSTILE)]} is not an answer",
            ids[-1 - n % len(ids)],
            QUESTIONS[n % len(QUESTIONS)],
            HOSTILE[n % len(HOSTILE)] if n % 3 else "upper-rigth",
            n,
            float(n),
            (),
            {},
            None if n % 3 else "upper-right",
        )
        for n in range(number)
    ]
    made.append(Finding(code, Severity.INFO, "already decided", ids[0], status=FindingStatus.WAIVED))
    return made


def _conflicts(ids: list[str], severity: Severity) -> list[Finding]:
    return [
        Finding(
            "KV203",
            severity,
            f"{QUESTIONS[1]} is answered in two ways",
            question=QUESTIONS[1],
            related=(ids[n], ids[n + 1]),
            evidence={"left": "yes", "right": HOSTILE[n % len(HOSTILE)]},
        )
        for n in range(0, min(len(ids) - 1, 24), 2)
    ]


def _pairs(ids: list[str]) -> tuple[DuplicatePair, ...]:
    ends = [(min(ids[n], ids[n + 1]), max(ids[n], ids[n + 1])) for n in range(0, len(ids) - 1, 2)]
    tiers = list(Tier)
    return tuple(
        DuplicatePair(left, right, tiers[n % len(tiers)], 2 * n % 60, 1 - n / 1_000, "identity", f"g{n:04d}")
        for n, (left, right) in enumerate(ends)
    )


def _fingerprint(img_id: str, rng: random.Random) -> ImageFingerprint:
    width, height = rng.choice(((720, 576), (1920, 1080), (576, 576)))
    return ImageFingerprint(
        img_id, f"images/{img_id}.jpg", 20_000, "00" * 32, format="JPEG", mode="RGB", width=width, height=height,
        brightness=rng.uniform(40, 120), contrast=rng.uniform(20, 70), sharpness=rng.uniform(5, 900),
        entropy_bits=rng.uniform(5, 7.8), dark_share=rng.random() / 2, bright_share=rng.random() / 20,
    )  # fmt: skip


def _profile(rng: random.Random) -> tuple[AnswerShare, ...]:
    lines = []
    for source in (*SOURCES, HOSTILE[0]):
        for question in (*QUESTIONS, HOSTILE[1]):
            counts = {answer: rng.randint(1, 90) for answer in ("yes", "no", *HOSTILE, "2", "1e3", "2020-01-01")}
            total = sum(counts.values())
            lines += [AnswerShare(source, question, answer, n, n / total) for answer, n in counts.items()]
    return tuple(lines)


def _metrics(sources: dict[str, str], rng: random.Random) -> dict[str, Any]:
    return {
        "sources": sources,
        "profile": [
            {
                "source": source, "question": question, "rows": 100, "images": 100, "entropy_bits": 1.0,
                "majority_answer": HOSTILE[0], "majority_share": rng.random(), "effective_answers": 2.0,
                "distinct": 4, "missing_share": rng.random() ** 4,
            }
            for source in (*SOURCES, HOSTILE[0])
            for question in (*QUESTIONS, HOSTILE[1])
        ],
        "nearest_distance_bits": {
            str(n): int(3_000 * 2.718 ** (-(((n - 84) / 14) ** 2))) + (n < 20) for n in range(128)
        },
        "near_threshold_bits": 40,
        "rules": [
            {"id": "R1", "level": "hard", "eligible": 10, "violations": 2, "share": 0.2, "low": 0.1, "high": 0.4,
             "why": HOSTILE[0]},
        ],
    }  # fmt: skip
