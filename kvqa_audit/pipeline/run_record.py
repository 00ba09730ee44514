"""What an audit looked at and measured comes in; the facts and the metrics that its record keeps go out."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING

from kvqa_audit.answers.image_groups import effective_number
from kvqa_audit.ingest.dataset import ROLES
from kvqa_audit.model import AnswerRows, DatasetFacts, Metrics

if TYPE_CHECKING:
    from kvqa_audit.answers.study import AnswerStudy
    from kvqa_audit.checks.base import Evidence
    from kvqa_audit.images.fingerprint_stage import ImageStageResult
    from kvqa_audit.ingest.dataset import Dataset, Table
    from kvqa_audit.pipeline.evidence import Collected
    from kvqa_audit.spec.dataset_spec import DatasetSpec

# Below this share of the described rows, a part was probably meant.
_MOST_OF = 0.9
# Of many questions a note names some; the metrics have them all.
_MOST_NAMED = 5


def facts_of(dataset: Dataset, collected: Collected) -> DatasetFacts:
    """Which dataset was audited, and under which terms its description says it stands."""
    spec, images = collected.evidence.spec, collected.images
    licence = spec.licence
    return DatasetFacts(
        name=spec.name,
        location=dataset.location,
        digest=_digest(dataset, images),
        rows=len(dataset.table.frame),
        images=len(images.fingerprints),
        revision=dataset.revision,
        licence=licence.id if licence else None,
        terms=licence.terms if licence else None,
        citation=licence.citation if licence else None,
        doi=licence.doi if licence else None,
        reader=dataset.reader,
        tables=dataset.tables,
    )


def _digest(dataset: Dataset, images: ImageStageResult) -> str:
    """SHA-256 over the table's cells in order, lengths included, and over the images' digests by id."""
    digest = hashlib.sha256()
    dataset.table.add_cells_to(digest)
    for image in images.fingerprints:
        digest.update(f"{image.img_id} {image.sha256}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def rows_of(table: Table) -> AnswerRows:
    """The table's rows without their data frame; equal cells are one text in memory."""
    once: dict[str, str] = {}
    frame = table.frame
    return AnswerRows(**{role: tuple(once.setdefault(cell, cell) for cell in frame[role]) for role in ROLES})


def metrics_of(collected: Collected) -> Metrics:
    """Everything measured that is not a finding, as JSON values."""
    evidence, duplicates, images = collected.evidence, collected.duplicates, collected.images
    frame = evidence.table.frame
    splits = evidence.table.splits or tuple(evidence.folders.splits.values())
    levels = {rule.id: (rule.level, rule.why) for rule in evidence.spec.rules}
    return {
        "sources": dict(zip(frame["img_id"], frame["source"], strict=True)) | dict(evidence.folders.sources),
        "splits": dict(Counter(name for split in splits if (name := split.strip()))),
        # Not by `asdict`, which copies deeply: a table of free questions has a cell for each of them.
        "profile": [{name: getattr(cell, name) for name in cell.__slots__} for cell in evidence.distributions.cells],
        "rules": [
            {
                "id": rule.id,
                "level": levels[rule.id][0],
                "why": levels[rule.id][1],
                "eligible": rule.eligible,
                "violations": len(rule.violations),
                "share": rule.share,
                "low": rule.low,
                "high": rule.high,
            }
            for rule in evidence.rules.values()
        ],
        "nearest_distance_bits": {str(part.distance_bits): part.pairs for part in duplicates.curve},
        "verified_distance_bits": {str(part.distance_bits): part.verified for part in duplicates.curve},
        "near_threshold_bits": duplicates.near_threshold_bits,
        "duplicate_thresholds": dict(duplicates.thresholds),
        "duplicates_examined": dict(duplicates.examined),
        "near_frame_background": dict(duplicates.background),
        "overlays": collected.overlay_agreement,
        "told_by_pictures": [asdict(gain) for gain in evidence.suspicion.gains],
        "picture_map": [list(place) for place in evidence.suspicion.places],
        "self_test": {
            kind: {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(test).items()}
            for kind, test in (
                ("answers", evidence.suspicion.self_test),
                ("sources", evidence.suspicion.source_self_test),
            )
            if test is not None
        },
        **_study(evidence.study),
        "images_from_cache": images.from_cache,
        "image_groups": evidence.groups.as_json(),
        "subset": "whole dataset" in evidence.absent,
        "described_by": evidence.spec.made_by,
        "notes": [
            *_perhaps_a_part(evidence),
            *_note_on(evidence.spec),
            *_untold_by_pictures(evidence),
            *_note_on_groups(evidence),
            *images.notes,
            *duplicates.notes,
            *collected.notes,
        ],
    }


