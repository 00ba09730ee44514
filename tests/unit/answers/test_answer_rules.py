"""Rules on small tables: what is eligible, what breaks them, and which texts are no rule."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kvqa_audit.answers import rules
from kvqa_audit.answers.predicate import _nodes
from kvqa_audit.answers.rules import Probe, RuleResult, breaks_a_rule, judge_rules
from kvqa_audit.errors import SpecError
from kvqa_audit.spec.load import load_spec, shipped_descriptions
from kvqa_audit.spec.rule import Rule

SPEC = load_spec()


def table(*rows: tuple[str, str, str], source: str = "Polyps") -> pd.DataFrame:
    """Rows of (img_id, short name, answer)."""
    full = [(source, SPEC.question_by_name[name].text, answer, img_id) for img_id, name, answer in rows]
    return pd.DataFrame(full, columns=["source", "question", "answer", "img_id"], dtype=str)


def judge(frame: pd.DataFrame, when: str, must: str, sources: list[str] | None = None) -> RuleResult:
    rule = Rule(id="T1", level="hard", when=when, must=must, why="Because.", sources=sources or [])
    return judge_rules(frame, SPEC.model_copy(update={"rules": [rule]}))["T1"]


def test_an_image_is_judged_only_where_the_answers_were_given() -> None:
    frame = table(
        ("broken", "n_polyps", "0"),
        ("broken", "abn", "polyp"),
        ("kept", "n_polyps", "0"),
        ("kept", "abn", "none"),
        ("not asked", "n_polyps", "0"),
        ("not answered", "n_polyps", "0"),
        ("not answered", "abn", " "),
        ("no number", "n_polyps", "few"),
        ("no number", "abn", "polyp"),
        ("not chosen", "n_polyps", "2"),
        ("not chosen", "abn", "polyp"),
    )
    result = judge(frame, "n_polyps = 0", "not ('polyp' in abn)")
    assert (result.eligible, result.violations) == (2, ("broken",))
    assert result.answers == {"broken": {"n_polyps": 0, "abn": "polyp"}}
    assert result.rows == {"broken": 0}
    assert result.share == 0.5
    assert (result.low, result.high) == (pytest.approx(0.0945, abs=1e-4), pytest.approx(0.9055, abs=1e-4))


def test_items_are_pooled_and_repeats_of_other_questions_are_not() -> None:
    frame = table(
        ("a", "polyp_size", ">20"),
        ("a", "polyp_size", "<5mm"),
        ("a", "n_polyps", "1"),
        ("a", "n_polyps", "7"),
    )
    result = judge(frame, "n_polyps = 1", "len(polyp_size) <= n_polyps")
    assert result.answers["a"] == {"n_polyps": 1, "polyp_size": "<5mm; >20mm"}


def test_a_rule_for_some_sources_leaves_the_others_alone() -> None:
    frame = pd.concat([table(("a", "n_instr", "0")), table(("b", "n_instr", "0"), source="Instrument")])
    frame = frame.reset_index(drop=True)
    result = judge(frame, "n_instr is not null", "n_instr > 0", ["Instrument"])
    assert (result.eligible, result.violations) == (1, ("b",))


def test_nothing_eligible_has_no_share() -> None:
    result = judge(table(), "n_polyps = 0", "'polyp' in abn")
    assert (result.eligible, result.share, result.low, result.high) == (0, None, None, None)


def test_hostile_answers_are_data() -> None:
    frame = table(("'; DROP TABLE answers; --", "text", "' OR 1=1 --"), ("x" * 9999, "text", "yes\0"))
    result = judge(frame, "text is not null", "text = 'no'")
    assert (result.eligible, len(result.violations)) == (2, 2)


@pytest.mark.parametrize(
    ("must", "says"),
    [
        ("n_polips = 0", "did you mean n_polyps"),
        ("n_polyps =", "does not parse"),
        ("n_polyps = 0; DROP TABLE answers", "does not parse"),
        ("n_polyps", "has to be true or false"),
        ("true, false", "row is not allowed"),
        ("true) FROM answers WHERE (true", "one single condition"),
        ("true) LIMIT (1", "one single condition"),
        ("true), (true", "one single condition"),
        ("(SELECT true)", "subquery is not allowed"),
        ("exists(SELECT 1 FROM read_text('/etc/hostname'))", "subquery is not allowed"),
        ("read_text('/etc/hostname') is null", "function read_text is not allowed"),
        ("getenv('HOME') = 'x'", "function getenv is not allowed"),
        ("current_setting('threads') = '1'", "function current_setting is not allowed"),
        ("count(*) > 0", "function count_star is not allowed"),
        ("row_number() over () > 0", "window is not allowed"),
        ("columns('n_.*') = 0", "star is not allowed"),
        ("$1", "parameter is not allowed"),
        ("n_polyps::text = 'x'", "cast is not allowed"),
        ("answers.n_polyps = 0", "there is no column answers.n_polyps"),
        ("_image = 0", "there is no column _image"),
    ],
)
def test_what_is_no_comparison_of_answers_is_refused(must: str, says: str) -> None:
    with pytest.raises(SpecError, match=r"^rules\.yaml, rule T1, must: ") as refused:
        judge(table(("a", "n_polyps", "0")), "true", must)
    assert says in str(refused.value)


def test_a_comparison_that_cannot_be_made_names_the_rule() -> None:
    with pytest.raises(SpecError, match=r"rules\.yaml, rule T1: cannot be computed: .*'many'"):
        judge(table(("a", "n_polyps", "0")), "true", "n_polyps = 'many'")


@pytest.mark.parametrize("levels", [101, 400, 2_000])
@pytest.mark.parametrize(
    ("before", "inside", "after"),
    [
        ("abs(", "n_polyps", ") >= 0"),
        ("case when n_polyps >= 0 then ", "true", " end"),
        ("case when ", "n_polyps >= 0", " then true end"),
        ("not ", "n_polyps = 0", ""),
        ("n_polyps = 0 or (n_polyps > 0 and (", "true", "))"),
        ("n_polyps + ", "n_polyps", ""),
    ],
)
def test_what_is_nested_too_deeply_is_told_and_names_the_rule(
    levels: int, before: str, inside: str, after: str
) -> None:
    close = after.removesuffix(" >= 0")
    must = before * levels + inside + close * levels + after.removeprefix(close)
    with pytest.raises(SpecError, match=r"^rules\.yaml, rule T1, must: is nested too deeply: at most 100"):
        judge(table(("a", "n_polyps", "0")), "true", must if "+" not in must else f"{must} >= 0")


def test_what_is_nested_as_deeply_as_allowed_is_judged_by_both_readers() -> None:
    must = "not " * 96 + "n_polyps = 0"
    assert judge(table(("a", "n_polyps", "0")), "true", must).eligible == 1
    rule = Rule(id="T1", level="hard", when="true", must=must, why="because")
    probes = [Probe("", (("n_polyps", (number,)),)) for number in ("0", "1")]
    assert breaks_a_rule(probes, SPEC.model_copy(update={"rules": [rule]})) == [False, True]


def test_nodes_of_a_long_predicate_are_walked_once_each() -> None:
    """Sixty thousand terms: a walk that looked at the rest of them for each would take an hour."""
    tree = {"class": "CONJUNCTION", "children": [{"class": "CONSTANT", "value": n} for n in range(60_000)]}
    assert [depth for _, depth in _nodes(tree)] == [1] + [2] * 60_000
    must = "n_polyps in (" + ", ".join(map(str, range(15_000))) + ")"
    assert judge(table(("a", "n_polyps", "0"), ("b", "n_polyps", "20000")), "true", must).violations == ("b",)


def test_an_error_names_file_line_and_part_of_the_rule(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shipped_descriptions() / "kvasir-vqa", tmp_path / "spec"))
    rules = "rules:\n  - id: R\n    level: soft\n    when: 'true'\n    must: {must}\n    why: w\n"
    for must, line, what in (("n_polips = 0", 5, ", must: there is no column"), ("n_polyps = 'x'", 2, ": cannot be")):
        (folder / "rules.yaml").write_text(rules.replace("{must}", must))
        with pytest.raises(SpecError) as error:
            judge_rules(table(("a", "n_polyps", "0")), load_spec(folder))
        assert str(error.value).startswith(f"{folder / 'rules.yaml'}, line {line}, rule R{what}")


def test_a_rule_that_takes_too_long_is_ended_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a table that would take days; the limits of a description keep its own rules from that."""
    sealed = rules._sealed

    def endless(*arguments: Any) -> Any:
        connection = sealed(*arguments)
        connection.execute("ALTER TABLE answers RENAME TO few")
        connection.execute(
            "CREATE VIEW answers AS SELECT few.* FROM few, range(1_000_000_000_000) AS one(n) WHERE hash(n) = 0"
        )
        return connection

    monkeypatch.setattr(rules, "_sealed", endless)
    monkeypatch.setattr(rules, "seconds_for", lambda images: 0.2)
    with pytest.raises(SpecError, match=r"rules\.yaml, rule T1: takes longer than 0 seconds"):
        judge(table(("a", "n_polyps", "0")), "true", "n_polyps = 0")


