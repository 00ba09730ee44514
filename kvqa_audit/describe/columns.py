"""A raw table comes in; which column plays which role, and how that is known, goes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvqa_audit.describe.flat_table import FlatTable
from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.arrow_columns import OF_PICTURE
from kvqa_audit.ingest.image_ids import match_ids
from kvqa_audit.ingest.usual_names import ACCEPTED, asks, folded, usual_columns

if TYPE_CHECKING:
    import pandas as pd

MAX_SOURCES = 50
MAX_SOURCE_CHARACTERS = 20_000
MIN_IMAGES_OF_A_SOURCE = 3
MIN_DIFFERENT_BY_CHANCE = 10
_IMAGE_NAME = re.compile(r"\.(?:jpe?g|png|bmp|tiff?|webp|gif|dcm)$", re.IGNORECASE)
_ELSEWHERE = {"answer": "; where the answers stand in another file, name the folder of both"}
# question_id and questionId, not "said".
_NUMBERS_ROWS = re.compile(r"(?:(?:^|[^a-zA-Z])(?:id|ID|Id|idx|index|uuid)|[a-z](?:Id|ID|Idx|Index))$")
_CHOICES = ("choices", "options", "candidates", "answerchoices", "multiplechoices", "answeroptions")
_TRUTH = frozenset({"true", "false", "yes", "no", "0", "1", "t", "f"})


@dataclass(frozen=True)
class ColumnMap:
    """Role → column of the table (source, split and group may be missing), and role → how it is known, in words.

    `choices` is the column with each row's list of choices, where the answers are places in it.
    """

    roles: Mapping[str, str]
    known_by: Mapping[str, str]
    other: tuple[str, ...]
    image: str | None = None
    accepted: str | None = None
    choices: str | None = None


def map_columns(table: FlatTable) -> ColumnMap:
    """Finds question, answer, img_id, source, split and group, by name first and by content else.

    Raises:
        SourceError: no column holds questions, answers or ids of images.
    """
    frame = table.frame
    roles: dict[str, str] = {}
    known_by: dict[str, str] = {}
    for role in ("question", "answer", "split"):
        # A question in pieces is none; a list of answers may be several.
        whole = [name for name in frame.columns if role != "question" or name not in table.several]
        named = _named(role, whole, roles.values())
        if named is not None:
            roles[role], known_by[role] = named, "by its name"
    img_id = _id_column(table, roles)
    if img_id is not None:
        roles["img_id"], known_by["img_id"] = img_id
    for role, score in (("img_id", _like_ids), ("question", _like_questions), ("answer", _like_answers)):
        if role in roles:
            continue
        if role == "answer" and (reply := _reply(roles["question"], frame.columns)):
            roles[role], known_by[role] = reply, "by its place, after the question"
            continue
        found = _best({name: score(table, name, roles) for name in frame.columns if name not in roles.values()})
        if found is None:
            raise SourceError(
                f"no column was found for '{role}'; the columns are {', '.join(map(repr, frame.columns))}. "
                f"Name one of them '{role}', or write the description by hand{_ELSEWHERE.get(role, '')}."
            )
        roles[role], known_by[role] = found, "by what it holds"
    group = _group(table.frame, roles)
    if group is not None:
        roles["group"], known_by["group"] = group
    source = _source(table, roles)
    if source is not None:
        roles["source"], known_by["source"] = source
    pictures = [name for name in table.pictures if name not in roles.values()]
    accepted = _accepted(table, roles)
    taken = {*roles.values(), accepted, *(path.partition(".")[0].partition("[")[0] for path in roles.values())}
    all_named = dict.fromkeys(
        str(n) for n in (*frame.columns, *table.nested, *pictures[1:]) if "." not in n and "[" not in n
    )
    other = tuple(name for name in all_named if name not in taken)
    choices = _choices(table, roles["answer"])
    known_by["answer"] += f", the place of one of the {choices!r}" if choices is not None else ""
    return ColumnMap(roles, known_by, other, pictures[0] if pictures else None, accepted, choices)


def _named(role: str, columns: Iterable[str], taken: Iterable[str]) -> str | None:
    free = [str(name) for name in columns if name not in set(taken)]
    return next(iter(usual_columns(role, free)), None)


def _id_column(table: FlatTable, roles: Mapping[str, str]) -> tuple[str, str] | None:
    """Of the columns that go by a name for ids, the one whose cells match most files, and how it is known."""
    named = usual_columns("img_id", [str(name) for name in table.frame.columns if name not in roles.values()])
    if not named:
        return None
    shares = {name: _share_of_files(table, name) for name in named}
    best = max(named, key=lambda name: shares[name])
    if best.removesuffix(OF_PICTURE) in table.pictures:
        return best, "the pictures themselves, told apart by their bytes"
    return best, "by its name" + (", and its cells name files" if shares[best] else "")


def _accepted(table: FlatTable, roles: Mapping[str, str]) -> str | None:
    return next((n for n in table.several if n not in roles.values() and folded(n) in ACCEPTED), None)


def _choices(table: FlatTable, answer: str) -> str | None:
    """The column with lists of choices, where every answer is a number."""
    named = next((name for name in table.nested if folded(name) in _CHOICES), None)
    return named if named is not None and _cells(table.frame, answer).str.fullmatch(r"\d{1,2}").all() else None


def _reply(question: str, columns: Iterable[str]) -> str | None:
    """The address of what is said next in a list of turns; None where the question is in none.

    A turn may be a list of parts; then what is said next is the first part with a field of the same name.
    """
    for turn in re.finditer(r"\[(\d+)\]", question):
        following = f"{question[: turn.start()]}[{int(turn[1]) + 1}]"
        rest, name = question[turn.end() :], question.rpartition(".")[2]
        parts = [str(one) for one in columns if str(one).startswith(following) and str(one).endswith(name)]
        if parts:
            return following + rest if following + rest in parts else parts[0]
    return None


def _best(scores: Mapping[str, float]) -> str | None:
    name = max(scores, key=lambda n: scores[n], default=None)
    return name if name is not None and scores[name] >= 0.5 else None


def _cells(frame: pd.DataFrame, name: str) -> pd.Series[str]:
    cells: pd.Series[str] = frame[name].str.strip()
    return cells[cells != ""]


def _stripped(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """These columns without spaces around their cells; `frame[[…]]` would go through all columns each time."""
    import pandas as pd

    return pd.DataFrame({name: frame[name].str.strip() for name in names})


def _like_questions(table: FlatTable, name: str, _: Mapping[str, str]) -> float:
    cells = _cells(table.frame, name)
    return float(cells.map(asks).mean()) if len(cells) else 0.0


def _like_answers(table: FlatTable, name: str, roles: Mapping[str, str]) -> float:
    """1 for short texts that differ between the images of one question, as answers do.

    What numbers the rows is no answer, nor is what has one value for each image, whatever is asked of it.
    """
    import pandas as pd

    cells = _cells(table.frame, name)
    if not len(cells) or cells.str.len().median() > 60:
        return 0.0
    if float(cells.str.contains(_IMAGE_NAME).mean()) > 0.5:
        return 0.0
    if _NUMBERS_ROWS.search(name) or (cells.is_unique and cells.str.fullmatch(r"[0-9.-]+").all()):
        return 0.0
    image, question = table.frame[roles["img_id"]], table.frame[roles["question"]]
    is_first = ~pd.DataFrame({"image": image, "question": question}).duplicated()
    of_image = table.frame[name][is_first].groupby(image[is_first])
    if (of_image.size() > 1).any() and (of_image.nunique() == 1).all():
        return 0.0
    several = table.frame[name].groupby(question).nunique()
    return 0.5 + 0.5 * float((several > 1).mean())


def _like_ids(table: FlatTable, name: str, _: Mapping[str, str]) -> float:
    """The share of cells that name a file beside the table, or a file that an image could be.

    Of two columns the one that names more of the files is the likelier.
    """
    cells = _cells(table.frame, name)
    if not len(cells):
        return 0.0
    matched, asked = matching_ids(table, name)
    share = matched / asked * (0.5 + 0.5 * matched / len(table.image_files)) if matched else 0.0
    return max(share, float(cells.str.contains(_IMAGE_NAME).mean()))


def _share_of_files(table: FlatTable, name: str) -> float:
    matched, asked = matching_ids(table, name)
    return matched / asked if asked else 0.0


def matching_ids(table: FlatTable, name: str) -> tuple[int, int]:
    """How many of a column's distinct cells name an image file beside the table, and how many there are."""
    cells = table.frame[name]
    distinct = dict.fromkeys(zip(cells, table.folders or ("",) * len(cells), strict=True))
    asked = [row_id for row_id in distinct if row_id[0].strip()]
    return len(match_ids(asked, table.image_files).files) if table.image_files else 0, len(asked)


