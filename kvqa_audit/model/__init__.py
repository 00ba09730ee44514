"""The nouns of an audit: frozen records that go from stage to stage, and in the end to the report and the files."""

from __future__ import annotations

from kvqa_audit.model.check import JUDGED, CheckDoc, CheckOutcome, Family, OutcomeStatus, PairKind, Repair
from kvqa_audit.model.finding import Finding, FindingDecision, FindingStatus, Severity, with_keys
from kvqa_audit.model.frozen_evidence import EvidenceChange, FrozenEvidence, ImageEvidence, evidence_changes
from kvqa_audit.model.image import MOVED, DuplicatePair, ImageFingerprint, Tier
from kvqa_audit.model.image_groups import GroupPlace, ImageGroups
from kvqa_audit.model.metrics import Metrics
from kvqa_audit.model.run import SCHEMA_VERSION, AnswerRows, AnswerShare, AuditRun, DatasetFacts, Stage
from kvqa_audit.model.verdict import Counts, Tally, VerdictRecord

__all__ = [
    "JUDGED",
    "MOVED",
    "SCHEMA_VERSION",
    "AnswerRows",
    "AnswerShare",
    "AuditRun",
    "CheckDoc",
    "CheckOutcome",
    "Counts",
    "DatasetFacts",
    "DuplicatePair",
    "EvidenceChange",
    "Family",
    "Finding",
    "FindingDecision",
    "FindingStatus",
    "FrozenEvidence",
    "GroupPlace",
    "ImageEvidence",
    "ImageFingerprint",
    "ImageGroups",
    "Metrics",
    "OutcomeStatus",
    "PairKind",
    "Repair",
    "Severity",
    "Stage",
    "Tally",
    "Tier",
    "VerdictRecord",
    "evidence_changes",
    "with_keys",
]
