"""A person walks through findings on the terminal; the next audit knows what was decided."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.demo import DemoTruth
from kvqa_audit.model import FindingStatus
from kvqa_audit.release.decisions import DecisionVerdict
from kvqa_audit.release.decisions_file import read_decisions
from tests.functional.conftest import Program


@pytest.fixture
def decisions(tmp_path: Path) -> Path:
    return tmp_path / "decisions.yaml"


def test_answers_go_into_the_file_one_by_one(program: Program, audited: Path, decisions: Path) -> None:
    decisions.write_text("# ours\ndecisions:\n")
    answers = "f\ntwo colons\nx\n.\nnonsense\ns\na\n\x1b[31mhow it is\n2031-01-01\n"
    done = program("review", audited, "--decisions", decisions, "--check", "kv2", "--who", "A. Curator", typed=answers)
    assert done.returncode == 0, done.stderr
    first, second, third = read_decisions(decisions)
    assert (first.check, first.verdict, first.who) == ("KV201", DecisionVerdict.FALSE_POSITIVE, "A. Curator")
    assert (second.verdict, second.reason) == (DecisionVerdict.FIXED, "two colons")
    assert (third.verdict, str(third.expires)) == (DecisionVerdict.ACCEPTED, "2031-01-01")
    assert "\x1b" not in third.reason + done.stdout
    assert "nonsense is none of" in done.stdout
    assert "demo_polyps_01.jpg" in done.stdout
    assert "similarity" in done.stdout
    # The pair judged false is not asked about again for its sources and its answers.
    assert "KV203 error" not in done.stdout
    assert "KV205 error" not in done.stdout
    assert decisions.read_text().startswith("# ours\ndecisions:\n  - key")


def test_only_what_is_wanted_is_asked(program: Program, audited: Path, decisions: Path) -> None:
    only = ("--check", "KV009", "--img-id", "demo_polyps_03")
    shown = program("review", audited, "--decisions", decisions, *only, typed="q\n")
    assert "[1 of 1] KV009 warning" in shown.stdout
    assert "demo_polyps_03" in shown.stdout
    severe = program("review", audited, "--decisions", decisions, "--severity", "error", "--check", "KV204")
    assert "0 findings are not decided" in severe.stdout
    assert not decisions.exists()


def test_next_audit_knows_the_decisions(
    program: Program, drawn: tuple[Path, DemoTruth], audited: Path, tmp_path: Path
) -> None:
    source, out = tmp_path / "dataset", tmp_path / "out"
    shutil.copytree(drawn[0], source)
    run = read_artifacts(audited)
    program(
        "review",
        audited,
        "--decisions",
        source / "decisions.yaml",
        "--update",
        "--add",
        "accepted",
        "--reason",
        "so",
        "--yes",
    )
    assert len(read_decisions(source / "decisions.yaml")) == len(run.findings)
    table_only = program("run", source, "--subset", "--table-only", "--out", out)
    assert table_only.returncode in (0, 1), table_only.stderr
    assert f"decisions: {len(run.findings)} in {source}/decisions.yaml, by which" in table_only.stdout
    record = json.loads((out / "audit.json").read_text())
    again = read_artifacts(out)
    known = {finding.key for finding in run.findings}
    assert {f.status is FindingStatus.WAIVED for f in again.findings if f.key in known} == {True}
    assert {f.status is FindingStatus.OPEN for f in again.findings if f.key not in known} <= {True}
    waived = sum(finding.key in known for finding in again.findings)
    assert record["metrics"]["decisions"]["waived"] == sum(o.waived for o in again.outcomes) == waived > 10
    assert record["metrics"]["decisions"]["stale"] == []
    opened = program("run", source, "--subset", "--table-only", "--ignore-decisions", "--out", out)
    assert "decisions:" not in opened.stdout
    assert not any(finding.status is FindingStatus.WAIVED for finding in read_artifacts(out).findings)


def test_update_takes_out_what_is_stale_and_adds_nothing(
    program: Program, drawn: tuple[Path, DemoTruth], tmp_path: Path
) -> None:
    source, out = tmp_path / "dataset", tmp_path / "out"
    source.mkdir()
    table = (drawn[0] / "metadata.csv").read_text()
    (source / "metadata.csv").write_text(table)
    program("run", source, "--spec", _part(tmp_path), "--out", out)
    program("review", out, "--update", "--add", "accepted", "--reason", "so", "--check", "KV009", "--yes")
    before = (source / "decisions.yaml").read_text()
    (source / "metadata.csv").write_text(table.replace("lower-rigth", "lower-right"))
    told = program("run", source, "--spec", _part(tmp_path), "--out", out)
    assert "1 about what is no longer found" in told.stdout
    done = program("review", out, "--update")
    assert "0 decisions added, 1 removed" in done.stdout
    (left,) = read_decisions(source / "decisions.yaml")
    assert left.answer == ">20"
    assert (source / "decisions.yaml").read_text() != before
    assert program("review", out, "--update").stdout.splitlines()[0].endswith("0 decisions added, 0 removed")


def test_wrong_use_and_wrong_files_are_told(program: Program, audited: Path, decisions: Path) -> None:
    assert program("review", audited, "--add", "accepted").returncode == 2
    decisions.write_text("decisions:\n  - key: 12\n")
    wrong = program("review", audited, "--decisions", decisions)
    assert wrong.returncode == 2
    assert "decisions.yaml, line 2, key decisions.0.check: is missing" in wrong.stderr
    assert program("review", decisions.parent).returncode == 2


def test_file_whose_layout_forbids_adding_is_left_as_it_was(program: Program, audited: Path, decisions: Path) -> None:
    text = 'decisions: [{key: "0000000000000000", check: KV204, verdict: fixed, reason: r, who: w, when: 2026-01-01}]\n'
    decisions.write_text(text)
    done = program("review", audited, "--decisions", decisions, typed="c\nso it is\n")
    assert done.returncode == 2
    assert "as it is laid out" in done.stderr
    assert decisions.read_text() == text


def _part(folder: Path) -> Path:
    """A description without promises and rules, so that the audit of the demo's table counts as a whole dataset's."""
    from kvqa_audit.spec.load import shipped_descriptions

    spec = folder / "spec"
    spec.mkdir(exist_ok=True)
    (spec / "dataset.yaml").write_bytes((shipped_descriptions() / "kvasir-vqa" / "dataset.yaml").read_bytes())
    return spec


def test_decisions_that_a_report_saved_are_merged_and_only_once(
    program: Program, audited: Path, decisions: Path, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.yaml"
    program(
        "review",
        audited,
        "--decisions",
        saved,
        "--update",
        "--add",
        "accepted",
        "--reason",
        "so",
        "--check",
        "KV009",
        "--yes",
    )
    number = len(read_decisions(saved))
    done = program("review", audited, "--decisions", decisions, "--merge", saved)
    assert (done.returncode, read_decisions(decisions)) == (0, read_decisions(saved))
    assert f"{number} decisions added" in done.stdout
    again = program("review", audited, "--decisions", decisions, "--merge", saved)
    assert f"0 decisions added from {saved}; {number} stood there already" in again.stdout
    missing = program("review", audited, "--decisions", decisions, "--merge", tmp_path / "none.yaml")
    assert missing.returncode == 2
    assert "there is no such decisions file" in missing.stderr


def test_many_decisions_are_shown_and_asked_for_before_they_are_written_and_can_be_undone(
    program: Program, audited: Path, decisions: Path
) -> None:
    many = ("review", audited, "--decisions", decisions, "--update", "--add", "accepted", "--reason", "so")
    refused = program(*many, "--check", "KV009", typed="n\n")
    assert (refused.returncode, decisions.exists()) == (2, False)
    assert "2 of KV009 An answer stands in a known misspelling." in refused.stdout
    assert "nothing was written" in refused.stderr
    assert program(*many, "--check", "KV009").returncode == 2, "the end of input is no yes"
    assert program(*many, "--check", "KV009", typed="y\n").returncode == 0
    before = decisions.read_text()
    other = ("--check", "KV007", "--who", "somebody else")
    assert program(*many, *other, "--yes").returncode == 0
    undone = program("review", audited, "--decisions", decisions, "--undo", "--yes")
    assert "3 of KV007" in undone.stdout
    assert decisions.read_text() == before
    assert program("review", audited, "--decisions", decisions, "--undo", typed="y\n").returncode == 0
    assert read_decisions(decisions) == ()
    assert program("review", audited, "--decisions", decisions, "--undo", "--yes").returncode == 2


def test_check_means_exactly_one_code_and_an_unknown_one_is_an_error(
    program: Program, audited: Path, decisions: Path
) -> None:
    exact = program("review", audited, "--decisions", decisions, "--check", "KV30-L4.1", typed="q\n")
    assert "[1 of 1] KV30-L4.1" in exact.stdout
    unknown = program("review", audited, "--decisions", decisions, "--check", "KV99")
    assert unknown.returncode == 2
    assert "KV99: there is no such check" in unknown.stderr


@pytest.mark.parametrize("command", ["gate", "report", "compare"])
def test_decisions_made_after_the_audit_count_without_a_new_one(
    program: Program, drawn: tuple[Path, DemoTruth], audited: Path, tmp_path: Path, command: str
) -> None:
    decisions, page = tmp_path / "decisions.yaml", tmp_path / "again.html"
    accept = ("--update", "--add", "accepted", "--reason", "known", "--check", "KV005", "--yes", "--who", "Ada")
    assert program("review", audited, "--decisions", decisions, *accept).returncode == 0
    arguments = {"gate": (audited,), "report": (audited, "--out", page), "compare": (audited, audited)}[command]
    told = program(command, *arguments, "--decisions", decisions)
    assert told.returncode in (0, 1), told.stderr
    assert f"decisions: read from {decisions}; 1 findings are waived" in told.stdout
    if command == "gate":
        assert "KV005" not in told.stdout
        assert "KV005" in program("gate", audited).stdout
    if command == "report":
        assert "18 checks found defects that block" in page.read_text()


def test_a_replaced_picture_opens_what_was_decided_about_it(
    program: Program, drawn: tuple[Path, DemoTruth], audited: Path, tmp_path: Path
) -> None:
    source, out = tmp_path / "dataset", tmp_path / "out"
    shutil.copytree(drawn[0], source)
    pair = ("demo_colitis_02", "demo_colitis_reencoded")
    kept, replaced = (source / "images" / f"{name}.jpg" for name in pair)
    decisions = source / "decisions.yaml"
    program("review", audited, "--decisions", decisions, "--img-id", pair[1], "--update", "--add", "accepted",
            "--reason", "both are wanted", "--who", "A. Curator", "--yes")  # fmt: skip
    with Image.open(replaced) as picture:
        picture.save(replaced, "JPEG", quality=70)
    done = program("run", source, "--subset", "--out", out)
    (finding,) = [one for one in read_artifacts(out).findings if one.related == pair and one.check == "KV204"]
    (change,) = finding.evidence_changes
    assert finding.status is FindingStatus.OPEN
    told = " ".join(done.stdout.split())
    assert "1 decided on other evidence, and open again" in told
    assert f"{change.what}: {change.then} when it was decided, now {change.now}" in told
    asked = program("review", out, "--check", "KV204", "--img-id", pair[1], typed="a\nstill wanted\n\n")
    assert "decided on other evidence: accepted by A. Curator" in asked.stdout
    assert "both are wanted" in asked.stdout
    again = program("gate", out)
    assert "decided on other evidence" not in again.stdout
    assert kept.exists()


def test_a_random_sample_is_looked_at_in_parts_and_its_estimate_stands_in_the_next_audit(
    program: Program, drawn: tuple[Path, DemoTruth], audited: Path, tmp_path: Path
) -> None:
    source, out = tmp_path / "dataset", tmp_path / "out"
    shutil.copytree(drawn[0], source)
    where = ("--decisions", source / "decisions.yaml", "--who", "A. Curator")
    nobody = program("sample", audited, *where)
    assert "nobody looked at any of this sample yet" in nobody.stdout
    first = program("sample", audited, *where, "-n", "30", typed="y\nmaybe\nn\nu\nr\nright so\nq\n")
    assert "3 of 30" in first.stdout
    assert "maybe is none of y, n, u, r, s, q" in first.stdout
    assert "4 decisions added; 26 of 30 are still to be looked at" in first.stdout
    made = read_decisions(source / "decisions.yaml")
    assert [decision.verdict.value for decision in made] == ["false positive", "confirmed", "unsure", "confirmed"]
    assert made[3].correction is not None
    assert made[3].correction.answer == "right so"
    rest = program("sample", audited, *where, "-n", "30", typed="y\n" * 27)
    assert "27 decisions added; 0 of 30 are still to be looked at" in rest.stdout
    told = rest.stdout.splitlines()
    estimate = next(line for line in told if line.startswith("between "))
    assert estimate.endswith("answers are wrong (6.7 % of 30 that were drawn at random)")
    done = program("run", source, "--subset", "--table-only", "--out", out)
    assert estimate in " ".join(done.stdout.split())
    assert estimate[1:] in (out / "report.html").read_text()
    assert "about what is no longer found" not in done.stdout
