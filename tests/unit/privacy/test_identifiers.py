"""Lines as devices write them and as readers misread them: what identifies is told by kind, the rest is left alone."""

from __future__ import annotations

import time

import pytest

from kvqa_audit.privacy.identifiers import IDENTIFIERS, identifiers_in


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("21/05/2015", ("date",)),
        ("2015-05-21", ("date",)),
        ("21.05.15", ("date",)),
        ("16 APR 2012", ("date",)),
        ("20120416", ("date",)),
        ("/12/2012", ("date",)),
        ("2012", ("date",)),
        ("2110512015", ("date",)),
        ("060/17015", ("date",)),
        ("1709/2015", ("date",)),
        ("12:08:11", ("time",)),
        ("<00:18:57>", ("time",)),
        (":19", ("time",)),
        ("<0005>", ("time",)),
        ("21/05/2015 12:08", ("date", "time")),
        ("12345678901", ("number",)),
        ("010190 12345", ("number",)),
        ("ID: 4711", ("number",)),
        ("MRN: A-99", ("number",)),
        ("Name: Kari", ("name",)),
        ("Navn: Ørjan Å", ("name",)),
        ("Nordmann, Kari", ("name",)),
        ("NORDMANN, KARI", ("name",)),
    ],
)
def test_kinds(line: str, kinds: tuple[str, ...]) -> None:
    assert identifiers_in(line) == kinds
    assert set(kinds) <= set(IDENTIFIERS)


@pytest.mark.parametrize(
    "line",
    ["", "CVP:12", "GT:N", "EH:A5", "D.F:16", "0/1", "611", "x1.25", "Sex:", "Age:", "D.O.B.:", "Name:", "ID:",
     "OLYMPUS", "Physician:", "Comment:", "th:A1 Cm:1"],
)  # fmt: skip
def test_labels_and_settings_are_left_alone(line: str) -> None:
    assert identifiers_in(line) == ()


def test_endless_lines_cost_nothing() -> None:
    started = time.process_time()
    for hostile in ("1" * 100_000, "A" * 100_000, "a, " * 50_000, "1 -" * 50_000, "\x00" * 100_000, "name: " * 50_000):
        identifiers_in(hostile)
    assert time.process_time() - started < 0.5
