"""What leaves the building: kinds of metadata in the files, and reports without pictures or without readable text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw, ImageFont

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.demo import DemoTruth
from tests.functional.conftest import Program

PICTURE = re.compile(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+")


def outcome_of(folder: Path, code: str) -> dict[str, object]:
    record = json.loads((folder / "audit.json").read_text())
    return next(check for check in record["checks"] if check["code"] == code)


def test_kinds_of_metadata_are_in_the_files(audited: Path) -> None:
    table = pq.read_table(audited / "fingerprints.parquet").to_pylist()
    assert {row["img_id"]: row["embedded"] for row in table if row["embedded"]} == {
        "demo_colitis_commented": ["comment"],
        "demo_normal_07": ["exif", "gps"],
    }
    findings = read_artifacts(audited).findings
    carrying = {code: [one.img_id for one in findings if one.check == code] for code in ("KV601", "KV602")}
    assert carrying == {"KV601": ["demo_colitis_commented", "demo_normal_07"], "KV602": ["demo_normal_07"]}
    assert outcome_of(audited, "KV604")["outcome"] == "passed"


def test_reading_is_skipped_with_a_reason_that_says_what_to_do(audited: Path) -> None:
    outcome = outcome_of(audited, "KV603")
    assert outcome["outcome"] == "skipped"
    assert "kvqa-audit run --ocr" in str(outcome["reason"])
    assert "pip install 'kvqa-audit[ocr]'" in str(outcome["reason"])


def test_a_report_without_pictures_says_so(audited: Path, program: Program, tmp_path: Path) -> None:
    with_pictures, without = tmp_path / "with.html", tmp_path / "without.html"
    assert program("report", audited, "--out", with_pictures).returncode == 0
    assert program("report", audited, "--out", without, "--no-images", "--blur-text").returncode == 0
    assert len(PICTURE.findall(with_pictures.read_text())) > 10
    page = without.read_text()
    assert PICTURE.search(page) is None
    assert "pictures left out on request" in page
    assert "picture not available" not in page
    assert "pictures left out on request" not in with_pictures.read_text()


def test_a_report_with_smeared_text_has_other_pictures(audited: Path, program: Program, tmp_path: Path) -> None:
    assert program("report", audited, "--out", tmp_path / "plain.html").returncode == 0
    assert program("report", audited, "--out", tmp_path / "blurred.html", "--blur-text").returncode == 0
    plain, blurred = ((tmp_path / f"{name}.html").read_text() for name in ("plain", "blurred"))
    assert len(PICTURE.findall(plain)) == len(PICTURE.findall(blurred)) > 10
    assert PICTURE.findall(plain) != PICTURE.findall(blurred)
    # What is smeared has no link to the picture as it is.
    assert "data-file=" in plain
    assert "data-file=" not in blurred
    plain = re.sub(' data-file="[^"]*"', "", plain)
    assert PICTURE.sub("", plain) == PICTURE.sub("", blurred)


def test_a_run_without_pictures_writes_none(drawn: tuple[Path, DemoTruth], program: Program, tmp_path: Path) -> None:
    done = program("run", drawn[0], "--subset", "--out", tmp_path, "--no-images", "--quiet")
    assert done.returncode == 1, done.stderr
    page = (tmp_path / "report.html").read_text()
    assert "pictures left out on request" in page
    assert PICTURE.search(page) is None


@pytest.mark.ocr
def test_text_is_read_on_request_and_is_in_no_file(program: Program, tmp_path: Path) -> None:
    source, out = tmp_path / "dataset", tmp_path / "out"
    (source / "images").mkdir(parents=True)
    for name, lines in (("named", ("Nordmann, Kari", "21/05/2015")), ("plain", ())):
        picture = Image.new("RGB", (622, 530), (190, 110, 95))
        for number, line in enumerate(lines):
            ImageDraw.Draw(picture).text((10, 150 + 30 * number), line, font=ImageFont.load_default(20))
        picture.save(source / "images" / f"{name}.jpg", quality=90)
    rows = "".join(f"Normal,Is there text?,{answer},{name}\n" for name, answer in (("named", "yes"), ("plain", "no")))
    (source / "metadata.csv").write_text("source,question,answer,img_id\n" + rows)
    done = program("run", source, "--subset", "--out", out, "--ocr", "--jobs", "1", "--also", "sarif,junit,summary")
    assert done.returncode == 1, done.stderr
    (finding,) = [one for one in read_artifacts(out).findings if one.check == "KV603"]
    assert (finding.img_id, finding.severity) == ("named", "error")
    assert finding.evidence["categories"] == ["date", "name"]
    assert len(finding.evidence["boxes"]) == 2
    assert outcome_of(out, "KV603")["evaluated"] == 2
    written = [path for path in out.iterdir() if path.is_file()]
    assert len(written) >= 9
    assert not any(text in path.read_bytes() for path in written for text in (b"Nordmann", b"21/05/2015"))
