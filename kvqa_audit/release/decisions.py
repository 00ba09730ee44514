"""A finding and what a person says of it come in; the decision goes out, and how long and on what evidence it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from kvqa_audit.model import EvidenceChange, Finding, FrozenEvidence, evidence_changes


class DecisionVerdict(StrEnum):
    """What a person decided about a finding; who is unsure leaves it to be decided by somebody else."""

    CONFIRMED = "confirmed"
    FALSE_POSITIVE = "false positive"
    ACCEPTED = "accepted"
    FIXED = "fixed"
    UNSURE = "unsure"

    @property
    def waives(self) -> bool:
        return self in (DecisionVerdict.FALSE_POSITIVE, DecisionVerdict.ACCEPTED)


@dataclass(frozen=True, slots=True)
class CorrectedAnswer:
    """The right answer to one question about one image, in place of the stored one; all as the table has them."""

    img_id: str
    question: str
    old_answer: str
    answer: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about one finding, by its key; the rest says to a person, and for pairs, what it is about.

    A decision holds up to and including the day `expires`, and as long as the finding rests on the `evidence` that was
    frozen with it; one without evidence, of a file of version 1, holds on any. `correction` is the answer that is to be
    put right where a defect was confirmed. `line` is where it stands in its file, 1-based.
    """

    key: str
    check: str
    verdict: DecisionVerdict
    reason: str
    who: str
    when: date
    expires: date | None = None
    img_id: str | None = None
    question: str | None = None
    answer: str | None = None
    related: tuple[str, ...] = ()
    correction: CorrectedAnswer | None = None
    evidence: FrozenEvidence | None = None
    line: int | None = field(default=None, compare=False)

    def is_expired(self, today: date) -> bool:
        return self.expires is not None and today > self.expires

    def changes_in(self, finding: Finding) -> list[EvidenceChange]:
        """What the finding rests on that is other than what was decided on; nothing where either does not tell."""
        then, now = self.evidence_about(finding), finding.frozen_evidence
        return [] if then is None or now is None else evidence_changes(then, now)

    def evidence_about(self, finding: Finding) -> FrozenEvidence | None:
        """What was decided on, as far as it bears on a finding, which may be another check's about the same images."""
        if self.evidence is None or self.check == finding.check:
            return self.evidence
        return self.evidence.of_pictures()

    def settles(self, finding: Finding, today: date) -> bool:
        """Whether the finding needs no other decision: this one is in force, made on today's evidence, and a verdict.

        That somebody put it right settles nothing: it is still found.
        """
        unsettled = self.verdict in (DecisionVerdict.FIXED, DecisionVerdict.UNSURE)
        return not (unsettled or self.is_expired(today) or self.changes_in(finding))


def decide(
    finding: Finding,
    verdict: DecisionVerdict,
    reason: str,
    who: str,
    when: date,
    expires: date | None = None,
    correction: CorrectedAnswer | None = None,
) -> Decision:
    """A decision about this finding, with the evidence it rests on, and what a person needs to know it again."""
    about = (finding.img_id, finding.question, finding.answer, finding.related)
    return Decision(
        finding.key, finding.check, verdict, reason, who, when, expires, *about, correction, finding.frozen_evidence
    )


def corrected(finding: Finding, answer: str) -> CorrectedAnswer | None:
    """The right answer in place of the one that the finding is about; None where it is about no stored answer."""
    if finding.img_id is None or finding.question is None or finding.answer is None:
        return None
    return CorrectedAnswer(finding.img_id, finding.question, finding.answer, answer)
