"""What a person decided or wrote comes in; corrections of answers, and images to remove, go out."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from kvqa_audit.contracts.readings import read_answer
from kvqa_audit.errors import SpecError
from kvqa_audit.ingest.csv_records import csv_records
from kvqa_audit.model import FrozenEvidence
from kvqa_audit.regular_file import read_regular_file
from kvqa_audit.release.decisions import CorrectedAnswer
from kvqa_audit.release.decisions_file import DecisionsFile
from kvqa_audit.spec.dataset_spec import DatasetSpec

CORRECTION_COLUMNS = ("img_id", "question", "answer", "old_answer", "reason")
REMOVAL_COLUMNS = ("img_id", "reason")
MAX_FILE_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Correction:
    """One reviewed answer, in canonical form; `question` is the catalogue's text, `line` the 1-based line of the file.

    Where `old_answer` is given, only a row that says so (in whatever order and spelling) is corrected, and where it was
    decided on `evidence`, only while the pictures are the same.
    """

    img_id: str
    question: str
    answer: str
    old_answer: str | None
    reason: str
    line: int
    evidence: FrozenEvidence | None = None


def read_corrections(path: Path, spec: DatasetSpec) -> tuple[Correction, ...]:
    """Reads `img_id, question, answer` and, where there, `old_answer` and `reason`.

    Raises:
        SpecError: the file cannot be read, names an unknown question or an answer outside its vocabulary, or says two
            things about one answer; the text names file and line.
    """
    corrections: list[Correction] = []
    for line, cells in _rows(path, CORRECTION_COLUMNS, ("img_id", "question", "answer")):
        where = f"{path}, line {line}"
        corrections.append(_correction(cells, spec, where, line))
    agree(corrections, path)
    return tuple(corrections)


def corrections_decided(decisions: DecisionsFile, spec: DatasetSpec) -> tuple[Correction, ...]:
    """The corrections that confirmed findings carry; of several decisions about one finding the last counts.

    Raises:
        SpecError: as for `read_corrections`, with the line of the decision.
    """
    last = {decision.key: decision for decision in decisions.decisions}
    corrections: dict[CorrectedAnswer, Correction] = {}
    for decision in last.values():
        told = decision.correction
        if told is not None and told not in corrections:
            line = decision.line or 0
            cells = {name: text.strip() for name, text in asdict(told).items()}
            reason = f"{decision.reason} ({decision.who}, {decision.when})"
            made = _correction({**cells, "reason": reason}, spec, f"{decisions.file}, line {line}", line)
            corrections[told] = replace(made, evidence=decision.evidence)
    agree(list(corrections.values()), decisions.file or "")
    return tuple(corrections.values())


def read_removals(path: Path) -> dict[str, str]:
    """Reads `img_id` and, where there, `reason`: image → why it is removed.

    Raises:
        SpecError: the file cannot be read, or a row names no image.
    """
    removals: dict[str, str] = {}
    for line, cells in _rows(path, REMOVAL_COLUMNS, ("img_id",)):
        if not cells["img_id"]:
            raise SpecError(f"{path}, line {line}, column img_id: is blank")
        removals[cells["img_id"]] = cells.get("reason") or f"{path.name}, line {line}"
    return removals


def _correction(cells: Mapping[str, str], spec: DatasetSpec, where: str, line: int) -> Correction:
    for name in ("img_id", "answer"):
        if not cells[name]:
            hint = "; to drop an image's rows name it in --removals" if name == "answer" else ""
            raise SpecError(f"{where}, column {name}: is blank{hint}")
    question = spec.question_by_text.get(cells["question"]) or spec.question_by_name.get(cells["question"])
    if question is None:
        close = difflib.get_close_matches(cells["question"], [*spec.question_by_text, *spec.question_by_name], n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise SpecError(f"{where}, column question: {cells['question'][:80]!r} is not in the catalogue{hint}")
    reading = read_answer(question.text, cells["answer"], spec)
    if reading.outside:
        vocabulary = spec.vocabulary_of(question)
        allowed = ", ".join(vocabulary.answers) if vocabulary else "whole numbers"
        outside = ", ".join(repr(atom[:80]) for atom in reading.outside)
        raise SpecError(f"{where}, column answer: {outside} is not an answer to this question; allowed are: {allowed}")
    old = read_answer(question.text, cells["old_answer"], spec).canonical if cells.get("old_answer") else None
    reason = cells.get("reason") or "reviewed"
    return Correction(cells["img_id"], question.text, reading.canonical, old, reason, line)


def agree(corrections: Sequence[Correction], path: Path | str) -> None:
    """Refuses what would come out otherwise if it were done twice, or in another order.

    Raises:
        SpecError: two corrections say different things about one answer.
    """
    by_key: dict[tuple[str, str], list[Correction]] = {}
    for correction in corrections:
        by_key.setdefault((correction.img_id, correction.question), []).append(correction)
    for same in by_key.values():
        for position, correction in enumerate(same):
            for other in same[:position]:
                told = (correction.old_answer, correction.answer) == (other.old_answer, other.answer)
                chained = correction.answer == other.old_answer or other.answer == correction.old_answer
                vague = None in (correction.old_answer, other.old_answer)
                if not told and (chained or vague or correction.old_answer == other.old_answer):
                    raise SpecError(
                        f"{path}, line {correction.line}: says another thing about the answer that line {other.line} "
                        "corrects; keep one of the two, or tell them apart by old_answer"
                    )


def _rows(path: Path, known: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and trimmed cells of each row of a small CSV file with a header."""
    try:
        text = read_regular_file(path, MAX_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    records = csv_records(text)
    first = next(records, None)
    header = [name.strip() for name in first.cells] if first else []
    for name in (*header, *needed):
        if name not in known or header.count(name) != 1:
            raise SpecError(
                f"{path}, line 1: the column {name[:80]!r} is missing, not known, or stands twice; "
                f"needed are {', '.join(needed)}, known are {', '.join(known)}"
            )
    for record in records:
        if len(record.cells) != len(header):
            raise SpecError(f"{path}, line {record.line}: has {len(record.cells)} cells; the header has {len(header)}")
        yield record.line, {name: cell.strip() for name, cell in zip(header, record.cells, strict=True)}