def _note_on(spec: DatasetSpec) -> Iterator[str]:
    if spec.made_by == "auto":
        yield (
            "No description was given, and the columns or questions are not those of the one that ships: what the "
            "dataset is meant to be was inferred from the data, and what rests on that is at most a warning. "
            "`kvqa-audit init` writes it down, to be corrected and named with --spec."
        )


def _note_on_groups(evidence: Evidence) -> Iterator[str]:
    groups = evidence.groups
    if groups.places:
        sizes = [len(images) for images in groups.members().values()]
        yield (
            f"{sum(sizes):,} images come from {len(sizes):,} {groups.word}s ({groups.origin}), which tell as much as "
            f"{effective_number(sizes):,.0f} of one size; folds and proposed splits keep each together."
        )


def _untold_by_pictures(evidence: Evidence) -> Iterator[str]:
    """The questions whose answers the look of the pictures tells no better than chance."""
    untold = [
        f"'{evidence.spec.question_by_name[gain.question].text}' ({gain.low:+.3f} to {gain.high:+.3f})"
        for gain in evidence.suspicion.gains
        if gain.is_chance
    ]
    more = f"; and {len(untold) - _MOST_NAMED:,} more" if len(untold) > _MOST_NAMED else ""
    if untold:
        yield (
            "How the pictures look tells nothing of these answers that their frequencies do not (gain in bits an "
            f"answer, out of fold, 95 % interval): {'; '.join(untold[:_MOST_NAMED])}{more}. "
            "A finer look (--embedder) may tell more."
        )


def _perhaps_a_part(evidence: Evidence) -> list[str]:
    """A hint where much less is there than the description says, and nobody said that it is a part."""
    rows, described = len(evidence.table.frame), evidence.spec.rows
    if "whole dataset" in evidence.absent or not rows or rows >= _MOST_OF * described:
        return []
    return [f"{rows:,} of {described:,} rows: is this a part of the dataset? Then add --subset."]


def _study(study: AnswerStudy) -> Metrics:
    """What was measured about the answers: one list of records a part, fields as the parts' own classes name them."""
    return {
        "answer_forms": [asdict(form) for form in study.forms],
        "row_order": [asdict(test) for test in study.row_order],
        "stereotypes": [asdict(group) for group in study.stereotypes],
        "discovered_rules": [asdict(rule) for rule in study.discovered],
        "baselines": [asdict(baseline) for baseline in study.baselines],
        "association": [asdict(entry) for entry in study.associations],
        "stability": [asdict(entry) for entry in study.stability],
        "split_proposal": asdict(study.split_proposal) if study.split_proposal else None,
    }


def engines_of(collected: Collected) -> dict[str, str]:
    """The versions of everything else that had a part in the results."""
    packages = ("duckdb", "great_expectations", "numpy", "pandas", "pandera", "pillow", "pyarrow")
    decoders = sorted({image.decoder for image in collected.images.fingerprints if image.decoder})
    return {
        "python": platform.python_version(),
        "decoder": ", ".join(decoders),
        **{package: metadata.version(package) for package in packages},
    }
