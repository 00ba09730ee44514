"""Files are read whole through one door alone, which reads no pipe or device, and JSON through one that knows depth."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import kvqa_audit

ROOT = Path(kvqa_audit.__file__).parent
# Of these no stranger says where they lie, or what they are was looked at first.
OWN = {
    "cli/example.py", "cli/run.py", "demo/__init__.py", "duplicates/duplicate_cache.py", "examples/dagster_job.py",
    "jobs/process_memory.py", "pipeline/judgement_cache.py", "serve/config.py", "store/at_work.py", "web/audits.py",
    "web/reports.py",
}  # fmt: skip

# Of these the program itself wrote the text a moment ago, or they tell of too deep a text in words of their own.
OWN_JSON = {
    "artifacts/record.py", "ingest/json_records.py", "jobs/audit_child.py", "json_text.py",
    "pipeline/judge_part.py", "report/figures.py", "reviews/prepared.py", "reviews/studio_child.py",
    "reviews/studios.py", "store/migrations/versions/s0003_projects_states_and_findings.py", "web/api/problems.py",
    "web/api/reviews.py",
}  # fmt: skip


def functions_called(path: Path) -> Iterator[ast.Attribute]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func


def reads(path: Path) -> bool:
    """Whether a file asks for the whole content of some path; `files(…)` are those of the package."""
    return any(
        function.attr in ("read_text", "read_bytes") and "files(" not in ast.unparse(function.value)
        for function in functions_called(path)
    )


def reads_json(path: Path) -> bool:
    return any(ast.unparse(function) in ("json.loads", "json.load") for function in functions_called(path))


def test_no_other_module_reads_a_file_whole() -> None:
    found = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py") if reads(path)}
    assert found == OWN


def test_no_other_module_reads_json_that_may_be_nested_too_deeply() -> None:
    found = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py") if reads_json(path)}
    assert {name for name in found if not name.startswith("client/")} == OWN_JSON