def _group(frame: pd.DataFrame, roles: Mapping[str, str]) -> tuple[str, str] | None:
    """A column with a name for what several images come from, of which each image has one value and some share one."""
    free = [str(name) for name in frame.columns if name not in roles.values()]
    for name in usual_columns("group", free):
        cells = _stripped(frame, roles["img_id"], name)
        cells = cells[(cells[roles["img_id"]] != "") & (cells[name] != "")].drop_duplicates()
        images, groups = int(cells[roles["img_id"]].nunique()), int(cells[name].nunique())
        if 1 < groups < images and len(cells) <= 1.01 * images:
            return name, f"by its name: {images:,} images of {groups:,}"
    return None


def _source(table: FlatTable, roles: Mapping[str, str]) -> tuple[str, str] | None:
    """A column with few values, of which each image has one: that is what a category of images is."""
    fitting = {}
    for name in table.frame.columns:
        if name not in roles.values() and (evidence := source_evidence(table.frame, str(name), roles["img_id"])):
            fitting[str(name)] = evidence
    if not fitting:
        return None
    named = _named("source", fitting, ())
    best = named or min(fitting, key=lambda name: fitting[name].values)
    how = "by its name" if named else "by what it holds"
    found = fitting[best]
    return best, f"{how}: {found.values} values, one for each of {found.images:,} images with several rows"


