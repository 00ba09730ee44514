"""A table comes in; its answered cells, and what else is known about the image of each, as sparse features, go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from kvqa_audit.answers.id_places import id_places
from kvqa_audit.answers.parse import atoms
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spelling import usual_spellings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy import sparse

K = TypeVar("K", bound=Hashable)

MIN_ROWS_OF_A_FACT = 5
MAX_FACTS_OF_A_QUESTION = 60
NEIGHBOURS_EACH_SIDE = 8
# One in a million by chance, and a table has a hundred questions at most.
MIN_Z = 5.0


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that may be known about an image, as a person reads it.

    `kind` is one of: answer (the `value` is an atomic answer), whole (a set of answers given together), number (how
    many answers the set holds), asked (that the question is asked at all), source, picture
    (something is seen in it), looks (how the edges in it lie), beside (the images next to it by id answer so).
    """

    kind: str
    value: str
    question: str = ""


@dataclass(frozen=True)
class Cells:
    """The answered cells of catalogued questions, by image and question; all arrays have one entry a cell.

    `rows` are row numbers, `images`, `groups` and `sources` (of `source_names`) codes from 0, where images that show
    the same picture share a group, `answers` the canonical answers (atoms sorted, misspellings corrected). `rows_of`
    maps a question's short name to the positions of its cells. `facts` (cells x `names`) says what each cell tells
    about its image, `of_image` (images x `image_names`) what is known about the image itself.
    """

    rows: np.ndarray[Any, Any]
    img_ids: list[str]
    images: np.ndarray[Any, Any]
    groups: np.ndarray[Any, Any]
    sources: np.ndarray[Any, Any]
    source_names: tuple[str, ...]
    answers: list[str]
    rows_of: Mapping[str, np.ndarray[Any, Any]]
    facts: sparse.csr_matrix
    names: tuple[Fact, ...]
    of_image: sparse.csr_matrix
    image_names: tuple[Fact, ...]

    def __len__(self) -> int:
        return len(self.rows)


def read_cells(
    frame: pd.DataFrame,
    spec: DatasetSpec,
    copies: Iterable[tuple[str, str]],
    seen: Mapping[str, Iterable[str]],
) -> Cells:
    """Reads a table with the text columns source, question, answer and img_id.

    Args:
        copies: pairs of img_ids that show the same picture; they and whatever they are paired with share a group.
        seen: img_id to what is seen in its picture, such as "a box" or "no text"; images may lack.
    """
    import numpy as np

    answered = _answered(frame, spec)
    names = answered["question"].tolist()
    pair_codes, pairs = _coded(zip(names, answered["answer"], strict=True))
    usual = usual_spellings(answered["answer"])
    parsed = [
        tuple(sorted(set(atoms(usual[answer] if vocabulary is None else answer, question, vocabulary))))
        for name, answer in pairs
        for question in (spec.question_by_name[name],)
        for vocabulary in (spec.vocabulary_of(question),)
    ]
    images, ids = _coded(answered["img_id"])
    facts, fact_names = _facts(pairs, parsed, np.bincount(pair_codes, minlength=len(pairs)), spec)
    of_image, image_names = _of_images(ids, images, answered["source"].tolist(), seen)
    codes, questions = _coded(names)
    sources, source_names = _coded(answered["source"])
    return Cells(
        rows=answered.index.to_numpy(),
        img_ids=[ids[image] for image in images],
        images=images,
        groups=_groups(ids, copies)[images],
        sources=sources,
        source_names=tuple(source_names),
        answers=["; ".join(parsed[code]) for code in pair_codes],
        rows_of={name: np.flatnonzero(codes == number) for number, name in enumerate(questions)},
        facts=facts[pair_codes],
        names=fact_names,
        of_image=of_image,
        image_names=image_names,
    )


