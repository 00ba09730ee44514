"""The results of an audit replace those of an earlier one as a whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.artifacts.out_folder import reserved
from kvqa_audit.errors import OutputError
from kvqa_audit.outputs.write_outputs import replace_outputs, write_outputs
from kvqa_audit.spec.load import load_spec
from tests.unit.compare.samples import finished

SPEC = load_spec()
ROWS = [("Polyps", "How many?", str(n % 3), f"i{n}") for n in range(6)]


def publish(out: Path, **more: bytes) -> tuple[str, ...]:
    with reserved(out, "owner/name") as folder:
        write_outputs(finished(ROWS), folder.staging, SPEC, pictures="none")
        for name, content in more.items():
            (folder.staging / name.replace("_", ".")).write_bytes(content)
        return replace_outputs(folder)


def test_nothing_is_replaced_where_one_file_cannot_be(tmp_path: Path) -> None:
    publish(tmp_path)
    before = read_artifacts(tmp_path)
    (tmp_path / "report.html").unlink()
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        publish(tmp_path, junit_xml=b"<ready/>")
    assert read_artifacts(tmp_path) == before


def test_what_an_earlier_audit_left_is_removed_and_named_and_nothing_else_is_touched(tmp_path: Path) -> None:
    publish(tmp_path, junit_xml=b"<ready/>", badge_svg=b"<svg/>")
    (tmp_path / "notes.txt").write_text("mine")
    assert publish(tmp_path) == ("junit.xml", "badge.svg")
    assert not (tmp_path / "junit.xml").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    publish(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    with reserved(tmp_path, "owner/name") as folder:
        left = folder.staging.name
    (tmp_path / left.replace(".part", "9.part")).mkdir()
    publish(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == names


def test_two_runs_into_one_folder_do_not_mix(tmp_path: Path) -> None:
    refused = pytest.raises(OutputError, match=r"process [0-9]+ is writing there")
    with reserved(tmp_path / "out", "owner/name"), refused:
        publish(tmp_path / "out")
    publish(tmp_path / "out")