@dataclass(frozen=True, slots=True)
class SourceEvidence:
    """How many values a column holds, and of how many images with several rows it holds one value each."""

    values: int
    images: int


def source_evidence(frame: pd.DataFrame, name: str, img_id: str) -> SourceEvidence | None:
    """What speaks for a column being a category of images; None where nothing does, or nobody can know.

    Each value needs several images, and each image one value; and by chance, in as many images with several rows, at
    least ten would have had two. What is true or false is no category.
    """
    if not 2 <= frame[name].nunique() <= 4 * MAX_SOURCES:
        return None
    if int(frame[img_id].duplicated().sum()) < MIN_DIFFERENT_BY_CHANCE:
        return None
    cells = _stripped(frame, img_id, name)
    cells = cells[(cells[img_id] != "") & (cells[name] != "")]
    values = cells[name].value_counts()
    if {value.casefold() for value in values.index} <= _TRUTH:
        return None
    if not 2 <= len(values) <= MAX_SOURCES or values.index.str.len().max() > MAX_SOURCE_CHARACTERS:
        return None
    rows_of = cells.groupby(img_id).size()
    several = rows_of[rows_of > 1]
    constant = cells[cells[img_id].isin(several.index)].groupby(img_id)[name].nunique() == 1
    shares = values / values.sum()
    sizes = several.value_counts()
    alike = [float((shares**rows).sum()) for rows in sizes.index.tolist()]
    by_chance = sum(images * (1.0 - share) for images, share in zip(sizes.tolist(), alike, strict=True))
    if by_chance < MIN_DIFFERENT_BY_CHANCE or constant.mean() < 0.99:
        return None
    images = cells.drop_duplicates([img_id, name])[name].value_counts()
    return SourceEvidence(len(values), len(several)) if images.median() >= MIN_IMAGES_OF_A_SOURCE else None
