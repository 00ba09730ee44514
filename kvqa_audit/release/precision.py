"""What people decided comes in; how often each check is right, and what follows from that, goes out.

What is decided about is not drawn at random: who looks at the gravest findings first learns about those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kvqa_audit.model import CheckDoc
from kvqa_audit.model.estimate import Estimate, share_of
from kvqa_audit.model.frozen_evidence import brief
from kvqa_audit.release.decisions import Decision, DecisionVerdict

MIN_DECIDED = 10
# A check that is wrong about more findings than it is right about costs more than it tells.
LEAST_USEFUL = 0.5
_RIGHT = (DecisionVerdict.CONFIRMED, DecisionVerdict.FIXED)


@dataclass(frozen=True, slots=True)
class Precision:
    """How many findings of a check were found to be defects (confirmed, or fixed), and how many to be none.

    What was accepted says neither: there is something, and it may stay.
    """

    right: int
    wrong: int

    @property
    def share(self) -> Estimate | None:
        """The precision with its 95 % interval (Wilson); None where nobody judged."""
        return share_of(self.right, self.right + self.wrong)

    def is_below(self, least: float) -> bool:
        """Whether the whole interval lies below, by at least 10 judged findings: few of them prove nothing."""
        share = self.share
        return share is not None and share.n >= MIN_DECIDED and share.high < least

    def in_words(self) -> str:
        """`right in 83 % (61 % to 94 %) of 18 findings that were judged`."""
        share = self.share
        if share is None:
            return "never judged"
        told = f"right in {share.value:.0%} ({share.low:.0%} to {share.high:.0%})".replace("%", " %")
        return f"{told} of {share.n:,} {'finding that was' if share.n == 1 else 'findings that were'} judged"

    def advice(self, code: str) -> str:
        """What to do about a check that is wrong more often than right; "" where it is not, or nobody can tell yet."""
        if not self.is_below(LEAST_USEFUL):
            return ""
        if code.startswith("KV30-"):
            return f"reword the rule {code.removeprefix('KV30-')} in rules.yaml, or take it out"
        if code.startswith("KV02-"):
            return f"correct the promise {code.removeprefix('KV02-')} in promises.yaml, or take it out"
        return f"switch it off in the description (checks: {{{code}: off}}), or set its bound there if it has one"


def precision_by_check(decisions: Iterable[Decision], docs: Mapping[str, CheckDoc]) -> dict[str, Precision]:
    """The precision of each check that people judged findings of, by its code.

    Of several decisions about one finding the last counts, whether it still holds or not. What was said about another
    version of a check, or about a rule in other words, says nothing about that of today.
    """
    last = {decision.key: decision for decision in decisions}
    counted: dict[str, Counter[bool]] = {}
    for decision in last.values():
        doc, evidence = docs.get(decision.check), decision.evidence
        if doc is None or (evidence is not None and evidence.judged_by not in ("", brief(doc.judged_by))):
            continue
        if decision.verdict in _RIGHT or decision.verdict is DecisionVerdict.FALSE_POSITIVE:
            counted.setdefault(decision.check, Counter())[decision.verdict in _RIGHT] += 1
    return {code: Precision(number[True], number[False]) for code, number in sorted(counted.items())}


def as_metrics(precisions: Mapping[str, Precision]) -> dict[str, Any]:
    """JSON values: by check the counts, and the estimate where there is one."""
    return {
        code: {**asdict(one), **({} if one.share is None else asdict(one.share))} for code, one in precisions.items()
    }


def of_metrics(decisions: Mapping[str, Any]) -> dict[str, Precision]:
    """The precisions that an audit's record of decisions tells; none in those of earlier versions."""
    told = decisions.get("precision") or {}
    return {code: Precision(int(one["right"]), int(one["wrong"])) for code, one in told.items()}
