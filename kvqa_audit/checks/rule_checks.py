"""One rule of the dataset description comes in; the check that reports the images which break it goes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from kvqa_audit.checks.base import Check, Checked, Defect, Evidence, Skipped
from kvqa_audit.model import CheckDoc, Severity

if TYPE_CHECKING:
    from kvqa_audit.answers.rules import RuleResult
    from kvqa_audit.spec.rule import Rule

_NEEDS = ("table", "column answer", "column question", "column img_id")
_FIX = "Look at the image and correct the answer that is wrong."


def check_of_rule(rule: Rule) -> Check:
    """The check `KV30-<rule id>`: hard rules are errors, soft ones warnings; images are counted."""
    severity = Severity.ERROR if rule.level == "hard" else Severity.WARNING
    needs = (*_NEEDS, "column source") if rule.sources else _NEEDS
    title = f"Rule {rule.id}: {rule.why.split('. ')[0].rstrip('.')}"
    limited = [f"{name} {given}" for name, given in (("sources", rule.sources), ("rows", rule.rows)) if given]
    in_words = "; ".join([f"when {rule.when} must {rule.must}", *limited])
    doc = CheckDoc(title, rule.matters or rule.why, rule.fix or _FIX, "images", judged_by=in_words)

    def run(evidence: Evidence) -> Checked | Skipped:
        result = evidence.rules.get(rule.id)
        if result is None:
            return Skipped(f"rule {rule.id} was not judged")
        return Checked(result.eligible, _defects(rule, result))

    return Check(f"KV30-{rule.id}", f"rule_{rule.id}", severity, needs, doc, run)


def _defects(rule: Rule, result: RuleResult) -> Iterator[Defect]:
    for img_id in result.violations:
        answers = result.answers[img_id]
        yield Defect(
            f"{rule.why.rstrip('.')}; but this image says {_in_words(answers)}",
            img_id=img_id,
            row=result.rows.get(img_id),
            evidence={"answers": dict(answers), "when": rule.when, "must": rule.must},
            suggestion=rule.fix or _FIX,
        )


def _in_words(answers: Mapping[str, int | str | None]) -> str:
    """`n_items = 0, tools = knife`, leaving out what was not asked."""
    return ", ".join(f"{name} = {value}" for name, value in answers.items() if value is not None) or "nothing"