def test_the_database_itself_is_sealed(tmp_path: Path) -> None:
    """Were a text to slip through, there would still be no file, setting or extension to reach."""
    import duckdb

    from kvqa_audit.answers.rules import _sealed, wide_answers

    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    connection = _sealed(*wide_answers(table(), SPEC), SPEC)
    for query in (
        f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
        f"SELECT * FROM '{tmp_path}/secret.csv'",
        f"COPY answers TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/other.db' AS other",
        f"EXPORT DATABASE '{tmp_path}/all'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SELECT getenv('HOME')",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(query)
    connection.close()
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


def test_the_guides_example_of_a_rule_is_one() -> None:
    import yaml

    guide = (shipped_descriptions() / "kvasir-vqa" / "README.md").read_text(encoding="utf-8")
    (given,) = yaml.safe_load(guide.split("```yaml\n")[1].split("```")[0])
    rule = Rule(**given)
    frame = table(("a", "instr", "polyp snare"), ("a", "n_polyps", "1"), ("a", "removed", "yes"))
    result = judge_rules(frame, SPEC.model_copy(update={"rules": [rule]}))[rule.id]
    assert (result.eligible, result.violations) == (1, ("a",))


def test_a_rule_can_be_limited_to_an_export_batch_by_the_images_first_rows() -> None:
    frame = table(*[(img_id, name, "0") for img_id in "abcd" for name in ("n_polyps", "n_instr")])
    rule = Rule(id="T1", level="hard", when="n_polyps = 0", must="n_instr > 0", why="Because.", rows=[2, 4])
    result = judge_rules(frame, SPEC.model_copy(update={"rules": [rule]}))["T1"]
    assert result.violations == ("b", "c")


@pytest.mark.parametrize("rows", [[5, 4], [1], [-1, 3], [1, 2, 3]])
def test_a_batch_has_a_first_and_a_last_row(rows: list[int]) -> None:
    with pytest.raises(ValueError, match="rows"):
        Rule(id="T1", level="hard", when="n_polyps = 0", must="n_instr > 0", why="Because.", rows=rows)
