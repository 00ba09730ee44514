"""A picture leads to its own file where that is at hand, and nowhere else."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from kvqa_audit.outputs.originals import originals_of
from tests.report_samples import sample_run


def test_a_file_at_hand_is_led_to_from_where_the_report_will_lie(tmp_path: Path) -> None:
    data, home = tmp_path / "my data", tmp_path / "reports" / "a"
    (data / "images").mkdir(parents=True)
    home.mkdir(parents=True)
    names = {"a": "images/a 100%?#\"'<é>.jpg", "gone": "images/gone.jpg", "out": "../secret.jpg", "packed": ""}
    (data / names["a"]).write_bytes(b"picture")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    run = sample_run(images=4)
    images = tuple(replace(run.fingerprints[0], img_id=img_id, path=path) for img_id, path in names.items())
    run = replace(run, fingerprints=images, dataset=replace(run.dataset, location=str(data)))
    original = originals_of(run, home)
    link = original("a")
    assert os.path.normpath(home / unquote(link)) == str(data / names["a"])
    assert not set(link) & set("\"'<>?# ")
    assert [original(img_id) for img_id in ("gone", "out", "packed", "unknown")] == ["", "", "", ""]


def test_a_dataset_that_is_not_at_hand_has_no_files(tmp_path: Path) -> None:
    run = sample_run(images=2)
    run = replace(run, dataset=replace(run.dataset, location="hf://owner/name"))
    assert originals_of(run, tmp_path)(run.fingerprints[0].img_id) == ""
