"""What a dataset is meant to be, as frozen records: columns, sources, questions, promises, rules, release."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, model_validator

from kvqa_audit.spec.faults import Location, faults_at
from kvqa_audit.spec.promise import Promise
from kvqa_audit.spec.question import Question, Vocabulary, unambiguous
from kvqa_audit.spec.record import Code, Name, Record, Text
from kvqa_audit.spec.release import Release
from kvqa_audit.spec.rule import COLUMNS_OF_RULES, Rule
from kvqa_audit.spelling import folded

# Checks whose limit a description may set, in the unit that the check names.
BoundedCheck = Literal["KV112", "KV113", "KV114", "KV115", "KV116", "KV117", "KV206", "KV360", "KV361", "KV362"]

MAX_RULES = 1_000
MAX_PROMISES = 1_000


class Licence(Record):
    """Under which terms the dataset may be used, and how it is cited."""

    id: Text
    terms: str = ""
    citation: str = ""
    doi: str = ""


class Hub(Record):
    """Where the dataset lives on the Hugging Face Hub, and the names its split goes by."""

    repo: Text
    splits: list[Text] = []


class Columns(Record):
    """How the table's columns are called in this dataset; it may do without `image` and `split`.

    A field inside a nested column is named by its place, such as `conversations[1].value`. A dataset without categories
    has `source: null`. `accepted` is the column of several accepted answers, `group` that of what several images come
    from: a patient, an examination, a video. `other` names columns that are there and are not judged.
    """

    source: Text | None = "source"
    question: Text = "question"
    answer: Text = "answer"
    img_id: Text = "img_id"
    image: Text = "image"
    split: Text = "split"
    accepted: Text | None = None
    group: Text | None = None
    other: list[str] = []

    @property
    def text_columns(self) -> dict[str, str]:
        """Column name in the file → the role it plays."""
        named = {self.question: "question", self.answer: "answer", self.img_id: "img_id"}
        return named if self.source is None else {self.source: "source", **named}


class Source(Record):
    """One category of images; `images` is how many the whole dataset holds."""

    images: int = Field(ge=0)
    about: str = ""


class SeenQuestion(Record):
    """A yes/no question that the pixels can answer: its short name, and the answers that say seen and not seen."""

    question: Name
    yes: Text = "yes"
    no: Text = "no"


class ColourQuestions(Record):
    """Questions about colours, by short name, and the answers that name a hue whose absence can be measured."""

    questions: list[Name] = Field(min_length=1)
    hues: dict[Text, Literal["blue", "green", "yellow"]] = Field(min_length=1)


class PixelEvidence(Record):
    """Which questions are checked against the picture itself: a box in a corner, burned-in text, and colours."""

    box: SeenQuestion | None = None
    text: SeenQuestion | None = None
    colours: ColourQuestions | None = None

    @property
    def answers_by_question(self) -> dict[str, tuple[str, ...]]:
        """Short name of each question named here → the answers named with it."""
        seen = {one.question: (one.yes, one.no) for one in (self.box, self.text) if one is not None}
        colours = self.colours
        return seen | ({name: tuple(colours.hues) for name in colours.questions} if colours is not None else {})


class DatasetSpec(Record):
    """The whole description of one dataset, as read from its folder.

    `other_questions` says what a question is that the catalogue does not hold: a mistake, or one whose answers are
    free text. `made_by` says who wrote the description: a person, `init` (from the data, and nobody has gone through
    it), or an audit on the spot (auto); what was only inferred blocks less, and spellings of one value are one answer.
    `checks` switches checks off; `bounds` sets the limit of a check instead of what is usual in the dataset.
    """

    name: Text
    made_by: Literal["person", "init", "auto"] = "person"
    about: str = ""
    licence: Licence | None = None
    hub: Hub | None = None
    columns: Columns = Columns()
    rows: int = Field(ge=0)
    images: int = Field(ge=0)
    subset: bool = False
    sources: dict[str, Source] = {}
    vocabularies: dict[str, Vocabulary] = {}
    questions: list[Question] = []
    other_questions: Literal["refused", "free text"] = "refused"
    pixel_evidence: PixelEvidence = PixelEvidence()
    promises: Annotated[list[Promise], Field(max_length=MAX_PROMISES)] = []
    rules: Annotated[list[Rule], Field(max_length=MAX_RULES)] = []
    # A plain off is read as false by YAML.
    checks: dict[Code, Literal["off", False]] = {}
    bounds: dict[BoundedCheck, Annotated[float, Field(ge=0)]] = {}
    release: Release = Release()
    _places: Mapping[tuple[str, str, str], str] = PrivateAttr(default={})

    @model_validator(mode="after")
    def _says_what_is_judged(self) -> DatasetSpec:
        if self.columns.source is not None and not self.sources:
            raise ValueError("sources: names none; a dataset without categories has 'columns: {source: null}'")
        if self.other_questions == "refused" and not self.questions:
            raise ValueError("questions: names none; where questions are free, say 'other_questions: free text'")
        return self

    @model_validator(mode="after")
    def _names_are_known_and_unique(self) -> DatasetSpec:
        faults = self._unknown_names()
        for kind, names in self._names.items():
            used = Counter(names.values())
            faults |= {place: f"the {kind} {name!r} is used twice" for place, name in names.items() if used[name] > 1}
        if faults:
            raise faults_at(faults)
        return self

    def _unknown_names(self) -> dict[Location, str]:
        faults: dict[Location, str] = {}
        for number, question in enumerate(self.questions):
            if question.vocabulary is not None and question.vocabulary not in self.vocabularies:
                known = ", ".join(sorted(self.vocabularies)) or "none"
                faults["questions", number, "vocabulary"] = (
                    f"question {question.name!r} names the vocabulary {question.vocabulary!r}; known are: {known}"
                )
            if question.name in COLUMNS_OF_RULES:
                faults["questions", number, "name"] = (
                    f"{question.name!r} is taken by a column of the rules' table; give another short name"
                )
        for number, rule in enumerate(self.rules):
            for source in rule.sources:
                if source not in self.sources:
                    faults["rules", number, "sources"] = (
                        f"rule {rule.id} names the source {source!r}; known are: {', '.join(self.sources)}"
                    )
        return faults

    @property
    def _names(self) -> dict[str, dict[Location, str]]:
        """What is named, to where each name stands: names of one kind are not used twice."""
        texts: dict[Location, str] = {}
        for number, question in enumerate(self.questions):
            texts["questions", number, "text"] = question.text
            texts |= {("questions", number, "misspellings", n): text for n, text in enumerate(question.misspellings)}
        return {
            "question name": {("questions", n, "name"): question.name for n, question in enumerate(self.questions)},
            "question text": texts,
            "promise id": {("promises", n, "id"): promise.id for n, promise in enumerate(self.promises)},
            "rule id": {("rules", n, "id"): rule.id for n, rule in enumerate(self.rules)},
        }

    @model_validator(mode="after")
    def _pixel_evidence_is_known(self) -> DatasetSpec:
        for name, answers in self.pixel_evidence.answers_by_question.items():
            question = self.question_by_name.get(name)
            if question is None:
                known = ", ".join(sorted(self.question_by_name))
                raise faults_at({("pixel_evidence",): f"names the question {name!r}; known are: {known}"})
            vocabulary = self.vocabulary_of(question)
            for answer in answers:
                if vocabulary is None or answer not in vocabulary.answers:
                    raise faults_at({("pixel_evidence",): f"{answer!r} is no answer to the question {name!r}"})
        return self

    def read_from(self, places: Mapping[tuple[str, str, str], str]) -> DatasetSpec:
        """The same description, which knows where its promises and rules stand.

        Args:
            places: ("promises" or "rules", id, key) to `file, line N`.
        """
        copy = self.model_copy()
        copy._places = dict(places)
        return copy

    def where(self, part: Literal["promises", "rules"], name: str, key: str | None = None) -> str:
        """Where a promise or rule stands: `rules.yaml, line 12, rule L1, when`; without the line if not known."""
        place = self._places.get((part, name, key or "id"), f"{part}.yaml")
        return f"{place}, {part.removesuffix('s')} {name}{f', {key}' if key else ''}"

    @cached_property
    def question_by_text(self) -> dict[str, Question]:
        """Question text as it stands in a row, known misspellings too → the catalogue entry."""
        return {text: q for q in self.questions for text in (q.text, *q.misspellings)}

    @cached_property
    def _question_by_value(self) -> dict[str, Question]:
        return unambiguous((folded(text), q) for text, q in self.question_by_text.items())

    @cached_property
    def _meant(self) -> dict[str, Question | None]:
        """What `question_of` has found so far: a table asks the same questions again and again."""
        return {}

    def question_of(self, text: str) -> Question | None:
        """The catalogue entry that a text in a row means, however it is spelt; None where there is none."""
        if text not in self._meant:
            known = self.question_by_text.get(text.strip())
            self._meant[text] = known if known is not None else self._question_by_value.get(folded(text))
        return self._meant[text]

    def text_of_question(self, text: str) -> str:
        """The text of the catalogue for what a cell asks; the cell's own where it asks something else."""
        known = self.question_of(text)
        return text if known is None else known.text

    def questions_in(self, texts: Iterable[str]) -> dict[str, Question]:
        """Each text that means a catalogue entry, as it stands → the entry."""
        found = ((text, self.question_of(text)) for text in set(texts))
        return {text: question for text, question in found if question is not None}

    @cached_property
    def question_by_name(self) -> dict[str, Question]:
        return {q.name: q for q in self.questions}

    def vocabulary_of(self, question: Question) -> Vocabulary | None:
        """The question's vocabulary; None for whole numbers and free text."""
        return None if question.vocabulary is None else self.vocabularies[question.vocabulary]
