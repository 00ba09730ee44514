"""No module that runs in the parent decodes a picture: none imports Pillow, or a module that does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import kvqa_audit

ROOT = Path(kvqa_audit.__file__).parent
RUN_IN_THE_PARENT = (
    "answers", "artifacts", "cache", "checks", "cli", "compare", "console", "contracts", "describe", "engine", "fixes",
    "ingest", "outputs", "pipeline", "release", "report", "spec", "store",
)  # fmt: skip


def imported_by(path: Path) -> set[str]:
    """Every module that a file imports, at its top or later, and `module.name` for each name taken from one."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.update({node.module, *(f"{node.module}.{one.name}" for one in node.names)})
    return found


def name_of(path: Path) -> str:
    return ".".join(("kvqa_audit", *path.relative_to(ROOT).with_suffix("").parts))


USES_PILLOW = {
    name_of(path) for path in ROOT.rglob("*.py") if any(name.split(".")[0] == "PIL" for name in imported_by(path))
}


def test_there_are_modules_that_decode() -> None:
    assert {"kvqa_audit.images.decode", "kvqa_audit.previews.drawing"} <= USES_PILLOW


@pytest.mark.parametrize("package", RUN_IN_THE_PARENT)
def test_no_module_that_runs_in_the_parent_imports_pillow_or_what_decodes_with_it(package: str) -> None:
    forbidden = (USES_PILLOW - {"kvqa_audit.previews.drawing"}) | {"PIL", "PIL.Image"}
    found = {name_of(path): imported_by(path) & forbidden for path in (ROOT / package).rglob("*.py")}
    assert {name: modules for name, modules in found.items() if modules} == {}
