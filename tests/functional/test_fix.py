"""A corrected copy of the demo dataset: what it changes, that the source stays, and that the proof is honest."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kvqa_audit.demo import DemoTruth
from kvqa_audit.fixes.fix import Options, plan, write_and_prove
from kvqa_audit.model import FindingStatus
from kvqa_audit.pipeline.audit import run_audit
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.pipeline.publish import AuditRequest, audited
from kvqa_audit.release.decisions import DecisionVerdict, decide
from kvqa_audit.release.decisions_file import read_decisions
from kvqa_audit.release.decisions_text import with_added
from kvqa_audit.release.review import store
from kvqa_audit.spec.load import load_spec
from tests.functional.conftest import Program

Drawn = tuple[Path, DemoTruth]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_copy_is_corrected_and_proven(program: Program, drawn: Drawn, tmp_path: Path) -> None:
    source, out = drawn[0], tmp_path / "fixed"
    before = digests(source)
    done = program("fix", source, "--subset", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 rows changed, 1 dropped; 0 images removed" in done.stdout
    assert "left for a person: " in done.stdout
    assert "the proof holds" in done.stdout
    assert digests(source) == before
    after = digests(out)
    images = {name: digest for name, digest in before.items() if name.startswith("images/")}
    assert {name: after[name] for name in images} == images
    assert set(after) - set(images) == {"metadata.csv", "changes.csv", "changes.md", "proof.json"}
    with (out / "changes.csv").open(newline="") as file:
        changes = list(csv.DictReader(file))
    assert list(changes[0]) == ["row", "img_id", "question", "column", "from", "to", "rule", "why"]
    assert [c["rule"] for c in changes].count("KV007") == 3
    assert {c["column"] for c in changes} == {"question", "answer", "(row)"}
    proof = json.loads((out / "proof.json").read_text())
    assert proof["holds"] is True
    assert proof["resolved"] == {"KV004": 1, "KV007": 3, "KV009": 2, "KV010": 1, "KV011": 1}
    assert proof["new"] == proof["lost"] == proof["settled"] == []
    shifted = len(proof["shifted_in"]) - len(proof["shifted_out"])
    assert proof["findings_after"] == proof["findings_before"] - 8 + shifted
    assert {finding["check"][:4] for finding in proof["shifted_in"] + proof["shifted_out"]} <= {"KV35", "KV40"}
    assert proof["images_with_the_same_bytes"] == len(images)
    again = program("fix", out, "--subset", "--table-only", "--dry-run")
    assert "0 rows would change, 0 dropped" in again.stdout


def test_dry_run_writes_nothing(program: Program, drawn: Drawn, tmp_path: Path) -> None:
    done = program("fix", drawn[0], "--subset", "--table-only", "--dry-run", "--out", tmp_path / "fixed")
    assert done.returncode == 0, done.stderr
    assert "7 rows would change, 1 dropped" in done.stdout
    assert "answer: 'lower-rigth' -> 'lower-right'" in done.stdout
    assert not (tmp_path / "fixed").exists()


def test_source_is_never_written_to(program: Program, drawn: Drawn, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "kept").write_text("x")
    for out in (drawn[0], drawn[0] / "images", drawn[0] / "new", full):
        done = program("fix", drawn[0], "--out", out)
        assert done.returncode == 2
        assert "name a" in done.stderr
    assert program("fix", drawn[0]).returncode == 2
    assert program("fix", tmp_path / "full", "--out", tmp_path / "new").returncode == 2
    assert "drawn" not in [path.name for path in tmp_path.iterdir()]


@pytest.fixture
def reviewed(tmp_path: Path) -> tuple[Path, Path]:
    corrections, removals = tmp_path / "corrections.csv", tmp_path / "removals.csv"
    corrections.write_text("img_id,question,answer\ndemo_colitis_05,box,no\nnobody,box,no\n")
    removals.write_text("img_id,reason\ndemo_colitis_03,empty file\ndemo_instrument_copy,the same as demo_polyps_01\n")
    return corrections, removals


def test_reviewed_corrections_and_removals_are_proven_too(
    program: Program, drawn: Drawn, reviewed: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "fixed"
    done = program(
        "fix", drawn[0], "--subset", "--link", "--out", out, "--corrections", reviewed[0], "--removals", reviewed[1]
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 images removed" in done.stdout
    assert "not applied, line 3: nobody" in done.stdout
    assert not (out / "images" / "demo_instrument_copy.jpg").exists()
    assert (out / "images" / "demo_polyps_01.jpg").samefile(drawn[0] / "images" / "demo_polyps_01.jpg")
    table = (out / "metadata.csv").read_text()
    assert "demo_instrument_copy" not in table
    assert "demo_colitis_03" not in table
    settled = {finding["check"] for finding in json.loads((out / "proof.json").read_text())["settled"]}
    assert {"KV008", "KV105", "KV201", "KV203", "KV205"} <= settled
    assert "| removal |" in (out / "changes.md").read_text()


def test_an_image_to_be_removed_that_is_not_there_is_told(program: Program, few: Path, tmp_path: Path) -> None:
    removals, out = tmp_path / "removals.csv", tmp_path / "fixed"
    removals.write_text("img_id\nnowhere\n")
    done = program("fix", few, "--subset", "--table-only", "--out", out, "--removals", removals)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not removed: nowhere: no row and no image has this id" in done.stdout
    assert "Not removed, because no row and no image has this id\n\n- `nowhere`" in (out / "changes.md").read_text()


def test_corrected_answer_of_a_review_is_applied(
    program: Program, few: Path, few_audited: Path, tmp_path: Path
) -> None:
    decisions, out = tmp_path / "decisions.yaml", tmp_path / "fixed"
    arguments = (
        "review",
        few_audited,
        "--decisions",
        decisions,
        "--check",
        "KV361",
        "--img-id",
        "demo_instrument_copy",
    )
    done = program(*arguments, "--who", "Ada", typed="r\nyes\n")
    assert done.returncode == 0, done.stderr
    assert "co(r)rect" in done.stdout
    assert "correction: {" in decisions.read_text()
    fixed = program("fix", few, "--subset", "--out", out, "--decisions", decisions)
    assert fixed.returncode == 0, fixed.stdout + fixed.stderr
    assert "to be corrected to: yes (Ada, " in (out / "changes.csv").read_text()
    summary = (out / "changes.md").read_text()
    assert "## Corrected by people" in summary
    assert "| `to be corrected to: yes (Ada, " in summary
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(decisions.read_text().replace('answer: "yes"}', 'answer: "perhaps"}'))
    told = program("fix", few, "--dry-run", "--decisions", wrong)
    assert told.returncode == 2
    assert "wrong.yaml, line 4, column answer: 'perhaps' is not an answer to this question" in told.stderr


def test_correction_that_breaks_a_rule_fails_the_proof(program: Program, drawn: Drawn, tmp_path: Path) -> None:
    corrections = tmp_path / "corrections.csv"
    corrections.write_text("img_id,question,answer\ndemo_esophagitis_07,procedure,colonoscopy\n")
    out = tmp_path / "fixed"
    done = program("fix", drawn[0], "--subset", "--table-only", "--out", out, "--corrections", corrections)
    assert done.returncode == 3
    assert "DOES NOT HOLD" in done.stdout
    assert "KV30-L10" in done.stdout
    assert "demo_esophagitis_07" in [f["img_id"] for f in json.loads((out / "proof.json").read_text())["new"]]


def test_links_out_of_the_folder_stay_links_and_nothing_hidden_is_copied(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "fixed"
    (source / "images").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (source / "images" / "a.jpg").symlink_to("../../secret.txt")
    (source / "images" / "b.jpg").write_bytes(b"none")
    (source / "images" / "c.jpg").symlink_to("b.jpg")
    (source / "README.md").symlink_to("../secret.txt")
    (source / "LICENSE").write_text("free")
    (source / ".env").write_text("token")
    rows = "".join(f"Polyps,Is there text?,yes,{i}\n" for i in "abc")
    (source / "metadata.csv").write_text(f"source,question,answer,img_id\n{rows}")
    spec, options = load_spec(), Options(AuditOptions(subset=True))
    planned = plan(source, spec, options)
    assert write_and_prove(planned, out, spec, options).holds
    assert (out / "images" / "a.jpg").is_symlink()
    assert (out / "images" / "a.jpg").resolve() == tmp_path / "secret.txt"
    assert not (out / "images" / "c.jpg").is_symlink()
    assert (out / "LICENSE").read_text() == "free"
    assert not (out / "README.md").exists()
    assert not (out / ".env").exists()
    told = (out / "changes.md").read_text()
    assert "`README.md: a link out of the dataset`" in told
    assert "`.env: hidden`" in told


def test_all_that_lies_beside_the_images_is_copied_or_named(program: Program, few: Path, tmp_path: Path) -> None:
    source, outside, out = tmp_path / "source", tmp_path / "outside", tmp_path / "fixed"
    shutil.copytree(few, source)
    (source / "masks" / "deep").mkdir(parents=True)
    (source / "masks" / "deep" / "m.png").write_bytes(b"mask")
    (source / "empty").mkdir()
    (source / "NOTICE").write_text("by hand")
    (source / "LICENSE").symlink_to("NOTICE")
    (source / "also").symlink_to("masks")
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (source / "away").symlink_to(outside)
    (source / "images" / "away").symlink_to(outside)
    os.mkfifo(source / "pipe")
    (source / "changes.md").write_text("of an earlier copy")
    (source / ".git").mkdir()
    (source / ".git" / "HEAD").write_text("x")
    assert program("fix", source, "--subset", "--table-only", "--out", out, "--quiet").returncode == 0
    assert (out / "masks" / "deep" / "m.png").read_bytes() == b"mask"
    assert (out / "empty").is_dir()
    assert (out / "LICENSE").read_text() == "by hand"
    assert (out / "also").resolve() == (out / "masks").resolve()
    assert (out / "images" / "away").is_symlink()
    told = (out / "changes.md").read_text()
    for left in ("away: a link out of", "pipe: neither", ".git: hidden", "changes.md: tells of the source alone"):
        assert f"- `{left}" in told
    assert "secret" not in {path.name for path in out.rglob("*") if not path.is_symlink()}


def test_decisions_follow_their_findings_into_the_copy(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "fixed"
    source.mkdir()
    question = "How many instrumnets are in the image?"
    rows = f"Polyps,{question},1,a\nPolyps,{question},2,a\n"
    (source / "metadata.csv").write_text(f"source,question,answer,img_id\n{rows}")
    spec, options = load_spec(), Options(AuditOptions(subset=True, table_only=True))
    conflict = next(f for f in run_audit(source, AuditOptions(spec, subset=True)).findings if f.check == "KV012")
    store(source / "decisions.yaml", [decide(conflict, DecisionVerdict.ACCEPTED, "two views", "me", date(2026, 1, 1))])
    planned = plan(source, spec, options)
    proof = write_and_prove(planned, out, spec, options)
    assert proof.holds
    after = audited(AuditRequest(str(out), AuditOptions(spec, subset=True), cached=False))
    again = next(f for f in after.findings if f.check == "KV012")
    assert (again.status, again.key) == (FindingStatus.WAIVED, conflict.key)


def test_a_correction_decided_on_another_picture_is_not_applied(
    program: Program, drawn: Drawn, audited: Path, tmp_path: Path
) -> None:
    source, decisions = tmp_path / "data", tmp_path / "decisions.yaml"
    shutil.copytree(drawn[0], source)
    sampled = ("sample", audited, "-n", "8", "--decisions", decisions)
    assert program(*sampled, typed="r\n7\n" * 8).returncode == 0
    corrected = [one for one in read_decisions(decisions) if one.evidence and one.evidence.images[0].sha256]
    img_id = corrected[0].img_id
    text = "version: 2\ndecisions:\n"
    decisions.write_text(with_added(decisions, text, [replace(corrected[0], correction=replace(
        corrected[0].correction, question="text", old_answer="", answer="yes"))]))  # fmt: skip
    (source / "images" / f"{img_id}.jpg").write_bytes((source / "images" / "demo_normal_04.jpg").read_bytes())
    done = program("fix", source, "--subset", "--dry-run", "--decisions", decisions)
    assert done.returncode == 0, done.stderr
    assert f"decided on another picture of {img_id}: decide again" in " ".join(done.stdout.split())


def test_real_rows_are_corrected_and_proven(shared: Path, tmp_path: Path, program: Program) -> None:
    table = shared / "data" / "kvasir-vqa" / "full" / "metadata.sample-29307.csv"
    done = program("fix", table, "--subset", "--table-only", "--out", tmp_path / "fixed", "--quiet")
    assert (done.returncode, done.stdout) == (0, "")
    proof = json.loads((tmp_path / "fixed" / "proof.json").read_text())
    assert proof["resolved"] == {"KV007": 1772, "KV009": 161, "KV010": 393}
    assert proof["new"] == proof["lost"] == []


def test_a_copy_that_the_disk_cannot_hold_is_refused_before_it_is_begun(
    program: Program, drawn: Drawn, tmp_path: Path
) -> None:
    source = tmp_path / "data"
    shutil.copytree(drawn[0], source)
    with (source / "more.bin").open("wb") as file:
        file.truncate(shutil.disk_usage(tmp_path).free + 2**30)
    done = program("fix", source, "--subset", "--table-only", "--out", tmp_path / "new")
    assert done.returncode == 2
    assert "are free; make room" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_cannot_be_copied_is_named_and_does_not_stand_against_the_proof(
    program: Program, few: Path, tmp_path: Path
) -> None:
    source = tmp_path / "data"
    shutil.copytree(few, source)
    for name in ("notes.txt", "images/more.jpg"):
        os.mkfifo(source / name)
    (source / "images" / "loop.jpg").symlink_to(source / "images" / "loop.jpg")
    done = program("fix", source, "--subset", "--out", tmp_path / "new", "-j", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    told = (tmp_path / "new" / "changes.md").read_text()
    for name in ("notes.txt", "images/more.jpg"):
        assert f"`{name}: neither a file nor a link`" in told
    assert (tmp_path / "new" / "images" / "loop.jpg").is_symlink()
