"""A file that a command is to write replaces nothing that the program did not write, and lies in no dataset."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from kvqa_audit.demo import DemoTruth
from tests.functional.conftest import Program

Drawn = tuple[Path, DemoTruth]
COMMANDS = {
    "report": ("report", "audit", "--no-images", "--out", "FILE"),
    "compare": ("compare", "audit", "audit", "--out", "FILE"),
    "index": ("index", "audit", "--out", "FILE"),
    "export --croissant": ("export", "audit", "--croissant", "FILE"),
    "export --card": ("export", "audit", "--card", "FILE"),
}


@pytest.fixture
def place(audited: Path, tmp_path: Path) -> Path:
    """A folder with an audit and files of others."""
    shutil.copytree(audited, tmp_path / "audit")
    for name in ("a.html", "a.json", "a.csv", "a.jpg"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling.html").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.md")
    return tmp_path


def called(program: Program, place: Path, command: str, name: str) -> tuple[int, str]:
    done = program(*(word.replace("FILE", name) for word in COMMANDS[command]), cwd=place)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def contents(place: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(place.rglob("*"))}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_others_made_is_not_overwritten(program: Program, place: Path, command: str) -> None:
    before = contents(place)
    for name in ("a.html", "a.json", "a.csv", "a.jpg", "folder", "dangling.html", "pipe.md", "audit/audit.json"):
        code, said = called(program, place, command, name)
        assert code == 2
        assert said.count("\n") == 1
        assert name in said
    assert contents(place) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_program_wrote_is_written_anew_and_an_empty_file_is_free(
    program: Program, place: Path, command: str
) -> None:
    for name in ("new.md", "empty.md"):
        (place / "empty.md").touch()
        for _ in range(2):
            assert called(program, place, command, name)[0] == 0
            assert (place / name).stat().st_size > 100


@pytest.mark.parametrize("command", ["report", "compare"])
@pytest.mark.parametrize("name", ["page.html", "images/page.html"])
def test_a_page_may_not_lie_in_the_dataset(
    program: Program, place: Path, drawn: Drawn, command: str, name: str
) -> None:
    code, said = called(program, place, command, str(drawn[0] / name))
    assert code == 2
    assert "lies in the dataset itself" in said
    assert not (drawn[0] / name).exists()


def test_pages_of_a_report_take_no_folder_of_others(program: Program, place: Path) -> None:
    (place / "folder" / "index.html").write_text("mine")
    before = contents(place)
    done = program("report", "audit", "--no-images", "--pages", "--out", "folder.html", cwd=place)
    assert done.returncode == 2
    assert "holds other things" in done.stderr
    assert contents(place) == before


def test_pages_that_a_killed_report_left_without_their_index_are_written_anew(program: Program, place: Path) -> None:
    words = ("report", "audit", "--no-images", "--pages", "--out", "new.html")
    assert program(*words, cwd=place).returncode == 0
    (place / "new" / "index.html").unlink()
    (place / "new" / ".KV001-1.html.part").write_text("half")
    assert program(*words, cwd=place).returncode == 0
    assert (place / "new" / "index.html").exists()


def test_a_card_keeps_all_else_byte_by_byte(program: Program, place: Path) -> None:
    (place / "README.md").write_bytes(b"# Mine\r\n\r\nText.\r\n")
    for _ in range(2):
        assert called(program, place, "export --card", "README.md")[0] == 0
        assert (place / "README.md").read_bytes().startswith(b"# Mine\r\n\r\nText.\n\n<!-- begin")
