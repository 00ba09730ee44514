"""Decisions of another file, such as a report saved, become part of the dataset's own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from kvqa_audit.release.decisions import Decision, DecisionVerdict
from kvqa_audit.release.decisions_file import read_decisions
from kvqa_audit.release.review import merged

DAY = date(2031, 1, 2)


def decision(number: int, verdict: DecisionVerdict = DecisionVerdict.CONFIRMED, reason: str = "seen") -> Decision:
    return Decision(f"{number:016x}", "KV350", verdict, reason, "A. Curator", DAY, img_id=f"image {number}")


def test_what_is_new_is_added_once_and_what_stands_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "decisions.yaml"
    assert merged(path, [decision(1), decision(2)]) == (2, 0)
    path.write_text(f"# ours\n{path.read_text()}")
    assert merged(path, [decision(2), decision(3)]) == (1, 1)
    assert read_decisions(path) == (decision(1), decision(2), decision(3))
    assert path.read_text().startswith("# ours\n")
    before = path.read_bytes()
    assert merged(path, [decision(3)]) == (0, 1)
    assert path.read_bytes() == before


def test_another_decision_about_the_same_finding_becomes_the_last_word(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    other = decision(1, DecisionVerdict.ACCEPTED, "known")
    merged(path, [decision(1)])
    assert merged(path, [other]) == (1, 0)
    assert merged(path, [decision(1)]) == (1, 0), "what was decided before, and overruled since, is new again"
    assert [one.verdict.value for one in read_decisions(path)] == ["confirmed", "accepted", "confirmed"]
