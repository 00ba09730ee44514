"""A check is one file, named as the check, known to the registry, and independent of all other checks."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import kvqa_audit.checks
from kvqa_audit.checks.registry import CHECKS, checks_for
from kvqa_audit.spec.load import load_spec

FILES = sorted(Path(kvqa_audit.checks.__file__).parent.glob("kv*.py"))
CHECK_TESTS = sorted((Path(__file__).parents[1] / "unit" / "checks").glob("test_*.py"))
BY_NAME = {f"{check.code.lower()}_{check.name}": check for check in CHECKS}


def test_registry_holds_every_file_once_in_the_order_of_codes() -> None:
    assert sorted(BY_NAME) == [file.stem for file in FILES]
    assert [check.code for check in CHECKS] == sorted(check.code for check in CHECKS)
    codes = [check.code for check in checks_for(load_spec())]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_file_imports_no_other_check_and_neither_draws_nor_writes(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not [name for name in imported if name.startswith("kvqa_audit.checks.kv")]
    assert not imported & {"plotly", "jinja2", "rich", "sys", "io", "kvqa_audit.artifacts.folder"}
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in ("open", "print")]


def marked_to_fire() -> set[str]:
    """The codes in `pytest.mark.fires(…)` of the checks' own tests, each of which is held to it when it is run."""
    calls = [
        node
        for file in CHECK_TESTS
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fires"
    ]
    return {ast.literal_eval(code) for call in calls for code in call.args}


def test_every_check_has_a_test_in_which_it_fires() -> None:
    fires = marked_to_fire()
    lacking = [code for code in (check.code for check in CHECKS) if code not in fires]
    assert not lacking, f"mark a test in tests/unit/checks with @pytest.mark.fires({', '.join(map(repr, lacking))})"
    for described in ("KV02-", "KV30-"):
        assert any(code.startswith(described) for code in fires)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_text_for_people_is_whole_sentences(name: str) -> None:
    doc = BY_NAME[name].doc
    for text in (doc.title, doc.why, doc.fix):
        assert text.endswith(".")
        assert text == " ".join(text.split())
        assert len(text) > 15
