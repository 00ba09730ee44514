"""Decisions made outside the queue come in; they go into the decisions of a dataset, and the queue follows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import update

from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.dataset_texts import as_file, decisions_in, decisions_text
from kvqa_audit.jobs.datasets import edit_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.model import Finding, FrozenEvidence
from kvqa_audit.release.decisions import Decision
from kvqa_audit.release.merging import Merged, merge_decisions, merged_text
from kvqa_audit.store.review_records import Item
from kvqa_audit.store.review_rows import items, review_of
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
        now = decisions_in(made)
        edit_dataset(store, known.id, known.version, replace(known.settings, decisions=made))
        follow(store, number, decisions_in(text), now)
    return merged


def follow(store: JobStore, number: int, before: Iterable[Decision], now: Iterable[Decision]) -> None:
    """Brings the queue of a dataset up to date with decisions that were made without it.

    What they settle is out of the queue, and what they say no more is open again, in a new round; what people said in
    the queue stays in the history.
    """
    said, c = {one.key: one for one in now}, REVIEW_ITEMS.c
    gone = {one.key for one in before} - said.keys()
    with store.writing() as connection:
        today = store.clock(connection).date()
        run = review_of(connection, number).run or ""
        for one in items(connection, c.dataset == number, c.run == run, c.state != ItemState.KNOWN):
            values: dict[str, Any] = {"version": one.version + 1}
            if one.state is ItemState.SETTLED:
                if one.key not in gone:
                    continue
                values |= {"state": ItemState.OPEN, "decided": 0, "round": one.round + 1}
                values |= {"settled_by": None, "written": None}
            elif _is_settled(one, said, today):
                values["state"] = ItemState.SETTLED
            else:
                continue
            connection.execute(update(REVIEW_ITEMS).where(c.id == one.id, c.version == one.version).values(**values))


def _is_settled(one: Item, said: Mapping[str, Decision], today: date) -> bool:
    """Whether each finding of a thing is decided, today and on the evidence that it has."""
    return all(
        about["key"] in said and said[about["key"]].settles(_finding(one, about), today) for about in one.findings
    )


def _finding(one: Item, about: Mapping[str, Any]) -> Finding:
    evidence = FrozenEvidence.of_json(about["evidence"]) if about.get("evidence") else None
    handle = (about["img_id"], about["question"], about["answer"])
    return Finding(about["check"], one.severity, "", *handle, related=tuple(about["related"]), frozen_evidence=evidence)
