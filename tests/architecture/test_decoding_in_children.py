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


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """The modules of this package, each with what it imports."""
    return {name_of(path): imported_by(path) for path in ROOT.rglob("*.py")}


@pytest.fixture(scope="module")
def uses_pillow(imports: dict[str, set[str]]) -> set[str]:
    return {name for name, found in imports.items() if any(one.split(".")[0] == "PIL" for one in found)}


def test_there_are_modules_that_decode(uses_pillow: set[str]) -> None:
    assert {"kvqa_audit.images.decode", "kvqa_audit.previews.drawing"} <= uses_pillow


@pytest.mark.parametrize("package", RUN_IN_THE_PARENT)
def test_no_module_that_runs_in_the_parent_imports_pillow_or_what_decodes_with_it(
    imports: dict[str, set[str]], uses_pillow: set[str], package: str
) -> None:
    forbidden = (uses_pillow - {"kvqa_audit.previews.drawing"}) | {"PIL", "PIL.Image"}
    of_package = {name: found for name, found in imports.items() if name.startswith(f"kvqa_audit.{package}.")}
    assert of_package
    assert {name: found & forbidden for name, found in of_package.items() if found & forbidden} == {}
