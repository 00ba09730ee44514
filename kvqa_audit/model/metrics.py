"""Everything measured that is not a finding, by the names that `metrics` in audit.json has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

# The fields of one of the frozen dataclasses of the stage that measured it, as JSON values.
Record = Mapping[str, Any]


class Metrics(TypedDict, total=False):
    """JSON values; what was not measured, or not yet by the version that wrote the audit, is not there.

    `baseline` is there only where the audit was compared with an earlier one.
    """

    # Image id to source; split to rows.
    sources: Mapping[str, str]
    splits: Mapping[str, int]
    # model.ImageGroups.as_json; None where nothing tells which images belong together.
    image_groups: Record | None
    subset: bool
    # Who wrote the description: a person, `init`, or nobody (auto), who infers it on the spot.
    described_by: str
    notes: Sequence[str]
    images_from_cache: int
    # answers.distributions.QuestionProfile, answers.rules.RuleResult with its level and reason
    profile: Sequence[Record]
    rules: Sequence[Record]
    # Distance in bits to pairs of images.
    nearest_distance_bits: Mapping[str, int]
    verified_distance_bits: Mapping[str, int]
    near_threshold_bits: int | None
    duplicate_thresholds: Mapping[str, float]
    duplicates_examined: Mapping[str, int]
    # duplicates.background.Background: how alike pairs are that were drawn at random; empty where no pair needed it.
    near_frame_background: Mapping[str, float | None]
    # Detector to overlays.answer_agreement.Agreement with its question.
    overlays: Mapping[str, Record]
    # answers.told_by_pictures.PictureGain of each question, by the last kind of vectors.
    told_by_pictures: Sequence[Record]
    # Image id and where it is drawn on the map, across and up, -1 to 1.
    picture_map: Sequence[Sequence[Any]]
    # answers.self_test.SelfTest of "answers" and of "sources", as far as they could be tried.
    self_test: Mapping[str, Record]
    # Of the answers package: AnswerForms, IdOrderTest, Stereotype, DiscoveredRule, Baseline, Association,
    # QuestionStability, SplitProposal.
    answer_forms: Sequence[Record]
    row_order: Sequence[Record]
    stereotypes: Sequence[Record]
    discovered_rules: Sequence[Record]
    baselines: Sequence[Record]
    association: Sequence[Record]
    stability: Sequence[Record]
    split_proposal: Record | None
    # release.decisions.DecisionReport with the file it came from; release.changes.FindingChanges.record
    decisions: Record
    baseline: Record
