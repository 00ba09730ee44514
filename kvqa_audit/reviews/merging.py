"""A decisions file that was kept elsewhere comes in; what is new in it goes into the decisions of a dataset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import update

from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.dataset_texts import as_file, decisions_in, decisions_text
from kvqa_audit.jobs.datasets import edit_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.release.decisions import Decision
from kvqa_audit.release.merging import Merged, merge_decisions, merged_text
from kvqa_audit.store.review_tables import REVIEW_ITEMS, ItemState


def merge(store: JobStore, number: int, theirs: str, base: str = "") -> Merged:
    """Merges a decisions file that was kept elsewhere into the decisions of a dataset, unless both disagree.

    Args:
        store: where.
        number: the dataset's id.
        theirs: the text of the file.
        base: the text that both began with, such as an earlier export; empty where they began apart.

    Returns:
        What was added and taken out; where there are conflicts, nothing was changed.

    Raises:
        SpecError: one of the texts cannot be read; it says in which line.
        ConflictError: somebody else edited the dataset in the very same moment; nothing was lost, try again.
    """
    known = bring_up_to_date(store, number)
    text = decisions_text(known.settings)
    merged = merge_decisions(decisions_in(base), decisions_in(text), decisions_in(theirs))
    if not merged.conflicts and (merged.added or merged.removed):
        with as_file(text) as path:
            made = merged_text(path, text, merged)
        decisions_in(made)
        edit_dataset(store, known.id, known.version, replace(known.settings, decisions=made))
        _settled_elsewhere(store, number, merged.added)
    return merged


def _settled_elsewhere(store: JobStore, number: int, decided: Iterable[Decision]) -> None:
    """Takes out of the queue what was decided without it; what people said there before stays in the history."""
    c = REVIEW_ITEMS.c
    about = (c.dataset == number, c.key.in_({one.key for one in decided}), c.state != ItemState.SETTLED)
    with store.writing() as connection:
        connection.execute(update(REVIEW_ITEMS).where(*about).values(state=ItemState.SETTLED, version=c.version + 1))
