"""A folder comes in, at once to several processes, or with a broken key; the one key that all of them get is whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kvqa_audit.cache.secret import kept_secret

MADE = """
import sys
from pathlib import Path
from kvqa_audit.cache.secret import kept_secret
print("ready", flush=True)
sys.stdin.readline()
print(kept_secret(Path(sys.argv[1])).hex())
"""


def test_processes_that_make_the_key_at_once_get_the_same(tmp_path: Path) -> None:
    for turn in range(5):
        place = tmp_path / f"{turn}" / "clocks.key"
        makers = [
            subprocess.Popen(
                [sys.executable, "-c", MADE, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(3)
        ]
        for one in makers:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in makers:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        keys = {one.communicate()[0].strip() for one in makers}
        assert keys == {place.read_bytes().hex()}
        assert [path.name for path in place.parent.iterdir()] == ["clocks.key"]
        assert place.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("broken", [b"", b"half of a key"])
def test_a_key_that_was_cut_off_is_made_anew_and_kept(tmp_path: Path, broken: bytes) -> None:
    place = tmp_path / "clocks.key"
    place.write_bytes(broken)
    key = kept_secret(place)
    assert len(key) == 32
    assert place.read_bytes() == key == kept_secret(place)
    assert place.stat().st_mode & 0o077 == 0


def test_where_no_key_can_be_kept_there_is_one_for_this_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert len(kept_secret(tmp_path / "file" / "clocks.key")) == 32
