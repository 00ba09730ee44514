"""Decisions files are read strictly, with errors that name the place; writing touches nothing that is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvqa_audit.errors import SpecError
from kvqa_audit.model import FrozenEvidence, ImageEvidence
from kvqa_audit.release.decisions import CorrectedAnswer, Decision, DecisionVerdict
from kvqa_audit.release.decisions_file import decisions_beside, read_decisions
from kvqa_audit.release.decisions_text import with_added, without

KEY = "0123456789abcdef"
ENTRY = f"""\
# agreed with the clinic
decisions:
  # the first week
  - key: "{KEY}"
    check: KV204
    verdict: false positive
    reason: "two colons: one patient"
    who: A. Curator
    when: 2026-11-25
    expires: 2027-11-25
    related: [b, a]
"""
DECISION = Decision(
    KEY,
    "KV204",
    DecisionVerdict.FALSE_POSITIVE,
    "two colons: one patient",
    "A. Curator",
    date(2026, 11, 25),
    date(2027, 11, 25),
    related=("b", "a"),
)


def written(folder: Path, text: str, name: str = "decisions.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_yaml_is_read_with_its_lines(tmp_path: Path) -> None:
    decisions = read_decisions(written(tmp_path, ENTRY))
    assert decisions == (DECISION,)
    assert decisions[0].line == 4


def test_csv_is_read_with_its_lines(tmp_path: Path) -> None:
    text = (
        "key,check,verdict,reason,who,when,expires,related\n"
        f'{KEY},KV204,false positive,two colons: one patient,A. Curator,2026-11-25,2027-11-25,"[""b"", ""a""]"\n'
        f"{KEY},KV204,false positive,two colons: one patient,A. Curator,2026-11-25,2027-11-25,b; a\n"
    )
    decisions = read_decisions(written(tmp_path, text, "decisions.csv"))
    assert decisions == (DECISION, DECISION)
    assert [decision.line for decision in decisions] == [2, 3]


EVIDENCE = FrozenEvidence(
    (
        ImageEvidence("a: {b}", "0" * 64, (("clinic", "x\ty; [z]"), ("ward", "\N{EN SPACE}no"))),
        ImageEvidence("b"),
    ),
    "when n = 0 must size = 'none'",
    1e-05,
)


@pytest.mark.parametrize("name", ["decisions.yaml", "decisions.csv"])
def test_frozen_evidence_is_read_back(tmp_path: Path, name: str) -> None:
    decided = replace(DECISION, evidence=EVIDENCE)
    others = [replace(DECISION, evidence=replace(EVIDENCE, threshold=limit)) for limit in (None, 0.0, 40.0, 1e22)]
    path = written(tmp_path, with_added(tmp_path / name, "", [decided, *others]), name)
    assert read_decisions(path) == (decided, *others)


def test_a_csv_of_version_1_gets_a_column_for_the_evidence(tmp_path: Path) -> None:
    before = f"key,check,verdict,reason,who,when\n{KEY},KV204,accepted,so,me,2026-11-25\n"
    path = written(tmp_path, before, "decisions.csv")
    (old,) = read_decisions(path)
    decided = replace(DECISION, evidence=EVIDENCE)
    path.write_text(with_added(path, before, [decided]))
    assert read_decisions(path) == (old, decided)


def test_versions_that_are_not_known_are_told(tmp_path: Path) -> None:
    assert read_decisions(written(tmp_path, f"version: 2\n{ENTRY}")) == (DECISION,)
    for version in ("3", '"2"', "true", "[2]"):
        with pytest.raises(SpecError, match=r"line 1, key version: .* is no version that this program reads; 1 and 2"):
            read_decisions(written(tmp_path, f"version: {version}\n{ENTRY}"))


def test_evidence_that_is_none_is_told_with_its_place(tmp_path: Path) -> None:
    entry = ENTRY + '    evidence: {images: [{img_id: "a", sha256: "12"}]}\n'
    with pytest.raises(SpecError, match=r"line 12, key decisions\.0\.evidence: sha256 has to be 64 hex digits"):
        read_decisions(written(tmp_path, entry))


CORRECTED = replace(
    DECISION,
    verdict=DecisionVerdict.CONFIRMED,
    correction=CorrectedAnswer("b", 'Is "it"?\n\N{EN SPACE}', "yes; {no}", "no, it's"),
)


@pytest.mark.parametrize("name", ["decisions.yaml", "decisions.csv"])
def test_correction_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(with_added(path, "", [CORRECTED]), encoding="utf-8", newline="")
    assert read_decisions(path) == (CORRECTED,)


@pytest.mark.parametrize(
    ("correction", "message"),
    [
        ("yes", "correction: has to hold img_id, question, old_answer, answer, such as"),
        ('{img_id: "b", question: "q", answer: "no"}', "correction: has to hold img_id, question"),
        ('{img_id: "b", question: "q", old_answer: "yes", answer: no}', "correction: False is not read as text"),
        ('{img_id: "b", question: "q", old_answer: "yes", answer: " "}', "correction: the answer is blank"),
    ],
)
def test_wrong_corrections_are_told(tmp_path: Path, correction: str, message: str) -> None:
    entry = ENTRY.replace("false positive", "confirmed") + f"    correction: {correction}\n"
    with pytest.raises(SpecError, match=message):
        read_decisions(written(tmp_path, entry))
    entry = ENTRY + '    correction: {img_id: "b", question: "q", old_answer: "yes", answer: "no"}\n'
    with pytest.raises(SpecError, match="only a confirmed defect has one, this one is false positive"):
        read_decisions(written(tmp_path, entry))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "verdict: false positive",
            "verdict: flase positive",
            "line 6, key decisions.0.verdict: 'flase positive' is no",
        ),
        ("reason:", "reson:", "line 7, key decisions.0.reson: is not a known key; did you mean 'reason'?"),
        ('reason: "two colons: one patient"', 'reason: " "', "reason: is blank; say why"),
        ("    who: A. Curator\n", "", "line 4, key decisions.0.who: is missing"),
        ("when: 2026-11-25", "when: yesterday", "'yesterday' is no day"),
        (
            "when: 2026-11-25",
            "when: 2026-13-25",
            "line 9, key decisions.0.when: 2026-13-25 cannot be read: month must be in 1..12",
        ),
        ("expires: 2027-11-25", "expires: 2025-11-25", "lies before the day of the decision"),
        (f'key: "{KEY}"', "key: 1234567890123456", "is not read as text; put it into quotes"),
        (f'key: "{KEY}"', "key: nonsense", "is no finding's key"),
        ("related: [b, a]", "related: b", "has to be a list of ids"),
        ("related: [b, a]", "related: [yes]", "put it into quotes"),
        ("related: [b, a]", "related: &x [*x]", "anchors and aliases are not allowed"),
        ("who: A. Curator", "who: !!python/object/apply:os.getcwd []", "the tag"),
        ("who: A. Curator", "who: A\n    who: B", "stands twice"),
        ("decisions:", "decision:", "'decisions' with a list below it"),
        ("check: KV204", "check: 204", "put it into quotes"),
        ("check: KV204", "check: SSIM", "is no check's code"),
    ],
)
def test_mistakes_in_yaml_are_told_with_their_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert ENTRY.count(old) == 1
    with pytest.raises(SpecError) as error:
        read_decisions(written(tmp_path, ENTRY.replace(old, new)))
    assert message in str(error.value)
    assert "decisions.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("text", "line"), [("\n- a", 2), ("\nx", 2), ("decisions: []\nmore: 1", 2), ("decisions: []\n~: 1", 2), ("1: 2", 1)]
)
def test_a_file_without_the_one_key_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(SpecError, match=rf"decisions\.yaml, line {line}, key .*: a decisions file holds 'version: 2'"):
        read_decisions(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key,chek\n", "line 1: the column 'chek' is not known, or stands twice; did you mean 'check'?"),
        ("key,check,verdict\na\n", "line 2: has 1 cells; the header has 3"),
        (f"key,check,verdict,reason,who,when\n{KEY},KV204,accepted,why,who,1.2.2026\n", "line 2, column when"),
        (f"key,check,verdict,reason,who,when,related\n{KEY},KV204,accepted,why,who,2026-01-01,[1]\n", "into quotes"),
        ("key,check,key\n", "stands twice"),
        ('key,check\n"open', "line 2: has 1 cells"),
    ],
)
def test_mistakes_in_csv_are_told_with_their_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=r"decisions\.csv") as error:
        read_decisions(written(tmp_path, text, "decisions.csv"))
    assert message in str(error.value)


def test_unreadable_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no such decisions file"):
        read_decisions(tmp_path / "decisions.yaml")
    (tmp_path / "decisions.csv").write_bytes(b"key\xff")
    with pytest.raises(SpecError, match="byte 3 is not UTF-8"):
        read_decisions(tmp_path / "decisions.csv")


def test_file_beside_the_table_is_found(tmp_path: Path) -> None:
    assert decisions_beside(tmp_path) is None
    assert decisions_beside("owner/dataset") is None
    path = written(tmp_path, ENTRY)
    table = written(tmp_path, "", "metadata.csv")
    assert (decisions_beside(tmp_path), decisions_beside(table)) == (path, path)
    written(tmp_path, "", "decisions.csv")
    with pytest.raises(SpecError, match="keep one of them"):
        decisions_beside(tmp_path)


@pytest.mark.parametrize(
    "start", ["", ENTRY, ENTRY.rstrip("\n"), "decisions: []\n", "decisions:\n", "# empty\ndecisions: null\n"]
)
def test_adding_keeps_what_is_there(tmp_path: Path, start: str) -> None:
    path = written(tmp_path, start)
    before = read_decisions(path)
    text = with_added(path, start, [replace(DECISION, key="f" * 16)])
    path.write_text(text)
    assert read_decisions(path) == (*before, replace(DECISION, key="f" * 16))
    if before:
        assert text.startswith(start)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=30)


@settings(max_examples=40)
@given(reason=texts.filter(str.strip), who=texts.filter(str.strip), answer=texts, related=st.lists(texts, max_size=3))
@pytest.mark.parametrize("name", ["decisions.yaml", "decisions.csv"])
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, reason: str, who: str, answer: str, related: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    decision = replace(DECISION, reason=reason, who=who, answer=answer, related=tuple(related))
    path.write_bytes(with_added(path, "", [decision, DECISION]).encode())
    found = read_decisions(path)
    if name.endswith(".csv") and not answer.strip():
        decision = replace(decision, answer=None)
    assert found == (decision, DECISION)


def test_taking_out_keeps_comments_and_order(tmp_path: Path) -> None:
    others = [replace(DECISION, key=digit * 16) for digit in "abc"]
    text = with_added(tmp_path / "decisions.yaml", ENTRY + "  # the second week\n\n", others)
    path = written(tmp_path, text + "# the end\n")
    first, _, second, _ = read_decisions(path)
    left = without(path, path.read_text(), [first, second])
    path.write_text(left)
    assert read_decisions(path) == (others[0], others[2])
    for comment in ("# agreed with the clinic", "# the first week", "# the second week", "# the end"):
        assert comment in left
    path.write_text(without(path, left, read_decisions(path)))
    assert read_decisions(path) == ()
