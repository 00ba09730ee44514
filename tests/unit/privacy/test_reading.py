"""Reading text in pictures: with the weights of the wheel alone, without any network, and told where it cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from written import jpeg, tissue, written

from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.privacy import reader
from kvqa_audit.privacy.burned_in_stage import read_image
from kvqa_audit.privacy.reader import why_unreadable

WATCHED = """
import sys
import numpy as np
from PIL import Image

def watch(event, args):
    if event.startswith("socket.") and event not in ("socket.__new__",):
        raise RuntimeError(f"the network was asked for: {event} {args}")

sys.addaudithook(watch)
from kvqa_audit.privacy.reader import read_lines
lines = read_lines(np.asarray(Image.open(sys.argv[1]).convert("RGB")))
print(sorted(line.text for line in lines))
"""


@pytest.mark.ocr
def test_reads_with_the_network_watched(tmp_path: Path) -> None:
    written().save(tmp_path / "a.png")
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path / "a.png")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "21/05/2015" in done.stdout
    assert done.stderr == ""


@pytest.mark.ocr
def test_kinds_and_places_are_kept_and_no_text() -> None:
    found = read_image(RawImage("a", "a.jpg", jpeg(written())))
    assert found.problem is None
    assert found.categories == ("date", "time")
    assert found.lines >= 3
    date, clock = sorted(found.regions, key=lambda region: region.y)
    assert (date.x, date.y) == pytest.approx((8 / 622, 150 / 530), abs=0.03)
    assert clock.y == pytest.approx(176 / 530, abs=0.03)
    assert not any(text in repr(found) for text in ("2015", "13:13", "CVP"))


@pytest.mark.ocr
def test_names_and_numbers_are_told_anywhere_in_the_picture() -> None:
    found = read_image(RawImage("a", "a.jpg", jpeg(written(("Nordmann, Kari", "12345678901"), at=(400, 420)))))
    assert found.categories == ("number", "name")


@pytest.mark.ocr
@pytest.mark.ocr
def test_one_line_is_read_by_itself_and_whole_pictures_after_it_as_before() -> None:
    picture = np.asarray(written())
    before = reader.read_characters(picture)
    text, confidence = reader.read_line(picture[150:176, 4:120])
    assert text == "21/05/2015"
    assert confidence > 0.9
    assert reader.read_line(np.asarray(tissue())[150:176, 4:120])[1] < 0.5
    assert reader.read_characters(picture) == before


def test_a_picture_without_text_holds_nothing() -> None:
    found = read_image(RawImage("a", "a.jpg", jpeg(tissue())))
    assert (found.problem, found.categories, found.regions, found.lines) == (None, (), (), 0)


def test_what_is_no_image_is_told_before_anything_is_read() -> None:
    assert read_image(RawImage("a", "a.jpg", b"plain text")).problem == "not_an_image"
    assert read_image(RawImage("a", "a.jpg", b"", "missing", "gone")).problem == "missing"


def test_without_the_extra_the_reason_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "find_spec", lambda name: None)
    assert why_unreadable() == (
        "reading text in pictures needs rapidocr and onnxruntime: pip install 'kvqa-audit[ocr]'"
    )


@pytest.mark.ocr
def test_weights_that_are_missing_are_named_and_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_DETECTION", "gone.onnx")
    assert "comes without gone.onnx" in str(why_unreadable())
    reader._engine.cache_clear()
    with pytest.raises(Exception, match=r"gone\.onnx"):
        reader.read_lines(np.zeros((64, 64, 3), np.uint8))
    reader._engine.cache_clear()
