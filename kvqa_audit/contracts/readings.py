"""A question and an answer as they stand in a row come in; what is meant, and what is wrong with it, goes out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.question import Question, Vocabulary
from kvqa_audit.spelling import edits, folded

_COUNT = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class AnswerReading:
    """One answer to one question, read against the catalogue.

    `question` is the catalogue's short name, None for a question that is not in it. `atoms` are the single answers,
    known misspellings corrected and spelt as the vocabulary spells them, `canonical` is the whole answer as it should
    stand, `outside` the atoms that the vocabulary does not hold (or spells otherwise, where a person wrote it),
    `misspelt` maps known misspellings found to their corrections. `canonical_form` says that separator and order are
    as they should be. Surrounding whitespace is ignored throughout.
    """

    question: str | None
    canonical: str
    atoms: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    misspelt: tuple[tuple[str, str], ...] = ()
    canonical_form: bool = True


def read_answer(question_text: str, answer: str, spec: DatasetSpec) -> AnswerReading:
    """Reads one answer; a blank answer has no atoms and nothing wrong with it."""
    question = spec.question_of(question_text)
    text = answer.strip()
    if question is None or not text:
        return AnswerReading(question.name if question else None, text)
    vocabulary = spec.vocabulary_of(question)
    if vocabulary is None:
        count = folded(text) if spec.made_by != "person" else text
        outside = (text,) if question.type == "numerical count" and not _COUNT.fullmatch(count) else ()
        return AnswerReading(question.name, text, (text,), outside)
    return _against_vocabulary(question, text, vocabulary, exactly=spec.made_by == "person")


def _against_vocabulary(question: Question, text: str, vocabulary: Vocabulary, *, exactly: bool) -> AnswerReading:
    raw = split_answer(text, vocabulary) if question.is_multi_valued else [text]
    atoms = [vocabulary.meant_by(atom) for atom in raw]
    judged = [vocabulary.misspellings.get(atom, atom) for atom in raw] if exactly else atoms
    allowed = set(vocabulary.answers)
    outside = tuple(dict.fromkeys(atom for atom in judged if atom not in allowed)) if atoms else (text,)
    misspelt = tuple(dict.fromkeys((a, vocabulary.misspellings[a]) for a in raw if a in vocabulary.misspellings))
    in_order = sorted(atoms if question.one_row_per_item else set(atoms))
    canonical = question.separator.join(in_order) if atoms else text
    in_form = question.any_order or _with_corrections(text, raw, atoms) == canonical
    return AnswerReading(question.name, canonical, tuple(in_order), outside, misspelt, in_form)


def split_answer(text: str, vocabulary: Vocabulary) -> list[str]:
    """Splits at ';' and at ',', whichever no allowed answer contains, whatever separator was agreed on."""
    marks = [mark for mark in ";," if not any(mark in answer for answer in vocabulary.answers)]
    if not marks:
        return [text]
    return [atom for part in re.split(f"[{''.join(marks)}]", text) if (atom := part.strip())]


def _with_corrections(text: str, raw: list[str], atoms: list[str]) -> str:
    """The text with its atoms replaced by their corrections, separators and order left as they stand."""
    written, position = [], 0
    for wrong, right in zip(raw, atoms, strict=True):
        start = text.index(wrong, position)
        written += [text[position:start], right]
        position = start + len(wrong)
    return "".join([*written, text[position:]])


def closest_answer(reading: AnswerReading, spec: DatasetSpec) -> str | None:
    """The whole answer with every atom outside the vocabulary replaced by the nearest allowed one, or None."""
    question = spec.question_by_name.get(reading.question or "")
    if question is None:
        return None
    vocabulary = spec.vocabulary_of(question)
    if vocabulary is None:
        return _closest_count(reading.canonical)
    atoms = []
    for atom in reading.atoms:
        near = atom if atom in vocabulary.answers else closest(atom, [*vocabulary.answers, *vocabulary.misspellings])
        if near is None:
            return None
        atoms.append(vocabulary.misspellings.get(near, near))
    return question.separator.join(sorted(dict.fromkeys(atoms))) or None


def _closest_count(text: str) -> str | None:
    match = re.fullmatch(r"\+?0*([0-9]{1,9})(?:[.,]0*)?", text, re.ASCII)
    return match[1] if match else None


def closest(text: str, allowed: Iterable[str]) -> str | None:
    """The allowed text most like this one, its spelling aside; None where more than one letter in four would change."""
    known = {folded(one): one for one in sorted(allowed, reverse=True)}
    wanted = folded(text)
    # Longer texts cannot be close to an allowed one, and difflib is quadratic in them.
    if len(wanted) > 2 * max(map(len, known), default=0):
        return None
    found = difflib.get_close_matches(wanted, known, n=3, cutoff=0.6)
    near = [one for one in found if edits(wanted, one) <= max(1, max(len(wanted), len(one)) // 4)]
    return known[near[0]] if near else None
