"""A local dataset comes in; the files of its first description, with the doubts as comments, go out as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kvqa_audit.describe.columns import ColumnMap, map_columns, matching_ids
from kvqa_audit.describe.flat_table import FlatTable, flat_table, name_of, read_flat_table
from kvqa_audit.describe.questions import Catalogue, Inferred, infer_catalogue
from kvqa_audit.describe.suggestions import Suggestion, suggest_rules
from kvqa_audit.ingest.dataset import TableFault
from kvqa_audit.spec.yaml_file import NO_TEXT

if TYPE_CHECKING:
    import pandas as pd

    from kvqa_audit.ingest.opened_source import OpenedSource

ROLES = ("source", "question", "answer", "img_id")
MAX_DOUBTFUL = 20


@dataclass(frozen=True)
class Described:
    """What was found out, and the text of each file by its name.

    `reader` says on one line what was read and how, and how many ids match a file; `notes` what is wrong with files.
    """

    columns: ColumnMap
    catalogue: Catalogue
    rows: int
    images: int
    sources: Mapping[str, int]
    suggestions: int
    files: Mapping[str, str]
    reader: str = ""
    notes: tuple[str, ...] = ()


def describe_source(source: str) -> Described:
    """Describes a local dataset as it is; whether it ought to be so is for a person to say.

    Raises:
        SourceError: it cannot be read, or no column holds questions, answers or ids of images.
    """
    return described(read_flat_table(source), source)


def describe_opened(opened: OpenedSource, source: str) -> Described:
    """The same for a source that was opened already."""
    return described(flat_table(opened), source)


def described(table: FlatTable, source: str) -> Described:
    """The same for a table that was read already; `source` gives the dataset its name."""
    table = replace(table, frame=_describable(table.frame))
    columns = map_columns(table)
    names = {columns.roles[role]: role for role in ROLES if role in columns.roles}
    frame = table.frame[list(names)].rename(columns=names)
    catalogue = infer_catalogue(frame[["question", "answer", "img_id"]], are_places=columns.choices is not None)
    suggestions = suggest_rules(frame, catalogue.questions)
    images = frame["img_id"].str.strip()
    count = int(images[images != ""].nunique())
    sources = _sources(frame) if "source" in frame else {}
    files = {
        "dataset.yaml": _lines(_dataset(name_of(source), table, columns, catalogue, sources, table.rows, count)),
        "promises.yaml": _lines(_promises(table.rows, count)),
        "rules.yaml": _lines(_rules(suggestions)),
        "release.yaml": _lines(_release()),
    }
    return Described(
        columns,
        catalogue,
        table.rows,
        count,
        sources,
        len(suggestions),
        files,
        _read(table, columns.roles["img_id"]),
        _notes(table),
    )


def _read(table: FlatTable, id_column: str) -> str:
    if not table.image_files:
        return table.reader
    matched, asked = matching_ids(table, id_column)
    return f"{table.reader}; {matched:,} of {asked:,} ids match a file"


def _notes(table: FlatTable) -> tuple[str, ...]:
    """One line for each kind of fault: how many there are, and the first."""
    kinds: dict[str, list[TableFault]] = {}
    for fault in table.faults:
        kinds.setdefault(fault.kind, []).append(fault)
    return tuple(
        faults[0].message + (f" (line {faults[0].line})" if faults[0].line is not None else "")
        + (f"; {len(faults) - 1:,} more like it" if len(faults) > 1 else "")
        for faults in kinds.values()
    )  # fmt: skip


def _describable(frame: pd.DataFrame) -> pd.DataFrame:
    """The cells, blank where they hold what no description can hold."""
    bad = {name: [text for text in frame[name].unique() if NO_TEXT.search(text)] for name in frame.columns}
    cleaned = {name: ["" if text in bad[name] else text for text in frame[name]] for name in bad if bad[name]}
    return frame.assign(**cleaned).astype(object) if cleaned else frame


def _sources(frame: pd.DataFrame) -> dict[str, int]:
    cells = frame.apply(lambda column: column.str.strip())
    counts = cells[cells["source"] != ""].groupby("source")["img_id"].nunique()
    return {str(name): int(number) for name, number in counts.items()}


def _lines(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """The text in double quotes, as YAML and comments take it: on one line, invisible characters spelt out.

    What no description can hold, such as NUL, becomes U+FFFD.
    """
    written = json.dumps(NO_TEXT.sub("\ufffd", text), ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in written)


def _key(text: str) -> str:
    """The text as a key; YAML wants keys above 1,024 characters to be announced by a question mark."""
    written = quoted(text)
    return written if len(written) <= 1_000 else f"? {written}\n  "


def _dataset(
    name: str,
    table: FlatTable,
    columns: ColumnMap,
    catalogue: Catalogue,
    sources: Mapping[str, int],
    rows: int,
    images: int,
) -> Iterator[str]:
    yield "# A first description, made from the data as they are. Whatever is wrong in them is described as if it were"
    yield "# right: go through the vocabularies, the counts and the comments, and correct what ought to be otherwise."
    yield f"name: {quoted(name)}"
    yield "# Once a person has gone through this file, take the next line away: what it says counts in full then."
    yield "made_by: init"
    yield '# about: "What the images show and who answered."'
    yield '# licence: {id: CC-BY-4.0, terms: "…", citation: "…", doi: "…"}'
    if table.splits:
        yield "# These splits were put together; name one to audit it alone."
        yield f"# hub: {{repo: owner/name, splits: [{', '.join(map(quoted, table.splits))}]}}"
    yield from _columns(columns)
    yield f"rows: {rows}"
    yield f"images: {images}"
    if sources:
        yield "\nsources:"
        yield from (f"  {_key(source)}: {{images: {number}}}" for source, number in sources.items())
    yield from _catalogue(catalogue)


def _columns(columns: ColumnMap) -> Iterator[str]:
    yield "columns:"
    for role in (*ROLES, "split", "group"):
        if role in columns.roles:
            yield f"  {role}: {quoted(columns.roles[role])} # {columns.known_by[role]}"
        elif role == "source":
            yield "  source: null # no column has few values of which each image has one"
    if columns.image:
        yield f"  image: {quoted(columns.image)} # holds pictures"
    if columns.accepted:
        yield f"  accepted: {quoted(columns.accepted)} # several accepted answers"
    if columns.other:
        yield f"  other: [{', '.join(map(quoted, columns.other))}] # there, but not judged"


def _catalogue(catalogue: Catalogue) -> Iterator[str]:
    vocabularies = _vocabularies(catalogue.questions)
    if vocabularies:
        yield "\nvocabularies:"
    for answers, name in vocabularies.items():
        yield f"  {quoted(name)}:"
        yield f"    answers: [{', '.join(map(quoted, answers))}]"
    yield ""
    if catalogue.free:
        yield f"# {catalogue.left_out:,} rows ask a question that is seldom asked: there is no closed catalogue."
        yield "other_questions: free text"
    elif catalogue.left_out:
        yield f"# {catalogue.left_out:,} rows ask another question than these: misspelt, or too seldom asked to tell."
    yield "questions:" if catalogue.questions else "questions: []"
    for question in catalogue.questions:
        yield from _question(question, vocabularies)


def _vocabularies(questions: tuple[Inferred, ...]) -> dict[tuple[str, ...], str]:
    """Answers → name: questions with the same answers share a vocabulary, named after the first of them."""
    names: dict[tuple[str, ...], str] = {}
    for question in questions:
        if question.answers:
            names.setdefault(question.answers, f"of_{question.name}")
    return names


def _question(question: Inferred, vocabularies: Mapping[tuple[str, ...], str]) -> Iterator[str]:
    yield f"  - name: {quoted(question.name)} # {question.rows:,} rows"
    yield f"    text: {quoted(question.text)}"
    yield f"    type: {question.type}"
    if question.answers:
        yield f"    vocabulary: {quoted(vocabularies[question.answers])}"
    if question.separator != "; ":
        yield f"    separator: {quoted(question.separator)}"
    if question.several_rows:
        yield "    one_row_per_item: true"
    if question.any_order:
        yield "    any_order: true"
    yield from (f"    # {doubt}" for doubt in question.doubts)
    for answer in question.doubtful[:MAX_DOUBTFUL]:
        yield f"    # given once, and so left out of the vocabulary: {quoted(answer[:200])}"
    if len(question.doubtful) > MAX_DOUBTFUL:
        yield f"    # and {len(question.doubtful) - MAX_DOUBTFUL} more answers given once"


def _promises(rows: int, images: int) -> Iterator[str]:
    yield "# What the dataset promises as a whole; here, that nothing is lost or added."
    yield "promises:"
    yield "  - id: rows"
    yield f'    title: "The table holds {rows:,} rows."'
    yield "    why: A row more or less is a question lost or answered twice."
    yield "    type: expect_table_row_count_to_equal"
    yield f"    kwargs: {{value: {rows}}}"
    yield "  - id: images"
    yield f'    title: "The dataset holds {images:,} images."'
    yield "    why: The dataset is described by its number of images."
    yield "    type: expect_column_unique_value_count_to_be_between"
    yield f"    kwargs: {{column: img_id, min_value: {images}, max_value: {images}}}"


def _rules(suggestions: tuple[Suggestion, ...]) -> Iterator[str]:
    yield "# What has to hold between the answers about one image."
    yield "rules: []"
    if not suggestions:
        yield "# Nothing was found that always holds; a rule looks like this, under 'rules:' in place of '[]':"
        suggestions = (Suggestion("first_question = 'yes'", "second_question = 'no'", 0),)
    else:
        yield "# These held for every image so far. Take over what must hold, under 'rules:' in place of '[]':"
    for number, suggestion in enumerate(suggestions, start=1):
        yield f"#  - id: S{number}"
        yield "#    level: soft"
        yield f"#    when: {quoted(suggestion.when)}"
        yield f"#    must: {quoted(suggestion.must)}"
        yield f"#    why: It held for all {suggestion.images:,} images to which it applies."


def _release() -> Iterator[str]:
    yield "# When a version may go out. More can be asked: limits, no_new, require, fail_on_stale_decisions, …"
    yield "fail_on: error"
    yield "required: [KV001]"
