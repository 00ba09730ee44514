"""A seed comes in; a made-up audit with honest shapes and hostile texts goes out, for the tests of the report."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from kvqa_audit.model import (
    AnswerRows,
    AnswerShare,
    AuditRun,
    CheckDoc,
    CheckOutcome,
    DatasetFacts,
    DuplicatePair,
    Finding,
    FindingStatus,
    GroupPlace,
    ImageFingerprint,
    ImageGroups,
    OutcomeStatus,
    Severity,
    Stage,
    Tier,
    with_keys,
)
from kvqa_audit.previews.records import PairPreview, Preview
from kvqa_audit.release.gate import judge
from kvqa_audit.report.as_html import Report, render
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.release import Release

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
        code: CheckDoc(
            title,
            f"Because of {HOSTILE[1]}.",
            "Settle it, or drop the row.",
            "rows",
        )
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


def with_cases(run: AuditRun, *, most: int = 40) -> AuditRun:
    """The audit with answers that do not fit, and with answers that the picture speaks against, hostile ones too."""
    ids = [image.img_id for image in run.fingerprints]
    region = {"x": 0.1, "y": 0.75, "width": 0.2, "height": 0.25}
    odd = [
        Finding(
            "KV350",
            Severity.WARNING,
            "does not fit",
            ids[-1 - n % 10],
            QUESTIONS[n % 5],
            HOSTILE[n % 12],
            n,
            0.9 - n / 60,
            evidence={
                "probability": 0.01,
                "expected": HOSTILE[-1 - n % 12] if n % 4 else None,
                "expected_probability": 0.9,
                "reasons": list(HOSTILE[: n % 4]),
            },
        )
        for n in range(most)
    ]
    against = [
        Finding(
            code,
            Severity.WARNING,
            "the picture says otherwise",
            ids[-1 - n],
            QUESTIONS[1],
            HOSTILE[n],
            n,
            0.8 - n / 60,
            evidence={
                "detector": thing,
                "seen": n % 2 == 0,
                "confidence": 0.9 if n % 2 == 0 else 0.1,
                "regions": [region] if n % 2 == 0 else [],
            },
        )
        for code, thing in (("KV360", "box"), ("KV361", "text"))
        for n in range(min(most, 12))
    ]
    findings = with_keys([*odd, *against])
    outcomes = [
        CheckOutcome(
            code,
            f"against_{code}",
            Severity.WARNING,
            OutcomeStatus.FAILED,
            None,
            100,
            sum(finding.check == code for finding in findings),
            0,
            0.1,
            0.0,
            0.01,
        )
        for code in ("KV350", "KV360", "KV361")
    ]
    docs = {one.code: CheckDoc("An answer that does not fit", "Why so.", "Look at it.", "answers") for one in outcomes}
    return replace(
        run, outcomes=(*run.outcomes, *outcomes), findings=(*run.findings, *findings), docs={**run.docs, **docs}
    )  # fmt: skip


def with_groups(run: AuditRun, *, frames: int = 20) -> AuditRun:
    """The audit with its images in two groups of `frames`, one with a hostile name, each with a finding and rows."""
    ids = [image.img_id for image in run.fingerprints]
    names = ("exam 1", HOSTILE[1])
    places = {img_id: (GroupPlace(names[n // frames], 7 * n % 100),) for n, img_id in enumerate(ids[-2 * frames :])}
    asked = [("", question, ("no", "yes", *HOSTILE)[n % (2 + len(question) % 3)], img_id)
             for n, img_id in enumerate(places) for question in (*QUESTIONS, HOSTILE[0])]  # fmt: skip
    code, title = "KV417", "Images of one group are in different splits"
    found = with_keys(
        Finding(code, Severity.ERROR, f"{name} is in several splits", evidence={"group": name}) for name in names
    )
    outcome = CheckOutcome(
        code, "split_leak_by_group", Severity.ERROR, OutcomeStatus.FAILED, None, 2, 2, 0, 1.0, 0.0, 0.01
    )
    return replace(
        run,
        outcomes=(*run.outcomes, outcome),
        findings=(*run.findings, *found),
        docs={**run.docs, code: CheckDoc(title, "It leaks.", "Move them.", "groups")},
        rows=AnswerRows(*zip(*asked, strict=True)),
        metrics={**run.metrics, "image_groups": ImageGroups("exam", places).as_json()},
    )


def page_of(run: AuditRun, *, picture: bytes = JPEG, spec: DatasetSpec | None = None, missing: str = "") -> str:
    """The page of an audit, with one and the same picture in every place; with none where that is empty."""
    report = Report(run, judge(run.outcomes, run.findings, spec.release if spec else Release()), spec)
    wanted = report.wanted()
    previews = {img_id: Preview(img_id, picture) for img_id in wanted.sides_px} if picture else {}
    pairs = {pair: PairPreview(picture, picture, aligned=True) for pair in wanted.pairs} if picture else {}
    return render(report, previews, pairs, missing=missing)


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
                "distinct_answers": 4, "answered": 100, "images_of_source": 100, "missing_share": rng.random() ** 4,
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
        **_studied(rng),
    }  # fmt: skip


def _studied(rng: random.Random) -> dict[str, Any]:
    """What the parts of kvqa_audit.answers and kvqa_audit.overlays measure, as audit.json holds it."""
    asked = (*QUESTIONS, HOSTILE[1])
    half = {"eligible": 40, "exceptions": 0, "confidence": 1.0, "confirmed_eligible": 38, "confirmed_exceptions": 1}
    half |= {"confirmed_confidence": 37 / 38, "confirmed_low": 0.865, "expected_exceptions": 22.5}
    nothing = {"images": 9, "levels": 1, "sources": 1, "cramers_v": None, "low": None, "high": None}
    copies = {
        "type": "yes/no",
        "groups": 4,
        "images": 9,
        "pairs": 6,
        "agreement": 0.5,
        "agreement_low": 0.2,
        "agreement_high": 0.9,
        "kappa": 0.25,
        "kappa_low": -0.5,
        "kappa_high": 0.8,
        "alpha": None,
        "alpha_low": None,
        "alpha_high": None,
    }
    return {
        "baselines": [
            {"knows": knows, "question": question, "cells": 90, "answers": 7, "accuracy": value,
             "accuracy_low": value - 0.05, "accuracy_high": value + 0.05, "macro_f1": value / 2,
             "macro_f1_low": value / 2 - 0.1, "macro_f1_high": value / 2 + 0.1}
            for knows, value in (("question", 0.4), ("question and source", 0.7))
            for question in ("all questions", *asked)
        ],
        "association": [
            *({"about": "answer", "name": question, "images": 60, "levels": 4, "sources": 5, "cramers_v": value,
               "low": value - 0.1, "high": value + 0.05, "source_accuracy": 0.7, "largest_source": 0.2}
              for question in asked for value in (rng.uniform(0.1, 0.9),)),
            {"about": "image", "name": "image size", "images": 60, "levels": 3, "sources": 5, "cramers_v": 0.95,
             "low": 0.9, "high": 0.96, "source_accuracy": 0.8, "largest_source": 0.2},
            {"about": "answer", "name": HOSTILE[2], **nothing, "source_accuracy": 1.0, "largest_source": 1.0},
        ],
        "row_order": [
            {"source": source, "question": question, "answered": 500, "blocks": 10, "chi_square": 66.0,
             "degrees_of_freedom": 9, "p_value": value, "q_value": value, "cramers_v": 0.3, "answer": HOSTILE[0],
             "first_image": "i1000", "last_image": "i1499", "first_place": 1_000, "last_place": 1_499,
             "share_in_block": 0.36, "share": 0.14}
            for source in (*SOURCES, HOSTILE[0])
            for question, value in zip(asked, (1e-9, 0.01, 0.2, 0.9, 0.9, 1e-8), strict=True)
        ],
        "stereotypes": [
            {"source": source, "img_ids": [f"img{n:05d}" for n in range(30 - number)], "share": 0.3,
             "answers": {question: HOSTILE[number % len(HOSTILE)] for question in asked}}
            for number, source in enumerate((*SOURCES, HOSTILE[0]) * 4)
        ],
        "stability": [{"question": question, **copies} for question in asked],
        "discovered_rules": [
            {"id": f"D{number:08d}", "when": f"n_polyps = '{hostile}'", "must": "n_findings = 1",
             "source": None if number % 2 else HOSTILE[0], **half, "exception_ids": [HOSTILE[1]],
             "yaml": f"  - id: D{number:08d}\n    level: soft\n    when: n_polyps = '{hostile}'\n"}
            for number, hostile in enumerate(("1", *HOSTILE) * 2)
        ],
        "answer_forms": [
            {"question": question, "rows": 90, "stored_forms": 9, "canonical_forms": 4, "rewritten_rows": 12,
             "most_split": HOSTILE[0], "written_as": {HOSTILE[1]: 8, HOSTILE[3]: 2}}
            for question in asked
        ],
        "overlays": {
            "box": {"question": HOSTILE[0], "images": 50, "both_yes": 20, "both_no": 25, "answered_yes_not_seen": 3,
                    "answered_no_seen": 2, "agreement": 0.9, "balanced_accuracy": 0.898, "mcc": 0.8, "pr_auc": 0.95},
            "text": {"question": QUESTIONS[1], "images": 0, "both_yes": 0, "both_no": 0, "answered_yes_not_seen": 0,
                     "answered_no_seen": 0, "agreement": None, "balanced_accuracy": None, "mcc": None, "pr_auc": None},
        },
        "split_proposal": {
            "split_of": {}, "fractions": {"train": 0.8, "validation": 0.1, "test": 0.1},
            "images": {"train": 48, "validation": 7, "test": 5},
            "images_by_source": {source: {"train": 8, "validation": 1, "test": 1} for source in (*SOURCES, HOSTILE[0])},
            "groups": 12, "largest_group": 3,
        },
    }  # fmt: skip
