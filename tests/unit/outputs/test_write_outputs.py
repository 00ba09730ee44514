"""A folder never holds the record of one audit beside the report of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvqa_audit.errors import OutputError
from kvqa_audit.outputs.write_outputs import write_outputs
from kvqa_audit.spec.load import load_spec
from tests.report_samples import sample_run


def test_earlier_record_is_gone_where_the_new_report_cannot_be_written(tmp_path: Path) -> None:
    spec, run = load_spec(), sample_run(images=4, findings_per_check=2)
    write_outputs(run, tmp_path, spec, pictures="none")
    assert (tmp_path / "audit.json").exists()
    (tmp_path / "report.html").unlink()
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_outputs(run, tmp_path, spec, pictures="none")
    assert not (tmp_path / "audit.json").exists()