def _answered(frame: pd.DataFrame, spec: DatasetSpec) -> pd.DataFrame:
    """The answered rows of catalogued questions, all trimmed, `question` the short name; the same order for any table.

    The index keeps the row numbers.
    """
    names = {text: question.name for text, question in spec.questions_in(frame["question"]).items()}
    roles = ("img_id", "answer", "source")
    cells = frame[[*roles]].apply(lambda column: column.str.strip()).assign(question=frame["question"].map(names))
    kept = cells[cells["question"].notna() & (cells["img_id"] != "") & (cells["answer"] != "")]
    # In plain Python, because pandas cannot sort texts with lone surrogates.
    keys = list(zip(*(kept[role].tolist() for role in ("img_id", "question", "answer", "source")), strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    ordered: pd.DataFrame = kept.reindex(kept.index.take(order))
    return ordered


def _coded(values: Iterable[K]) -> tuple[np.ndarray[Any, Any], list[K]]:
    """Codes from 0 in the order of first sight, and the distinct values; unlike pandas' it takes lone surrogates."""
    import numpy as np

    codes: dict[K, int] = {}
    coded = [codes.setdefault(value, len(codes)) for value in values]
    return np.array(coded, dtype=np.int64), list(codes)


def context_of(cells: Cells, question: str, *, several_rows: bool) -> tuple[sparse.csr_matrix, tuple[Fact, ...]]:
    """What is known beside the answer itself, for every cell of one question.

    The answers of the same question are left out, but where it has one row per item (`several_rows`) its other rows
    stay, and how many rows it has. Where neighbours by id agree more than chance would have it, because images
    were exported in batches, the answers of the images next to it are counted in; never those of another source or of
    a copy of the same picture.
    """
    import numpy as np
    from scipy import sparse

    at = cells.rows_of[question]
    images = cells.images[at]
    ones = np.ones(len(cells), dtype=np.float32)
    gather = sparse.csr_matrix((ones, (cells.images, np.arange(len(cells)))))
    told = (gather @ cells.facts)[images]
    if several_rows:
        told = (told - cells.facts[at]).tocsr()
        told.eliminate_zeros()
        columns = np.arange(len(cells.names))
    else:
        columns = np.flatnonzero([name.question != question for name in cells.names])
        told = told[:, columns]
    told.data = np.minimum(told.data, 1.0)
    beside, beside_names = _beside(cells, at, question)
    names = (*(cells.names[column] for column in columns), *cells.image_names, *beside_names)
    return sparse.hstack([told, cells.of_image[images], beside], format="csr"), names


def _facts(
    pairs: Iterable[tuple[str, str]], parsed: list[tuple[str, ...]], counts: np.ndarray[Any, Any], spec: DatasetSpec
) -> tuple[sparse.csr_matrix, tuple[Fact, ...]]:
    """Facts that each distinct question and answer tell; those told by few rows are left out."""
    told = [
        _told(spec.question_by_name[name].is_multi_valued, name, parts)
        for (name, _), parts in zip(pairs, parsed, strict=True)
    ]
    rows = Counter[Fact]()
    for facts, count in zip(told, counts.tolist(), strict=True):
        for fact in facts:
            rows[fact] += count
    kept: dict[Fact, int] = {}
    taken = Counter[str]()
    for fact, count in rows.most_common():
        if count >= MIN_ROWS_OF_A_FACT and taken[fact.question] < MAX_FACTS_OF_A_QUESTION:
            taken[fact.question] += 1
            kept[fact] = len(kept)
    return _matrix([[kept[fact] for fact in facts if fact in kept] for facts in told], len(kept)), tuple(kept)


def _told(is_set: bool, question: str, parts: tuple[str, ...]) -> list[Fact]:
    facts = [Fact("asked", "", question), *(Fact("answer", part, question) for part in parts)]
    if len(parts) > 1:
        facts.append(Fact("whole", "; ".join(parts), question))
    if is_set:
        facts.append(Fact("number", str(len(parts)), question))
    return facts


def _groups(ids: list[str], copies: Iterable[tuple[str, str]]) -> np.ndarray[Any, Any]:
    import numpy as np
    from scipy import sparse

    position = {img_id: number for number, img_id in enumerate(ids)}
    edges = [(position[left], position[right]) for left, right in copies if left in position and right in position]
    left, right = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    graph = sparse.coo_matrix((np.ones(len(edges)), (left, right)), shape=(len(ids), len(ids)))
    return np.asarray(sparse.csgraph.connected_components(graph, directed=False)[1])


def _of_images(
    ids: list[str], images: np.ndarray[Any, Any], sources: list[str], seen: Mapping[str, Iterable[str]]
) -> tuple[sparse.csr_matrix, tuple[Fact, ...]]:
    """The source of every image, its first one, and what is seen in its picture."""
    import numpy as np

    first = np.unique(images, return_index=True)[1]
    told = [[Fact("source", source)] if source else [] for source in map(sources.__getitem__, first.tolist())]
    for told_of_image, img_id in zip(told, ids, strict=True):
        told_of_image += [Fact("picture", thing) for thing in seen.get(img_id, ())]
    names = {fact: number for number, fact in enumerate(dict.fromkeys(fact for facts in told for fact in facts))}
    return _matrix([[names[fact] for fact in facts] for facts in told], len(names)), tuple(names)


def _beside(cells: Cells, at: np.ndarray[Any, Any], question: str) -> tuple[sparse.csr_matrix, tuple[Fact, ...]]:
    """How many of the nearest cells of the question, before and after, give each frequent answer, as a share."""
    import numpy as np
    from scipy import sparse

    # Its cells in the order of the ids, each known by its place among them all.
    order = np.lexsort((at, id_places([cells.img_ids[place] for place in at.tolist()])))
    at = at[order]
    if not _neighbours_agree(cells, at):
        return sparse.csr_matrix((len(at), 0), dtype=np.float32), ()
    answers = [cells.answers[place] for place in at.tolist()]
    counts = Counter(answers).most_common(MAX_FACTS_OF_A_QUESTION)
    column_of = {value: number for number, (value, count) in enumerate(counts) if count >= MIN_ROWS_OF_A_FACT}
    answer = np.array([column_of.get(value, -1) for value in answers])
    names = tuple(Fact("beside", value, question) for value in column_of)
    mine, theirs = [], []
    for step in range(1, min(NEIGHBOURS_EACH_SIDE, len(at) - 1) + 1):
        left, right = _neighbours(cells, at, step)
        for here, there in ((left, right), (right, left)):
            told = answer[there] >= 0
            mine.append(order[here[told]])
            theirs.append(answer[there[told]])
    shape = (len(at), len(names))
    if not mine:
        return sparse.csr_matrix(shape, dtype=np.float32), names
    row, column = np.concatenate(mine), np.concatenate(theirs)
    share = np.full(len(row), 0.5 / NEIGHBOURS_EACH_SIDE, dtype=np.float32)
    return sparse.csr_matrix((share, (row, column)), shape=shape), names


def _neighbours(cells: Cells, at: np.ndarray[Any, Any], step: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Places in `at` so many steps apart, of one source and of different pictures."""
    import numpy as np

    left, right = np.arange(len(at) - step), np.arange(step, len(at))
    apart = (cells.groups[at[left]] != cells.groups[at[right]]) & (cells.sources[at[left]] == cells.sources[at[right]])
    return left[apart], right[apart]


def _neighbours_agree(cells: Cells, at: np.ndarray[Any, Any]) -> bool:
    """Whether cells next to each other have the same answer more often than chance explains (z-test, within sources).

    Where ids say nothing, because they are random or made of what is seen, they do not.
    """
    import numpy as np

    left, right = _neighbours(cells, at, 1)
    if not len(left):
        return False
    answer, answers = _coded(cells.answers[place] for place in at.tolist())
    counts = np.zeros((int(cells.sources.max()) + 1, len(answers)))
    np.add.at(counts, (cells.sources[at], answer), 1.0)
    by_chance = ((counts / np.maximum(1.0, counts.sum(axis=1, keepdims=True))) ** 2).sum(axis=1)
    expected = by_chance[cells.sources[at[left]]]
    surplus = (answer[left] == answer[right]).sum() - expected.sum()
    return bool(surplus > MIN_Z * np.sqrt((expected * (1.0 - expected)).sum()))


def _matrix(columns: list[list[int]], width: int) -> sparse.csr_matrix:
    import numpy as np
    from scipy import sparse

    indptr = np.cumsum([0, *map(len, columns)])
    indices = np.array([column for row in columns for column in row], dtype=np.int32)
    return sparse.csr_matrix((np.ones(len(indices), dtype=np.float32), indices, indptr), shape=(len(columns), width))
