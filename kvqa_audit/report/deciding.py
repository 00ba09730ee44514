"""The cards of a page and what blocks come in; what its script needs to keep decisions and to count them goes out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from kvqa_audit.model import AuditRun, Finding, FindingStatus
from kvqa_audit.release.blocking import tolerated
from kvqa_audit.release.gate import Verdict
from kvqa_audit.report.cards import Card
from kvqa_audit.spec.release import Release

MAX_CHARACTERS = 300


def deciding(
    run: AuditRun, cards: Iterable[Card], verdict: Verdict, release: Release, other_reasons: int
) -> dict[str, Any]:
    """JSON values: the dataset, by check or limit what blocks and how much is tolerated, and each card's findings.

    Decisions are kept in the browser by the dataset's name, so that they are there in the report of the next audit,
    too; `waived` names the findings that need none any more.
    """
    keys: dict[str, list[str]] = {}
    for finding in verdict.blocking:
        if finding.key in verdict.alone:
            keys.setdefault(finding.check, []).append(finding.key)
    return {
        "dataset": run.dataset.name,
        "blocking": {
            **{
                o.code: {"keys": keys[o.code], "tolerated": tolerated(o, release)}
                for o in run.outcomes
                if o.code in keys
            },
            **{
                one.name: {"keys": [f.key for f in one.findings], "tolerated": one.tolerated}
                for one in verdict.together
            },
        },
        "waived": [finding.key for finding in run.findings if finding.status is FindingStatus.WAIVED],
        "otherReasons": other_reasons - len(verdict.together),
        "cards": {
            card.anchor: {
                "findings": [_facts(f) for f in card.findings if f.status is FindingStatus.OPEN],
                "targets": targets(card),
            }
            for card in cards
        },
    }


def targets(card: Card) -> list[list[str]]:
    """The answers that a person may correct here: image, question and the stored answer."""
    if card.group is not None:
        shown = card.group.pictures
        return [
            [picture.img_id, conflict.question, answer]
            for conflict in card.group.conflicts
            for picture, answer in zip(shown, conflict.answers, strict=True)
            if answer and len(answer) <= MAX_CHARACTERS
        ]
    if card.picture is None:
        return []
    named = [[card.picture.img_id, doubt.question, doubt.answer] for doubt in card.doubts]
    return [one for one in named if len("".join(one)) <= MAX_CHARACTERS]


def _facts(finding: Finding) -> dict[str, Any]:
    """What a decision about a finding names, and the evidence to freeze; what is not there, or very long, is left out.

    A decision is known by its key; the rest is there for people and for pairs.
    """
    facts = {
        "key": finding.key,
        "check": finding.check,
        "img_id": finding.img_id,
        "question": finding.question,
        "answer": finding.answer,
        "related": list(finding.related),
    }
    told = {name: value for name, value in facts.items() if value and len(str(value)) <= MAX_CHARACTERS}
    # Whole or not at all: a part of it would be other evidence.
    return told if finding.frozen_evidence is None else {**told, "evidence": finding.frozen_evidence.as_json()}


def script_json(value: object) -> str:
    """JSON that can stand in a script element: no `<`, `>` or `&` is left in it."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
