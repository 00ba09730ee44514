"""A table that is judged in a process of its own comes out as one judged in this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kvqa_audit.demo import draw_demo
from kvqa_audit.engine.beside import BesideChild
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.judge_table import judge_table, judge_table_unseen
from kvqa_audit.progress import Clock, Progress
from kvqa_audit.spec.load import load_spec

ABSENT = {"splits": "the dataset has no splits", "whole dataset": "the source is a subset"}


def test_process_of_its_own_gives_the_same_evidence(tmp_path: Path) -> None:
    draw_demo(tmp_path)
    spec = load_spec()
    table = open_dataset(str(tmp_path), spec, table_only=True).table
    clock = Clock(Progress())
    here = judge_table(table, spec, ABSENT, clock)
    with BesideChild() as child:
        child.begin(judge_table_unseen, table, spec, ABSENT)
        there, stages = child.result()
    assert [stage.name for stage in stages] == [stage.name for stage in clock.stages]
    assert (there.promises, there.rules, there.distributions) == (here.promises, here.rules, here.distributions)
    assert there.contract.readings == here.contract.readings
    assert any(rows.size for rows in here.contract.violations.values())
    for rule, rows in here.contract.violations.items():
        np.testing.assert_array_equal(there.contract.violations[rule], rows)
