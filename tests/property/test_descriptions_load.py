"""Whatever the cells of a table hold, the description that is made of it loads, and says what the table says."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kvqa_audit.describe.description import described
from kvqa_audit.describe.flat_table import FlatTable
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_spec

# Words that YAML, SQL or a reader may take for something else.
WORDS = [
    *(
        "yes",
        "no",
        "on",
        "off",
        "null",
        "~",
        "Null",
        "NA",
        "true",
        "False",
        "y",
        "n",
        "1e5",
        "0x1F",
        "1_000",
        "0o7",
        ".inf",
    ),
    *(
        "2001-01-01",
        "12:30:45",
        "a: b",
        "- a",
        "# a",
        "a #b",
        "'",
        '"',
        "\\",
        "|",
        ">",
        "&a",
        "*a",
        "!x",
        "%TAG",
        "@",
        "`",
    ),
    *(
        "{a: b}",
        "[a]",
        "?",
        ": ",
        "---",
        "...",
        "<<",
        "=",
        "a\nb",
        "a\tb",
        "\x00",
        "\x07",
        "\x85",
        "\u2028",
        "\ufeff",
        "\ud800",
    ),
    *(
        "select",
        "left",
        "order",
        "img_id",
        "source",
        "是否有肺",
        "Есть ли?",
        "هل يوجد؟",
        "x" * 3_000,
        "\U0001f600",
        "  ",
        "a\u0301",
    ),
]
CELLS = st.one_of(st.sampled_from(WORDS), st.text(st.characters(), max_size=12))


def written(table: FlatTable, source: str) -> DatasetSpec:
    with TemporaryDirectory() as folder:
        for name, text in described(table, source).files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        return load_spec(folder)


@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12), CELLS)
def test_a_description_made_of_any_cells_loads(cells: list[tuple[str, str, str]], name: str) -> None:
    rows = [(f"i{n % 7}", *cells[n % len(cells)]) for n in range(4 * len(cells))]
    frame = pd.DataFrame(rows, columns=["img_id", "question", "answer", "source"], dtype=object)
    spec = written(FlatTable(frame, rows=len(frame)), name.replace("/", "_").replace("\x00", "_")[:100] or "x")
    assert (spec.rows, spec.made_by) == (len(rows), "init")
    assert all(spec.question_of(question.text) is question for question in spec.questions)
