"""The lines of a text come in; the questions and answers go out that stand on them in turn, each with its image.

So DAQUAR is written (Malinowski and Fritz, A Multi-World Approach to Question Answering about Real-World Scenes, 2014):
`what is on the desk in the image1 ?`, and on the next line `lamp, book`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kvqa_audit.ingest.usual_names import asks

_MIN_SHARE = 0.8
# Of another text that asks so often, too, somebody wants to know that it is not read.
_MIN_ASKING_TO_TELL = 0.4
_NAMED_IMAGE = re.compile(r"\b(image|img|picture|pic|photo|frame|figure|fig|scan|slide)[_-]?\d+\b", re.IGNORECASE)


def questions_in_turn(lines: Sequence[str]) -> dict[str, list[str]] | None:
    """Columns img_id, question and answer, of the lines that are not blank; None where they are no such table.

    Four in five of every second line have to ask, from the first on, as few of the others may, and four in five have to
    name an image. The name, without its number, stays in the question, which others may ask of other images.
    """
    texts = [text for line in lines if (text := line.strip())]
    questions, answers = texts[::2], texts[1::2]
    if not texts or len(texts) % 2 or _asking(questions) < _MIN_SHARE or _asking(answers) > 1 - _MIN_SHARE:
        return None
    named = [_NAMED_IMAGE.search(question) for question in questions]
    if sum(map(bool, named)) < _MIN_SHARE * len(named):
        return None
    return {
        "img_id": [name[0] if name else "" for name in named],
        "question": [_NAMED_IMAGE.sub(r"\1", question) for question in questions],
        "answer": answers,
    }


def seem_to_ask(lines: Sequence[str]) -> bool:
    """Whether a text has so many questions that it may be a table nobody can read."""
    return _asking([text for line in lines if (text := line.strip())]) >= _MIN_ASKING_TO_TELL


def _asking(texts: Sequence[str]) -> float:
    return sum(map(asks, texts)) / max(len(texts), 1)
