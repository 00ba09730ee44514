"""What belongs to one dataset stands in its description: no question, answer or source of it stands in the code."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import kvqa_audit
from kvqa_audit.spec.load import load_spec

PACKAGE = Path(kvqa_audit.__file__).parent
# The demo draws a sample of the dataset; the descriptions are in the wheel beside the code.
OUTSIDE = ("demo", "expectations", "examples")
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in OUTSIDE)
TEMPLATES = sorted(
    path for ending in ("j2", "js", "css") for path in PACKAGE.rglob(f"*.{ending}") if "vendor" not in path.parts
)
# Which description is the default has to be said somewhere.
NAME_THE_DEFAULT = {"spec/load.py", "cli/options.py", "pipeline/audit.py"}
# Words that the description shares with every other text.
COMMON = {"none", "normal", "instrument", "tube", "text", "box", "finding", "easy", "removed", "procedure", "landmark"}
CLOSED = ("procedure", "abnormality", "instrument", "landmark", "polyp_type")


def words() -> list[str]:
    """Everything that is peculiar to the shipped dataset, in lower case."""
    spec = load_spec()
    questions = [text for question in spec.questions for text in (question.text, *question.misspellings)]
    names = [question.name for question in spec.questions]
    answers = [answer for name in CLOSED for answer in spec.vocabularies[name].answers]
    peculiar = {text.casefold() for text in (*questions, *names, *answers, *spec.sources, "polyp", "kvasir")}
    return sorted(peculiar - COMMON)


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of all strings and names; comments may say what a number was measured on."""
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            yield token.start[0], token.string


WORDS = re.compile(rf"(?<![a-z0-9_])(?:{'|'.join(re.escape(word) for word in words())})s?(?![a-z0-9_])")


def test_words_are_those_of_the_description() -> None:
    assert {"polyps", "esophagitis", "colonoscopy", "cecum", "n_polyps", "how many findings are present?"} <= set(
        words()
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_module_knows_no_dataset(path: Path) -> None:
    found = [(line, match[0]) for line, text in texts_of(path) for match in WORDS.finditer(text.casefold())]
    if path.relative_to(PACKAGE).as_posix() in NAME_THE_DEFAULT:
        found = [(line, word) for line, word in found if word != "kvasir"]
    assert found == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_knows_no_dataset(path: Path) -> None:
    assert WORDS.findall(path.read_text(encoding="utf-8").casefold()) == []
