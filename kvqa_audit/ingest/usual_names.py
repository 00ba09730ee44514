"""The names of columns come in; the roles that such names usually play in published datasets go out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# Letters and digits only, the most telling first.
NAMES: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "questiontext", "questions", "query", "prompt", "sent", "q"),
    "answer": (
        *("answer", "answertext", "multiplechoiceanswer", "answers", "label", "response", "reply", "groundtruth"),
        *("fullanswer", "directanswers", "gt", "a"),
    ),
    "img_id": (
        *("imgid", "imageid", "imgname", "imagename", "imagefile", "imagefilename", "imgfile", "imgfilename"),
        *("filename", "imagepath", "imgpath", "figurepath", "filepath", "imageurl", "imgurl", "picture", "pic", "path"),
        *("img", "image", "imageids", "images"),
    ),
    "source": ("source", "category", "origin", "dataset", "collection", "organ", "imageorgan", "modality", "class"),
    "split": ("split", "subset", "partition", "fold", "set", "setname", "datasplit"),
}
ACCEPTED = ("answers", "directanswers", "acceptedanswers", "allanswers")


def folded(name: str) -> str:
    """A name's letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]", "", str(name).casefold())


def usual_columns(role: str, columns: Iterable[str]) -> list[str]:
    """The columns whose names tell the role, the most telling first."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(folded(column), column)
    return [by_name[name] for name in NAMES[role] if name in by_name]


def usual_roles(columns: Iterable[str]) -> dict[str, str]:
    """Question, answer and img_id → the column with the most telling name; only the roles that have one."""
    names = list(columns)
    found = {role: usual_columns(role, names) for role in ("question", "answer", "img_id")}
    return {role: best[0] for role, best in found.items() if best}
