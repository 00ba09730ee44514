"""A table and its description come in; what its rows, promises, rules and answers tell goes out.

Each function gives its stages along with its outcome, because it may be called in a process of its own. They are apart
where what they import is large and not shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kvqa_audit.progress import Clock

if TYPE_CHECKING:
    from kvqa_audit.answers.distributions import Distributions
    from kvqa_audit.answers.rules import RuleResult
    from kvqa_audit.answers.study import AnswerStudy
    from kvqa_audit.answers.suspicion import Suspicion
    from kvqa_audit.contracts.expectations import ExpectationResult
    from kvqa_audit.contracts.row_schema import RowContract
    from kvqa_audit.images.picture_vectors import PictureVectors
    from kvqa_audit.ingest.dataset import Table
    from kvqa_audit.model import Stage
    from kvqa_audit.spec.dataset_spec import DatasetSpec


# What a process can import ahead, of which one is forked for each of the functions.
IMPORTS = (
    "pandas",
    "scipy.sparse",
    "sklearn.linear_model",
    "sklearn.decomposition",
    "sklearn.model_selection",
    "cleanlab.rank",
)


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """What the rows tell without the pictures."""

    contract: RowContract
    distributions: Distributions
    rules: Mapping[str, RuleResult]
    study: AnswerStudy


def judge_rows(table: Table, spec: DatasetSpec) -> tuple[JudgedRows, tuple[Stage, ...]]:
    """Takes a table through all stages that need neither a picture nor a promise.

    Raises:
        SpecError: a rule cannot be evaluated.
    """
    from kvqa_audit.answers.distributions import describe
    from kvqa_audit.answers.rules import judge_rules
    from kvqa_audit.answers.study import study_table
    from kvqa_audit.contracts.row_schema import check_rows

    frame, clock = table.frame, Clock()
    with clock.stage("judge the rows", len(frame)):
        contract = check_rows(table, spec)
    with clock.stage("describe the answers", len(frame)):
        distributions = describe(frame, spec)
    with clock.stage("judge the rules", len(spec.rules)):
        rules = judge_rules(frame, spec)
    with clock.stage("study the answers", len(frame)):
        study = study_table(frame, spec)
    return JudgedRows(contract, distributions, rules, study), tuple(clock.stages)


def judge_expectations(
    table: Table, spec: DatasetSpec, absent: Mapping[str, str]
) -> tuple[Mapping[str, ExpectationResult], tuple[Stage, ...]]:
    """Judges what is promised about the table as a whole.

    Args:
        absent: what is not there and why, as in `Evidence.absent`.

    Raises:
        SpecError: a promise cannot be evaluated.
    """
    from kvqa_audit.contracts import expectations

    clock = Clock()
    with clock.stage("judge the promises", len(spec.promises)):
        judged = expectations.judge_expectations(table, spec, absent)
    return judged, tuple(clock.stages)


def rank_answers(
    table: Table,
    spec: DatasetSpec,
    copies: Sequence[tuple[str, str]],
    seen: Mapping[str, Iterable[str]],
    pictures: Sequence[PictureVectors],
    tones: PictureVectors,
    sources: Mapping[str, str],
) -> tuple[Suspicion, tuple[Stage, ...]]:
    """Ranks the answers by how little they fit the rest of their image; copies of a picture never vouch for it.

    Args:
        copies: pairs of img_ids that show the same picture, or come from one group.
        seen: img_id to what is seen in its picture, in words.
        pictures: what the pictures look like, one or several kinds of vectors.
        tones: how bright they are, by which only what belongs together is judged.
        sources: img_id to its source, where folders tell it.
    """
    from kvqa_audit.answers.off_topic import off_topic_images
    from kvqa_audit.answers.picture_map import places_of
    from kvqa_audit.answers.suspicion import rank_suspicious_answers

    clock = Clock()
    with clock.stage("rank suspicious answers", len(table.frame)):
        suspicion = rank_suspicious_answers(table.frame, spec, copies, seen, pictures)
        of_table = dict(zip(table.frame["img_id"], table.frame["source"], strict=True))
        off_topic = off_topic_images([*pictures, tones], copies, {**sources, **of_table})
        places = places_of(pictures[-1])
    return replace(suspicion, off_topic=off_topic, places=places), tuple(clock.stages)
