"""A finished run comes in; answers drawn at random go into its queue, and among them planted wrong ones.

What people say about the drawn ones estimates how much of the dataset is wrong, as `kvqa-audit sample` does. A planted
one is a row whose answer is shown as another: everybody gets it once, it measures who judges it, and nothing of it is
ever written to the dataset.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.jobs.dataset_decisions import bring_up_to_date
from kvqa_audit.jobs.dataset_texts import decisions_in, decisions_text
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.model import AnswerRows, AuditRun, CheckDoc, CheckOutcome, Finding, OutcomeStatus, Severity, with_keys
from kvqa_audit.pipeline.description import description_of
from kvqa_audit.release.applying import undecided
from kvqa_audit.release.sample import draw
from kvqa_audit.release.sample_unit import SAMPLE_SEED, Unit, sample_code
from kvqa_audit.reviews.prepare import keep, row_of
from kvqa_audit.reviews.prepared import SHEETS
from kvqa_audit.reviews.sheets import sheets_of
from kvqa_audit.store.review_rows import review_of
from kvqa_audit.store.review_tables import ItemState, ReviewVerdict

_DOC = CheckDoc(
    "Drawn at random",
    "What is found wrong among these estimates how much of the whole dataset is.",
    "Say whether the answer is right; correct it if you can.",
    "answers",
)
# So many others are looked at for each one that is planted: its question has to have another usual answer.
_TRIED = 20
# Planted ones are in an order of their own: the same ones are planted again among a larger sample.
_PLANTED_SEED = -1
_MEASURES_NOBODY = {"known": None, "state": ItemState.OPEN}


def lay_out_sample(
    store: JobStore, number: int, run: AuditRun, folder: Path, size: int, planted: int, today: date
) -> None:
    """Puts the first answers of the random order that nobody judged yet, and planted ones, into the queue of a run.

    Args:
        store: where.
        number: the dataset's id.
        run: its finished run, whose findings are the queue.
        folder: of the run's files.
        size: how many are drawn; more of them later go on in the same order.
        planted: how many wrong ones are among them.
        today: decides which decisions are over.

    Raises:
        KvqaAuditError: the run holds no rows, or is not the one that is reviewed.
    """
    if not run.rows:
        raise KvqaAuditError("the audit holds no rows that could be drawn; audit the dataset again, with its table")
    known = bring_up_to_date(store, number)
    said = decisions_in(decisions_text(known.settings))
    drawn = [one.finding for one in draw(run, size, SAMPLE_SEED)]
    code = sample_code(Unit.ANSWERS, SAMPLE_SEED)
    wrong = list(_planted(run, code, drawn, planted))
    wanted = {one.key for one in (*undecided(drawn, said, today, run.docs), *wrong)}
    outcome = CheckOutcome(code, "drawn at random", Severity.INFO, OutcomeStatus.FAILED)
    # Nothing in the order tells which are planted.
    mixed = sorted((*drawn, *wrong), key=lambda one: sha256(one.key.encode()).digest())
    shown = replace(
        run,
        findings=tuple(mixed),
        outcomes=(outcome,),
        docs={**run.docs, code: _DOC},
        pairs=(),
        rows=_with_planted(run.rows, wrong),
    )
    keys = {one.key for one in wrong}
    with store.writing() as connection, (folder / SHEETS).open("ab") as file:
        if review_of(connection, number, lock=True).run != run.run_id:
            raise KvqaAuditError("another audit is reviewed by now; draw from that one")
        rows = []
        for before, sheet in enumerate(sheets_of(shown, description_of(run, None), wanted)):
            line = json.dumps(sheet.body, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode() + b"\n"
            place, is_known = file.tell(), sheet.first.key in keys
            file.write(line)
            measures = {"known": ReviewVerdict.CONFIRMED, "state": ItemState.KNOWN} if is_known else _MEASURES_NOBODY
            rows.append({"run": run.run_id, "place": place, "size": len(line), **row_of(sheet, {}, before), **measures})
        file.flush()
        keep(connection, number, rows)


def _planted(run: AuditRun, code: str, drawn: Sequence[Finding], number: int) -> Iterator[Finding]:
    """Rows that were not drawn, with another usual answer to their question; one of an image at most."""
    usual: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, question, answer, _ in run.rows or ():
        if answer:
            usual[question][answer] += 1
    seen = {one.img_id for one in drawn}
    made: list[Finding] = []
    for one in (drawn.finding for drawn in draw(run, _TRIED * number, _PLANTED_SEED)):
        others = [answer for answer, _ in usual[one.question or ""].most_common(2) if answer != one.answer]
        if others and one.img_id not in seen and len(made) < number:
            seen.add(one.img_id)
            made.append(replace(one, check=code, answer=others[0], key="", frozen_evidence=None))
    yield from with_keys(made)


def _with_planted(rows: AnswerRows, planted: Sequence[Finding]) -> AnswerRows:
    answers: Mapping[int | None, str | None] = {one.row: one.answer for one in planted}
    shown = tuple(answers.get(row) or answer for row, answer in enumerate(rows.answer))
    return AnswerRows(rows.source, rows.question, shown, rows.img_id)
