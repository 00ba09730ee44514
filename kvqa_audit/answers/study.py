"""The table, the verified pairs and the fingerprints come in; everything measured about the answers goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from kvqa_audit.answers.association import Association
    from kvqa_audit.answers.baselines import Baseline
    from kvqa_audit.answers.cells import AnswerCells, AnswerForms
    from kvqa_audit.answers.discovery import DiscoveredRule
    from kvqa_audit.answers.order_of_ids import IdOrderTest
    from kvqa_audit.answers.splits import SplitProposal
    from kvqa_audit.answers.stability import QuestionStability
    from kvqa_audit.answers.stereotypes import Stereotype
    from kvqa_audit.model import DuplicatePair, ImageFingerprint
    from kvqa_audit.spec.dataset_spec import DatasetSpec


@dataclass(frozen=True)
class AnswerStudy:
    """What was measured about the answers; each field is empty where there was nothing to measure."""

    cells: AnswerCells | None = None
    forms: tuple[AnswerForms, ...] = ()
    row_order: tuple[IdOrderTest, ...] = ()
    stereotypes: tuple[Stereotype, ...] = ()
    discovered: tuple[DiscoveredRule, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    associations: tuple[Association, ...] = ()
    stability: tuple[QuestionStability, ...] = ()
    split_proposal: SplitProposal | None = None


def study_table(frame: pd.DataFrame, spec: DatasetSpec) -> AnswerStudy:
    """What the table alone tells.

    Raises:
        SpecError: a rule of the description is none.
    """
    from kvqa_audit.answers.cells import answer_cells
    from kvqa_audit.answers.discovery import discovered_rules
    from kvqa_audit.answers.order_of_ids import id_order_tests
    from kvqa_audit.answers.stereotypes import stereotypes

    cells = answer_cells(frame, spec)
    return AnswerStudy(
        cells=cells,
        forms=cells.forms,
        row_order=id_order_tests(cells),
        stereotypes=stereotypes(cells),
        discovered=discovered_rules(cells, spec),
    )


def study_pictures(
    study: AnswerStudy,
    pairs: Sequence[DuplicatePair],
    fingerprints: Sequence[ImageFingerprint],
    spec: DatasetSpec,
    tied: Sequence[tuple[str, str]] = (),
) -> AnswerStudy:
    """Adds what needs to know which images show the same picture, and what they are like.

    `tied` are pairs of images that come from one group; folds and proposed splits keep them together.
    """
    from kvqa_audit.answers.association import associations
    from kvqa_audit.answers.baselines import majority_baselines
    from kvqa_audit.answers.splits import propose_splits
    from kvqa_audit.answers.stability import COPIES, connected, label_stability

    if study.cells is None:
        return study
    group_of = connected([*((pair.left, pair.right) for pair in pairs if pair.tier in COPIES), *tied])
    neighbours = connected([*((pair.left, pair.right) for pair in pairs), *tied])
    sources = (study.cells.sources[source] for source in study.cells.source_of_image.tolist())
    source_of = dict(zip(study.cells.images, sources, strict=True))
    return replace(
        study,
        baselines=majority_baselines(study.cells, group_of),
        associations=associations(study.cells, fingerprints),
        stability=label_stability(study.cells, pairs, spec),
        split_proposal=propose_splits(source_of, neighbours) if source_of else None,
    )
