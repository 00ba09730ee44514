"""What a check is made of: the evidence it is given, its answer, and the decorator that makes a function a check."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kvqa_audit.answers.study import AnswerStudy
from kvqa_audit.answers.suspicion import Suspicion
from kvqa_audit.ingest.told_by_folders import ToldByFolders
from kvqa_audit.model import CheckDoc, DuplicatePair, ImageFingerprint, ImageGroups, PairKind, Repair, Severity

if TYPE_CHECKING:
    from kvqa_audit.answers.distributions import Distributions
    from kvqa_audit.answers.rules import RuleResult
    from kvqa_audit.contracts.expectations import ExpectationResult
    from kvqa_audit.contracts.row_schema import RowContract
    from kvqa_audit.ingest.dataset import ImageFault, Table
    from kvqa_audit.overlays.detection import ImageOverlays
    from kvqa_audit.privacy.burned_in_stage import BurnedIn
    from kvqa_audit.spec.dataset_spec import DatasetSpec


@dataclass(frozen=True)
class Evidence:
    """Everything the stages found out about one dataset; checks read it and change nothing.

    `absent` maps what is not there to the reason, in words a reader understands: "images", "duplicates" and "overlays"
    (no image was looked at), "ocr" (no text was read), "table", "column answer" (and source, question, img_id),
    "splits" and "groups" (there are none), "whole dataset" (a subset was given). A check that needs an absent part is
    skipped with that reason; the fields below then hold nothing. Where the table is absent, `folders` may tell splits
    and sources.
    """

    spec: DatasetSpec
    table: Table
    contract: RowContract
    promises: Mapping[str, ExpectationResult]
    rules: Mapping[str, RuleResult]
    distributions: Distributions
    fingerprints: tuple[ImageFingerprint, ...] = ()
    image_faults: tuple[ImageFault, ...] = ()
    groups: ImageGroups = field(default_factory=ImageGroups)
    pairs: tuple[DuplicatePair, ...] = ()
    study: AnswerStudy = field(default_factory=AnswerStudy)
    overlays: tuple[ImageOverlays, ...] = ()
    burned_in: tuple[BurnedIn, ...] = ()
    suspicion: Suspicion = field(default_factory=Suspicion)
    absent: Mapping[str, str] = field(default_factory=dict)
    folders: ToldByFolders = field(default_factory=ToldByFolders)


@dataclass(frozen=True, slots=True)
class Defect:
    """What a check found in one place; the runner adds the check's code, the severity and the key."""

    message: str
    img_id: str | None = None
    question: str | None = None
    answer: str | None = None
    row: int | None = None
    score: float | None = None
    related: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    suggestion: str | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A check's answer: how many things were evaluated, and the defects among them, all of them.

    Nothing evaluated is vacuous, never a pass. Where `measured` and `threshold` are not given they are the share of
    defects and 0: any defect fails.
    """

    evaluated: int
    defects: Iterable[Defect] = ()
    measured: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A check's answer where it could not be judged, with the reason."""

    reason: str


@dataclass(frozen=True)
class Check:
    """A check: code, name, severity, what it needs (see Evidence.absent), its text for people, and the function.

    `by_description` says that it judges by what the description says of this dataset.
    """

    code: str
    name: str
    severity: Severity
    needs: tuple[str, ...]
    doc: CheckDoc
    run: Callable[[Evidence], Checked | Skipped]
    by_description: bool = False


def switched(checks: Iterable[Check], spec: DatasetSpec) -> tuple[Check, ...]:
    """The checks as the description wants them: one that it switches off is skipped, and says why."""
    return tuple(replace(check, needs=(), run=_off) if check.code in spec.checks else check for check in checks)


def _off(_: Evidence) -> Skipped:
    return Skipped("the description of the dataset switches this check off")


_DOCSTRING = re.compile(r"(?P<title>.+?)\n\s*\n+Why:\s*(?P<why>.+?)\n\s*Fix:\s*(?P<fix>.+)", re.DOTALL)


def check(
    code: str,
    severity: Severity,
    *,
    needs: tuple[str, ...] = ("table",),
    unit: str = "rows",
    pair: PairKind | None = None,
    repair: Repair | None = None,
    by_description: bool = False,
    version: int = 1,
) -> Callable[[Callable[[Evidence], Checked | Skipped]], Check]:
    """Turns a function into a Check; the name is the function's, the text for people is its docstring.

    Args:
        code: `KV` and three digits; never reused.
        severity: of its findings, unless a defect says otherwise.
        needs: the parts of the evidence without which it is skipped.
        unit: what `evaluated` counts.
        pair: what its findings say of two images.
        repair: how `fix` corrects what it finds.
        by_description: it judges by what the description says; where that was inferred, it warns at most.
        version: one more where a finding means another thing than before; it is then to be decided about anew.

    Raises:
        ValueError: the docstring is not of the form title, `Why:`, `Fix:`.
    """

    def decorate(function: Callable[[Evidence], Checked | Skipped]) -> Check:
        match = _DOCSTRING.fullmatch(inspect.getdoc(function) or "")
        if match is None:
            raise ValueError(f"{code}: the docstring has to be a title, then 'Why:' and 'Fix:'")
        title, why, fix = (" ".join(match[part].split()) for part in ("title", "why", "fix"))
        doc = CheckDoc(title, why, fix, unit, pair, repair, f"version {version}")
        return Check(code, function.__name__, severity, needs, doc, function, by_description)

    return decorate
