"""A dataset that nobody has described is audited by what its data hold, says so, and finds what was counted apart."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kvqa_audit.model import AuditRun, Severity
from kvqa_audit.pipeline.audit import run_audit
from kvqa_audit.pipeline.description import description_for
from kvqa_audit.pipeline.options import AuditOptions
from tests.functional.conftest import Program
from tests.lookalikes import write_rad


@pytest.fixture(scope="module")
def radiology(shared: Path) -> AuditRun:
    return run_audit(shared / "data" / "vqa-rad", AuditOptions(table_only=True))


def test_the_counted_facts_of_a_real_dataset_are_found_exactly(radiology: AuditRun) -> None:
    found = {outcome.code: outcome.violations for outcome in radiology.outcomes}
    assert (found["KV012"], found["KV409"], found["KV412"]) == (24, 203, 16)
    # Repeats of values; of texts as they are written; cells with a space at an end, and with odd ones inside.
    same = [f for f in radiology.findings if f.check == "KV011" and f.evidence["same_spelling"]]
    assert (found["KV011"], len(same)) == (487, 479)
    assert (found["KV004"], found["KV017"]) == (15, 41 + 11)
    answers = [f for f in radiology.findings if f.check == "KV016" and f.evidence["column"] == "answer"]
    assert sum("case" in f.evidence["differ_in"] for f in answers) == 39
    slips = {f.evidence["value"]: f.suggestion for f in radiology.findings if f.check == "KV415"}
    assert (slips["ATRIB"], slips["PRSE"]) == ("ATTRIB", "PRES")


def test_what_was_inferred_is_said_and_warns_at_most(radiology: AuditRun) -> None:
    assert radiology.dataset.name == "vqa-rad"
    assert radiology.metrics["described_by"] == "auto"
    assert any("inferred from the data" in note for note in radiology.metrics["notes"])
    by_description = {"KV005", "KV006", "KV007", "KV008", "KV009", "KV010", "KV014"}
    assert not [f for f in radiology.findings if f.check in by_description and f.severity is Severity.ERROR]
    assert {f.check for f in radiology.findings if f.severity is Severity.ERROR} == {"KV011", "KV012", "KV409", "KV412"}


def test_the_description_that_ships_is_taken_where_its_columns_and_questions_are(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    table = tmp_path / "a" / "metadata.csv"
    table.write_text("source,question,answer,img_id\nPolyps,Is there text?,yes,i\nPolyps,is there  text,no,j\n")
    assert description_for(table, None).spec.name == "Kvasir-VQA"
    assert description_for(table, "auto").spec.made_by == "auto"
    table.write_text("source,question,answer,img_id\nCats,Is there a cat?,yes,i.png\nCats,Is there a cat?,no,j.png\n")
    assert description_for(table, None).spec.made_by == "auto"


def test_run_and_init_of_another_dataset_need_no_option(program: Program, tmp_path: Path) -> None:
    write_rad(tmp_path / "rad", images=12)
    done = program("run", tmp_path / "rad", "--out", tmp_path / "out", "--no-images")
    assert "rad: 60 rows, 12 images" in done.stdout
    assert "inferred from the data" in " ".join(done.stdout.split())
    record = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    assert record["metrics"]["described_by"] == "auto"
    assert not [check for check in record["checks"] if check["outcome"] == "errored"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "inferred from the data" in page


def test_spellings_are_corrected_by_fix(program: Program, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    table = tmp_path / "data" / "metadata.csv"
    rows = [(f"i{n}.png", "Is it red?", ("yes", "no")[n % 2]) for n in range(20)]
    rows += [("i0.png", "Is  it red?", "Yes."), ("i1.png", "is it red?", "no"), ("i2.png", "Is it big?", "no")]
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("img_id", "question", "answer"), *rows])
    done = program("fix", tmp_path / "data", "--table-only", "--out", tmp_path / "fixed")
    assert done.returncode == 0, done.stdout + done.stderr
    fixed = (tmp_path / "fixed" / "metadata.csv").read_text(encoding="utf-8").splitlines()
    assert len(fixed) == 1 + 20 + 1, "the two rows that say the same again are gone"
    assert {line.split(",")[1] for line in fixed[1:]} == {"Is it red?", "Is it big?"}
    assert {line.split(",")[2] for line in fixed[1:]} == {"yes", "no"}


def test_what_follows_an_audit_goes_by_the_description_that_it_was_made_with(program: Program, tmp_path: Path) -> None:
    write_rad(tmp_path / "rad", images=12)
    out = tmp_path / "out"
    ran = program("run", tmp_path / "rad", "--out", out, "--no-images", "--gate", "error")
    gate = program("gate", out)
    assert (gate.returncode, gate.stdout.splitlines()[0] in ran.stdout) == (ran.returncode, True), gate.stdout
    told = json.loads((out / "audit.json").read_text(encoding="utf-8"))["description"]
    assert (told["name"], told["made_by"], told["columns"]["img_id"]) == ("rad", "auto", "image_name")
    assert program("report", out, "--no-images").returncode == 0
    assert program("export", out, "--croissant", tmp_path / "c.json").returncode == 0
    fields = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))["recordSet"][0]["field"]
    assert "image_name" in json.dumps(fields)
    listed = program("checks", "--spec", out, "--json")
    assert {check["code"] for check in json.loads(listed.stdout)} == {
        check["code"] for check in json.loads((out / "audit.json").read_text(encoding="utf-8"))["checks"]
    }
    damaged = {**json.loads((out / "audit.json").read_text(encoding="utf-8")), "description": {"name": 3}}
    (out / "audit.json").write_text(json.dumps(damaged), encoding="utf-8")
    done = program("gate", out)
    assert (done.returncode, "name one with --spec" in done.stderr) == (2, True)


def test_options_that_hold_an_opened_source_serve_a_second_audit(tmp_path: Path) -> None:
    write_rad(tmp_path / "rad", images=12)
    found = description_for(tmp_path / "rad", None)
    options = AuditOptions(found.spec, table_only=True, opened=found.opened)
    first, second = (run_audit(tmp_path / "rad", options) for _ in range(2))
    assert first.findings == second.findings
    assert first.dataset == second.dataset


SAMPLES = Path(__file__).resolve().parents[2] / "docs" / "samples"
PLANTED = {
    "rooms": {"KV008", "KV011", "KV012", "KV016", "KV017", "KV203", "KV204", "KV411"},
    "fragen": {"KV002", "KV004", "KV008", "KV011", "KV101", "KV409", "KV412"},
    "scenes": {"KV008", "KV018", "KV101", "KV416"},
}


@pytest.mark.parametrize("sample", PLANTED)
def test_the_samples_of_the_readme_show_what_was_planted_and_nothing_else(sample: str) -> None:
    found = {finding.check for finding in run_audit(SAMPLES / sample).findings}
    assert found - {"KV604"} == PLANTED[sample]


def test_the_samples_are_what_their_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SAMPLES / "make.py", tmp_path], check=True)
    made, kept = (
        {path.relative_to(root): path for name in PLANTED for path in (root / name).rglob("*") if path.is_file()}
        for root in (tmp_path, SAMPLES)
    )
    assert made.keys() == kept.keys()
    tables = [place for place in made if place.suffix != ".jpg"]
    assert {place: made[place].read_bytes() for place in tables} == {p: kept[p].read_bytes() for p in tables}


@pytest.mark.parametrize(
    ("head", "question", "answers"),
    [
        ("Bild;Frage;Antwort", "Ist ein Hund zu sehen?", "ja nein"),
        ("图片;问题;答案", "图中有狗吗", "是 否"),
        ("imagen;pregunta;respuesta", "¿Hay un perro?", "sí no"),
        ("изображение;вопрос;ответ", "Есть ли собака?", "да нет"),
        ("f1;f2;f3", "Is there a dog?", "yes no"),
        ("file;text;said", "Y a-t-il un chien ?", "oui non"),
    ],
)
def test_columns_are_found_in_other_languages_and_by_what_they_hold(
    tmp_path: Path, head: str, question: str, answers: str
) -> None:
    rows = [f"p{n}.jpg;{question};{answers.split()[n % 2]}" for n in range(12)]
    for split in ("train", "test"):
        (tmp_path / f"{split}.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    described = description_for(tmp_path, None).spec
    assert [(q.text, q.type) for q in described.questions] == [(question, "yes/no")]
    assert sorted(described.columns.text_columns.values()) == ["answer", "img_id", "question"]
