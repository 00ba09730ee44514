"""The table comes in; one canonical answer per image and question, as codes in arrays, goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kvqa_audit.answers.image_sources import source_of_images
from kvqa_audit.answers.parse import atoms
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spelling import usual_spellings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

SEPARATOR = "; "


@dataclass(frozen=True, slots=True)
class AnswerForms:
    """How one question's answers are written: in `stored_forms` different ways, which mean `canonical_forms` things.

    `rows` counts the answered rows, `rewritten_rows` those whose text is not the canonical one: known misspellings
    corrected, blanks trimmed, each atomic answer once, in alphabetical order, joined by "; ". `most_split` is the
    canonical answer that is written in the most ways, with those ways by descending rows; empty where every answer
    is written in one way.
    """

    question: str
    rows: int
    stored_forms: int
    canonical_forms: int
    rewritten_rows: int
    most_split: str
    written_as: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class AnswerCells:
    """All answered cells of the catalogue's questions, one per image and question, sorted by image, then question.

    `images` are the trimmed img_ids, sorted, each with its one source (`source_of_image` indexes
    `sources`). `questions` are texts, known misspellings corrected. `answers` are the distinct canonical answers, as
    sorted tuples of atoms, over all questions. A cell is (`image`, `question`, `answer`), three indices, and `row`, the
    table's first row that gave it. Questions with one row per item are pooled into one set; of other questions that are
    answered in several ways the alphabetically first answer counts. Blank answers, unknown questions and rows without
    img_id are left out.
    """

    images: tuple[str, ...]
    sources: tuple[str, ...]
    questions: tuple[str, ...]
    answers: tuple[tuple[str, ...], ...]
    source_of_image: NDArray[np.int64]
    image: NDArray[np.int64]
    question: NDArray[np.int64]
    answer: NDArray[np.int64]
    row: NDArray[np.int64]
    forms: tuple[AnswerForms, ...] = ()

    def text_of(self, answer: int) -> str:
        """The canonical text of an answer."""
        return SEPARATOR.join(self.answers[answer])


def answer_cells(frame: pd.DataFrame, spec: DatasetSpec) -> AnswerCells:
    """Reads a table with the text columns source, question, answer and img_id; sources are trimmed."""
    import numpy as np
    import pandas as pd

    frame = frame.iloc[_in_one_order(frame)]
    ids = frame["img_id"].str.strip()
    named = frame[ids != ""]
    image, images = pd.factorize(ids[ids != ""])
    source_of = source_of_images(named.assign(img_id=ids[ids != ""], source=named["source"].str.strip()))
    source_of_image, sources = pd.factorize(np.array([source_of[img_id] for img_id in images], dtype=object))
    catalogue = {text: known.text for text, known in spec.questions_in(named["question"]).items()}
    asked = named["question"].map(catalogue)
    is_known = asked.notna().to_numpy()
    rows, image = named[is_known], image[is_known]
    question, texts = pd.factorize(asked[is_known])
    given, raw = pd.factorize(rows["answer"])
    pairs, pair = np.unique(question.astype(np.int64) * max(1, len(raw)) + given, return_inverse=True)
    usual = usual_spellings(rows["answer"])
    distinct, answer_of_pair = _canonical(
        pairs, [str(text) for text in texts], [str(text) for text in raw], usual, spec
    )
    answer = answer_of_pair[pair]
    kept = answer >= 0
    forms = _forms(pairs, np.bincount(pair, minlength=len(pairs)), answer_of_pair, texts, raw, distinct)
    row = rows.index.to_numpy(dtype=np.int64)
    cells = (image[kept].astype(np.int64), question[kept].astype(np.int64), answer[kept], row[kept])
    several = {code for code, text in enumerate(texts) if spec.question_by_text[str(text)].one_row_per_item}
    answers = list(distinct)
    cells = _one_per_question(cells, len(texts), several, answers)
    return AnswerCells(
        tuple(map(str, images)),
        tuple(map(str, sources)),
        tuple(map(str, texts)),
        tuple(answers),
        source_of_image.astype(np.int64),
        *cells,
        forms,
    )


def _in_one_order(frame: pd.DataFrame) -> list[int]:
    """The places of the rows by what they hold, so that no code, and no tie, hangs on the order of a table."""
    keys = list(zip(*(frame[role].tolist() for role in ("img_id", "question", "answer", "source")), strict=True))
    return sorted(range(len(keys)), key=keys.__getitem__)


def _canonical(
    pairs: NDArray[np.int64], texts: list[str], raw: list[str], usual: Mapping[str, str], spec: DatasetSpec
) -> tuple[list[tuple[str, ...]], NDArray[np.int64]]:
    """The distinct canonical answers, and which of them each pair of question and raw answer means; -1 is none."""
    import numpy as np

    known: dict[tuple[str, ...], int] = {}
    meant = np.full(len(pairs), -1, dtype=np.int64)
    for position, code in enumerate(pairs.tolist()):
        question = spec.question_by_text[texts[code // len(raw)]]
        vocabulary, text = spec.vocabulary_of(question), raw[code % len(raw)]
        parts = atoms(usual[text] if vocabulary is None else text, question, vocabulary)
        if parts:
            meant[position] = known.setdefault(tuple(sorted(set(parts))), len(known))
    return list(known), meant


_Cells = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.int64]"]


def _one_per_question(cells: _Cells, questions: int, several: set[int], answers: list[tuple[str, ...]]) -> _Cells:
    """Sorts by image and question, keeps the first answer of each, and pools the questions with one row per item.

    New pooled answers are put at the end of `answers`.
    """
    import numpy as np

    image, question, answer, row = cells
    place = image * max(1, questions) + question
    rank = np.empty(len(answers), dtype=np.int64)
    rank[sorted(range(len(answers)), key=answers.__getitem__)] = np.arange(len(answers))
    order = np.lexsort((row, rank[answer], place))
    image, question, answer, row, place = (part[order] for part in (image, question, answer, row, place))
    starts = np.flatnonzero(np.r_[True, place[1:] != place[:-1]]) if len(place) else np.empty(0, np.int64)
    ends = np.r_[starts[1:], len(place)]
    pooled = answer[starts].copy()
    known = {parts: code for code, parts in enumerate(answers)}
    for cell in np.flatnonzero((ends - starts > 1) & np.isin(question[starts], list(several))).tolist():
        codes = answer[starts[cell] : ends[cell]].tolist()
        parts = tuple(sorted({atom for code in codes for atom in answers[code]}))
        if parts not in known:
            known[parts] = len(answers)
            answers.append(parts)
        pooled[cell] = known[parts]
        row[starts[cell]] = row[starts[cell] : ends[cell]].min()
    return image[starts], question[starts], pooled, row[starts]


def _forms(
    pairs: NDArray[np.int64],
    rows: NDArray[np.int64],
    meant: NDArray[np.int64],
    texts: Iterable[str],
    raw: Iterable[str],
    distinct: list[tuple[str, ...]],
) -> tuple[AnswerForms, ...]:
    written = [str(text) for text in raw]
    found: dict[int, dict[int, Counter[str]]] = {}
    for code, count, answer in zip(pairs.tolist(), rows.tolist(), meant.tolist(), strict=True):
        if answer >= 0:
            ways = found.setdefault(code // len(written), {}).setdefault(answer, Counter())
            ways[written[code % len(written)]] += count
    names = [str(text) for text in texts]
    ordered = sorted(found, key=names.__getitem__)
    return tuple(_form(names[question], found[question], distinct) for question in ordered)


def _form(question: str, found: Mapping[int, Counter[str]], distinct: list[tuple[str, ...]]) -> AnswerForms:
    texts = {answer: SEPARATOR.join(distinct[answer]) for answer in found}
    rows = sum(sum(ways.values()) for ways in found.values())
    split = max(found, key=lambda answer: (len(found[answer]), sum(found[answer].values()), texts[answer]))
    return AnswerForms(
        question=question,
        rows=rows,
        stored_forms=sum(len(ways) for ways in found.values()),
        canonical_forms=len(found),
        rewritten_rows=rows - sum(ways[texts[answer]] for answer, ways in found.items()),
        most_split=texts[split] if len(found[split]) > 1 else "",
        written_as=dict(found[split].most_common()) if len(found[split]) > 1 else {},
    )
