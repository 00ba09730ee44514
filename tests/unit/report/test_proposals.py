"""Tests of discovered rules and detectors in the page: what is said, what can be copied, what is left out."""

from __future__ import annotations

from dataclasses import replace

import yaml

from kvqa_audit.report.proposals import detectors, proposals
from tests.report_samples import sample_run

RUN = sample_run()


def test_the_first_twenty_are_shown_and_all_are_counted() -> None:
    found = proposals(RUN)
    assert found is not None
    assert (len(found.shown), found.total) == (20, 26)
    assert "26 implications hold" in found.sentence
    assert "13 in all sources, 13 in one only" in found.sentence
    assert found.sentence.endswith("The first holds for 77 of 78 images.")


def test_only_yaml_that_is_shown_as_it_is_can_be_copied() -> None:
    found = proposals(RUN)
    assert found is not None
    for proposal in found.shown:
        original = str(proposal.rule["yaml"])
        assert proposal.can_be_copied == (proposal.yaml == original.rstrip("\n"))
    assert yaml.safe_load(found.shown[0].yaml) == [{"id": "D00000000", "level": "soft", "when": "n_polyps = '1'"}]
    assert [p.can_be_copied for p in found.shown].count(False) >= 3
    assert not [p for p in found.shown if "\u202e" in p.yaml or "\x00" in p.yaml]


def test_a_detector_says_where_it_and_the_answers_differ() -> None:
    box, text = detectors(RUN)
    assert "agree on 90.0\u00a0% of 50 images; 3 are answered yes where nothing was seen, 2 no" in box.sentence
    assert box.chance == 23 / 50
    assert (text.sentence, text.chance) == ("No image could be compared with an answer.", None)


def test_a_detector_names_its_check_where_that_was_run() -> None:
    assert [detector.check for detector in detectors(RUN)] == [None, None]
    run = replace(RUN, outcomes=(replace(RUN.outcomes[0], code="KV361"),))
    assert [detector.check for detector in detectors(run)] == [None, "KV361"]


def test_what_was_not_measured_is_left_out() -> None:
    bare = replace(RUN, metrics={})
    assert proposals(bare) is None
    assert detectors(bare) == ()
    assert proposals(replace(RUN, metrics={"discovered_rules": []})) is None
