"""Files are read whole through one door alone, which waits for no pipe and reads no device to its end."""

from __future__ import annotations

import ast
from pathlib import Path

import kvqa_audit

ROOT = Path(kvqa_audit.__file__).parent
# Of these no stranger says where they lie, or what they are was looked at first.
OWN = {
    "cli/example.py", "cli/run.py", "demo/__init__.py", "duplicates/duplicate_cache.py", "examples/dagster_job.py",
    "jobs/process_memory.py", "pipeline/judgement_cache.py", "serve/config.py", "web/audits.py", "web/reports.py",
}  # fmt: skip


def reads(path: Path) -> bool:
    """Whether a file asks for the whole content of some path; `files(…)` are those of the package."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr in ("read_text", "read_bytes")
        and "files(" not in ast.unparse(call.func.value)
        for call in calls
    )


def test_no_other_module_reads_a_file_whole() -> None:
    found = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py") if reads(path)}
    assert found == OWN
