"""Discovered rules and the detectors' agreement come in; what the page says about them goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kvqa_audit.model import AuditRun
from kvqa_audit.report.text import lines_shown, share, shown

MAX_PROPOSALS = 20
MAX_EXCEPTIONS_NAMED = 4
CHECK_OF_DETECTOR: Mapping[str, str] = {"box": "KV360", "text": "KV361"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """One discovered rule; `yaml` is shown line by line, and can be copied where that is all of it as it is."""

    rule: Mapping[str, Any]
    applies_to: int
    kept: int
    exceptions: tuple[str, ...]
    more_exceptions: int
    yaml: str
    can_be_copied: bool


@dataclass(frozen=True, slots=True)
class Proposals:
    """The first of the discovered rules, with a sentence on what to see."""

    sentence: str
    shown: tuple[Proposal, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Detector:
    """How well one detector and the answers to its question agree; `check` is the code of the check that names them."""

    name: str
    figures: Mapping[str, Any]
    sentence: str
    chance: float | None
    check: str | None


def proposals(run: AuditRun) -> Proposals | None:
    """The discovered rules in their order; None where there are none."""
    rules: Sequence[Mapping[str, Any]] = run.metrics.get("discovered_rules") or ()
    if not rules:
        return None
    first = _proposal(rules[0])
    anywhere = sum(rule["source"] is None for rule in rules)
    hold, them = (" holds", "it") if len(rules) == 1 else ("s hold", "them")
    sentence = (
        f"{len(rules):,} implication{hold} nearly always in both halves of the images, and no rule demands {them} yet: "
        f"{anywhere:,} in all sources, {len(rules) - anywhere:,} in one only. These are proposals: nothing is judged "
        "by one until somebody who knows the field pastes it into the rules. The first holds for "
        f"{first.kept:,} of {first.applies_to:,} images."
    )
    return Proposals(sentence, tuple(_proposal(rule) for rule in rules[:MAX_PROPOSALS]), len(rules))


def _proposal(rule: Mapping[str, Any]) -> Proposal:
    applies_to = rule["eligible"] + rule["confirmed_eligible"]
    exceptions = tuple(rule["exception_ids"])
    seen = lines_shown(rule["yaml"])
    return Proposal(
        rule,
        applies_to,
        applies_to - rule["exceptions"] - rule["confirmed_exceptions"],
        exceptions[:MAX_EXCEPTIONS_NAMED],
        max(0, len(exceptions) - MAX_EXCEPTIONS_NAMED),
        seen.rstrip("\n"),
        seen == rule["yaml"],
    )


def detectors(run: AuditRun) -> tuple[Detector, ...]:
    """Every detector that the description gives a question to, with what it came to."""
    codes = {outcome.code for outcome in run.outcomes}
    overlays: Mapping[str, Mapping[str, Any]] = run.metrics.get("overlays") or {}
    made = []
    for name, figures in overlays.items():
        yes = figures["both_yes"] + figures["answered_yes_not_seen"]
        check = CHECK_OF_DETECTOR.get(name)
        made.append(
            Detector(
                name,
                figures,
                _agreed(figures),
                yes / figures["images"] if figures["images"] else None,
                check if check in codes else None,
            )
        )
    return tuple(made)


def _agreed(figures: Mapping[str, Any]) -> str:
    if not figures["images"]:
        return "No image could be compared with an answer."
    missed, surplus = figures["answered_yes_not_seen"], figures["answered_no_seen"]
    return (
        f"The detector and the answers to “{shown(figures['question'], 90)}” agree on {share(figures['agreement'])} of "
        f"{figures['images']:,} images; {missed:,} are answered yes where nothing was seen, {surplus:,} no where "
        "something was."
    )
