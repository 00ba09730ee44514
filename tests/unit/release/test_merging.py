"""Decisions that people made apart become one file; nothing is lost, and a disagreement is shown, not settled."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvqa_audit.errors import SpecError
from kvqa_audit.model import FrozenEvidence
from kvqa_audit.release.decisions import CorrectedAnswer, Decision, DecisionVerdict
from kvqa_audit.release.decisions_file import read_decisions
from kvqa_audit.release.decisions_text import with_added
from kvqa_audit.release.merging import merge_decisions, merged_text

CONFIRMED, FALSE, ACCEPTED = DecisionVerdict.CONFIRMED, DecisionVerdict.FALSE_POSITIVE, DecisionVerdict.ACCEPTED


def said(number: int, verdict: DecisionVerdict = FALSE, who: str = "ann", right: str = "") -> Decision:
    correction = CorrectedAnswer("i", "Colour?", "red", right) if right else None
    evidence = FrozenEvidence(judged_by=f"version {number}")
    return Decision(f"{number:016x}", "KV204", verdict, "so", who, date(2026, 1, 1), None, "i", correction=correction,
                    evidence=evidence)  # fmt: skip


A, B, C = said(1), said(2), said(3)


def test_what_either_added_is_there() -> None:
    merged = merge_decisions([A], [A, B], [A, C])
    assert (merged.added, merged.removed, merged.conflicts) == ((C,), (), ())


def test_the_same_words_are_there_once() -> None:
    merged = merge_decisions([], [A, B], [B, A, C])
    assert (merged.added, merged.conflicts) == ((C,), ())


def test_two_who_agree_both_stay() -> None:
    hers = replace(A, who="ben", reason="looked, too")
    assert merge_decisions([], [A], [hers]).added == (hers,)


def test_other_verdicts_and_last_days_and_right_answers_are_conflicts() -> None:
    for ours, theirs in (
        (A, said(1, CONFIRMED)),
        (replace(said(1, ACCEPTED), expires=date(2027, 1, 1)), said(1, ACCEPTED)),
        (said(1, CONFIRMED, right="pink"), said(1, CONFIRMED, right="blue")),
        (said(1, CONFIRMED, right="pink"), said(2, CONFIRMED, right="blue")),
    ):
        (conflict,) = merge_decisions([], [ours], [theirs, C]).conflicts
        assert (conflict.ours, conflict.theirs) == ((ours,), (theirs,))
        assert merge_decisions([], [ours], [theirs, C]).added == (C,)


def test_the_last_word_of_each_side_counts() -> None:
    merged = merge_decisions([A], [A, said(1, CONFIRMED)], [A, said(1, ACCEPTED), said(1, CONFIRMED, "ben")])
    assert (len(merged.added), merged.conflicts) == (2, ())


def test_what_they_took_out_goes_unless_it_was_said_again() -> None:
    assert merge_decisions([A, B], [A, B], [B]).removed == (A,)
    newer = replace(A, reason="again")
    assert merge_decisions([A], [A, newer], []).removed == (A,)
    assert merge_decisions([A], [], [A, B]).added == (B,)
    assert merge_decisions([A], [A, A], []).removed == ()


numbers = st.lists(st.builds(said, st.integers(1, 5), st.sampled_from([CONFIRMED, FALSE]), st.sampled_from("xy")))


@settings(max_examples=150)
@given(base=numbers, ours=numbers, theirs=numbers)
def test_nothing_that_was_decided_since_is_lost(
    base: list[Decision], ours: list[Decision], theirs: list[Decision]
) -> None:
    merged = merge_decisions(base, base + ours, base + theirs)
    there = [*base, *ours, *merged.added, *(one for conflict in merged.conflicts for one in conflict.theirs)]
    assert {*ours, *theirs} <= {*there}
    assert merged.removed == ()
    assert not {*merged.added} & {one for conflict in merged.conflicts for one in conflict.theirs}


@pytest.mark.parametrize("name", ["decisions.yaml", "decisions.csv"])
def test_a_conflict_stands_between_marks_and_is_told_until_one_is_kept(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    mine, theirs = said(2, FALSE), said(2, CONFIRMED, "ben")
    text = with_added(path, "", [A, mine])
    path.write_text(text)
    merged = merge_decisions([A], read_decisions(path), [A, theirs, C])
    path.write_text(merged_text(path, text, merged))
    with pytest.raises(SpecError, match=r"line \d+: two people decided differently here"):
        read_decisions(path)
    lines = path.read_text().splitlines(keepends=True)
    start, middle, end = (
        next(n for n, line in enumerate(lines) if line.startswith(mark)) for mark in ("<<<<<<<", "=======", ">>>>>>>")
    )
    path.write_text("".join([*lines[:start], *lines[middle + 1 : end], *lines[end + 1 :]]))
    assert read_decisions(path) == (A, C, theirs)
    path.write_text("".join([*lines[:start], *lines[start + 1 : middle], *lines[end + 1 :]]))
    assert read_decisions(path) == (A, C, mine)


def test_comments_and_order_stay(tmp_path: Path) -> None:
    path = tmp_path / "decisions.yaml"
    text = "# ours\n" + with_added(path, "", [A]) + "  # the second week\n" + with_added(path, "x: 1\n", [B])[5:]
    path.write_text(text)
    ours = read_decisions(path)
    path.write_text(merged_text(path, text, merge_decisions([A, B], ours, [B, C])))
    assert read_decisions(path) == (B, C)
    assert path.read_text().startswith("# ours\n")
    assert "# the second week" in path.read_text()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_merges_by_it(tmp_path: Path) -> None:
    def git(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", "-C", str(tmp_path), *arguments], check=check, capture_output=True, text=True)

    def commit(*decisions: Decision) -> None:
        path = tmp_path / "decisions.csv"
        path.write_text(with_added(path, "", decisions))
        git("add", ".")
        git("commit", "-q", "-m", "decided")

    git("init", "-q", "-b", "main")
    for name, value in (
        ("user.name", "a"),
        ("user.email", "a@example.org"),
        ("merge.kvqa-audit.driver", f"{sys.executable} -m kvqa_audit merge %O %A %B --name %P"),
    ):
        git("config", name, value)
    (tmp_path / ".gitattributes").write_text("decisions.csv merge=kvqa-audit\n")
    commit(A)
    git("checkout", "-q", "-b", "hers")
    commit(A, B)
    git("checkout", "-q", "main")
    commit(A, C)
    assert git("merge", "-q", "-m", "both", "hers", check=False).returncode == 0
    assert read_decisions(tmp_path / "decisions.csv") == (A, C, B)
    git("checkout", "-q", "hers")
    commit(A, B, said(4, CONFIRMED))
    git("checkout", "-q", "main")
    commit(A, C, B, said(4, FALSE))
    refused = git("merge", "-m", "both", "hers", check=False)
    assert refused.returncode == 1
    assert "CONFLICT" in refused.stdout
    with pytest.raises(SpecError, match="two people decided differently"):
        read_decisions(tmp_path / "decisions.csv")
