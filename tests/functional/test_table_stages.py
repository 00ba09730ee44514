"""A table that is judged in a process of its own comes out as one judged in this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kvqa_audit.demo import DemoTruth
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.picture_vectors import PictureVectors
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.pipeline.table_stages import judge_expectations, judge_rows, rank_answers
from kvqa_audit.spec.load import load_spec

ABSENT = {"splits": "the dataset has no splits", "whole dataset": "the source is a subset"}


def test_same_evidence_wherever_it_is_worked_out(drawn: tuple[Path, DemoTruth]) -> None:
    spec = load_spec()
    table = open_dataset(str(drawn[0]), spec, table_only=True).table
    images = sorted(set(table.frame["img_id"]))
    histograms = np.random.default_rng(1).integers(0, 256, (len(images), 512), dtype=np.uint8)
    looks = PictureVectors(tuple(images), histograms)
    ranked_with = (
        [(images[0], images[1])],
        {images[2]: ("a box", "no text")},
        (looks,),
        looks,
        {},
    )
    with LocalPool(1) as pool:
        promised = pool.submit(judge_expectations, table, spec, ABSENT)
        judging = pool.submit(judge_rows, table, spec)
        ranking = pool.submit(rank_answers, table, spec, *ranked_with)
        there, stages = judging.result()
        promises, _ = promised.result()
        ranked, _ = ranking.result()
    here, own_stages = judge_rows(table, spec)
    assert promises == judge_expectations(table, spec, ABSENT)[0]
    assert [stage.name for stage in stages] == [stage.name for stage in own_stages]
    assert (there.rules, there.distributions) == (here.rules, here.distributions)
    assert there.contract.readings == here.contract.readings
    assert any(rows.size for rows in here.contract.violations.values())
    for rule, rows in here.contract.violations.items():
        np.testing.assert_array_equal(there.contract.violations[rule], rows)
    own, _ = rank_answers(table, spec, *ranked_with)
    assert ranked == own
    assert own.scores
