"""Planted implications are found, confirmed and proposed as rules that load; what says nothing is not."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pandas as pd
import pytest

from kvqa_audit.answers.cells import answer_cells
from kvqa_audit.answers.discovery import DiscoveredRule, discovered_rules
from kvqa_audit.answers.rules import Probe, breaks_a_rule, judge_rules
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_spec, shipped_descriptions
from kvqa_audit.spec.rule import Rule

SPEC = load_spec()
WITHOUT_RULES = SPEC.model_copy(update={"rules": []})


def table(images: list[dict[str, str]]) -> pd.DataFrame:
    """Each image is short name → answer, and its source under `source`."""
    rows = [
        (image.get("source", "Polyps"), SPEC.question_by_name[name].text, answer, f"image{number:04}")
        for number, image in enumerate(images)
        for name, answer in image.items()
        if name != "source"
    ]
    return pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)


def discover(images: list[dict[str, str]], spec: DatasetSpec = WITHOUT_RULES) -> tuple[DiscoveredRule, ...]:
    return discovered_rules(answer_cells(table(images), spec), spec)


def planted(exceptions: int = 2) -> list[dict[str, str]]:
    rng = random.Random(1)
    images = []
    for number in range(400):
        several = number % 2 == 0
        images.append(
            {
                "n_instr": rng.choice(["2", "3"]) if several else "1",
                "text": "yes" if several else rng.choice(["yes", "no"]),
                "box": rng.choice(["yes", "no"]),
            }
        )
    for number in range(exceptions):
        images[number * 40 + 4]["text"] = "no"
    return images


def test_a_planted_implication_is_found_with_its_exceptions_and_nothing_else() -> None:
    (rule,) = discover(planted())
    assert (rule.when, rule.must, rule.source) == ("n_instr > 1", "text = 'yes'", None)
    assert rule.eligible + rule.confirmed_eligible == 200
    assert rule.exception_ids == ("image0004", "image0044")
    assert rule.exceptions + rule.confirmed_exceptions == 2
    assert rule.confidence == 1 - rule.exceptions / rule.eligible
    assert 0.9 < rule.confirmed_low < rule.confirmed_confidence


def test_too_many_exceptions_are_no_rule() -> None:
    assert discover(planted(exceptions=10)) == ()


def test_what_holds_in_one_half_only_is_not_confirmed() -> None:
    import zlib

    images = planted(exceptions=0)
    for number, image in enumerate(images):
        if zlib.crc32(f"image{number:04}".encode()) & 1 and number % 5 == 0:
            image["text"] = "no"
    assert discover(images) == ()


def test_what_a_source_alone_says_is_proposed_for_the_source_and_not_for_answers_that_go_with_it() -> None:
    rng = random.Random(2)
    images = [
        {"source": source, "text": text, "n_instr": count, "box": rng.choice(["yes", "no"])}
        for source, text, count in (("Polyps", "yes", "2"), ("Normal", "no", "0"))
        for _ in range(100)
    ]
    rules = discover(images)
    assert {(rule.source, rule.when, rule.must) for rule in rules} == {
        ("Polyps", "text is not null", "text = 'yes'"),
        ("Normal", "text is not null", "text = 'no'"),
        ("Polyps", "n_instr is not null", "n_instr > 0"),
        ("Normal", "n_instr is not null", "n_instr = 0"),
    }


def test_what_a_rule_demands_already_is_not_proposed_again() -> None:
    known = Rule(id="T1", level="hard", when="n_instr > 1", must="text <> 'no'", why="Because.")
    assert discover(planted(), SPEC.model_copy(update={"rules": [known]})) == ()
    other = Rule(id="T1", level="hard", when="n_instr > 2", must="text <> 'no'", why="Because.")
    assert len(discover(planted(), SPEC.model_copy(update={"rules": [other]}))) == 1


def test_probes_are_judged_by_all_rules_at_once() -> None:
    probes = [
        Probe("Polyps", (("n_polyps", ("0",)), ("abn", ("polyp",)))),
        Probe("Polyps", (("n_polyps", ("1",)), ("abn", ("polyp",)))),
        Probe("Instrument", (("n_instr", ("0",)),)),
        Probe("Polyps", (("n_instr", ("0",)),)),
        Probe("Polyps", (("landmark", ("cecum", "none")),)),
    ]
    assert breaks_a_rule(probes, SPEC) == [True, False, True, False, True]
    assert breaks_a_rule([], SPEC) == []


def test_probes_are_in_no_export_batch_so_that_its_rules_do_not_judge_them() -> None:
    everywhere = Rule(id="T1", level="hard", when="n_instr > 1", must="text <> 'no'", why="Because.")
    probe = Probe("Polyps", (("n_instr", ("2",)), ("text", ("no",))))
    for rows, broken in ((None, True), ([0, 100], False)):
        rule = everywhere.model_copy(update={"rows": rows})
        assert breaks_a_rule([probe], SPEC.model_copy(update={"rules": [rule]})) == [broken]


def test_an_empty_table_and_an_unanswered_one_discover_nothing() -> None:
    assert discover([]) == ()
    assert discover([{"text": " "}]) == ()


def with_proposals(rules: tuple[DiscoveredRule, ...], folder: Path) -> DatasetSpec:
    """The shipped description with the proposals pasted at the end of its rules."""
    shutil.copytree(shipped_descriptions() / "kvasir-vqa", folder)
    file = folder / "rules.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "".join(rule.yaml for rule in rules), encoding="utf-8")
    return load_spec(folder)


def agree(rules: tuple[DiscoveredRule, ...], frame: pd.DataFrame, spec: DatasetSpec) -> None:
    judged = judge_rules(frame, spec)
    for rule in rules:
        found = judged[rule.id]
        assert found.eligible == rule.eligible + rule.confirmed_eligible
        assert sorted(found.violations) == list(rule.exception_ids)
        assert len(found.violations) == rule.exceptions + rule.confirmed_exceptions


def test_a_proposal_pasted_into_the_rules_counts_the_same(tmp_path: Path) -> None:
    rules = discover(planted())
    agree(rules, table(planted()), with_proposals(rules, tmp_path / "pasted"))


@pytest.mark.parametrize("name", ["full/metadata.sample-29307.csv", "joined/metadata.csv"])
def test_all_proposals_on_real_rows_load_and_count_the_same(name: str, shared: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(shared / "data" / "kvasir-vqa" / name, dtype=str, keep_default_na=False, na_filter=False)
    rules = discovered_rules(answer_cells(frame, SPEC), SPEC)
    assert rules
    agree(rules, frame, with_proposals(rules, tmp_path / "pasted"))
