"""Previews: drawn in children, never of an image that did harm or was changed since, and pairs that lie aligned."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from kvqa_audit.images.fingerprint import fingerprint
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.model import AuditRun, DatasetFacts, ImageFingerprint
from kvqa_audit.previews.records import CHANGED, UNREADABLE, Corners
from kvqa_audit.previews.studio import NEVER_OPENED, Studio, studio_for
from kvqa_audit.spec.load import load_spec
from tests.unit.duplicates.scenes import scene

SAME_GREY, OTHER_GREY = 6.0, 15.0


def turned(picture: Image.Image, degrees: float) -> Image.Image:
    return picture.rotate(degrees, Image.Resampling.BICUBIC)


COPIES = {
    "flipped": ImageOps.mirror,
    "upside-down": ImageOps.flip,
    "on-its-side": lambda picture: picture.rotate(90, expand=True),
    "cropped": lambda picture: picture.crop((30, 24, picture.width - 36, picture.height - 20)),
    "padded": lambda picture: ImageOps.expand(picture, 40),
    "rotated": lambda picture: turned(picture, 6),
}


def saved(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.convert("RGB").save(target, "JPEG", quality=92)
    return target.getvalue()


def audit_of(folder: Path, **files: bytes) -> AuditRun:
    """The least of an audit that a studio asks for: where the images are, and their fingerprints."""
    (folder / "images").mkdir(parents=True)
    (folder / "metadata.csv").write_text("source,question,answer,img_id\n")
    found = []
    for name, data in files.items():
        (folder / "images" / f"{name}.jpg").write_bytes(data)
        found.append(fingerprint(RawImage(name, f"images/{name}.jpg", data)))
    facts = DatasetFacts("made up", str(folder), "0" * 64, 0, len(files))
    return AuditRun("r", "", "", {}, facts, (), {}, (), (), tuple(found), (), {}, (), 0)


def with_problem(run: AuditRun, img_id: str, problem: str) -> AuditRun:
    def harmed(one: ImageFingerprint) -> ImageFingerprint:
        return replace(one, problem=problem) if one.img_id == img_id else one

    return replace(run, fingerprints=tuple(map(harmed, run.fingerprints)))


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    original = scene(3)
    copies = {name.replace("-", "_"): saved(copy(original)) for name, copy in COPIES.items()}
    run = audit_of(tmp_path_factory.mktemp("copies") / "set", original=saved(original), other=saved(scene(8)), **copies)
    with studio_for(run, load_spec()) as made:
        yield made


def difference(left: bytes, right: bytes, corners: Corners) -> float:
    """The mean difference in grey where both pictures show something."""
    pictures = [Image.open(io.BytesIO(data)).convert("L") for data in (left, right)]
    size = pictures[0].size
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).polygon([(x * size[0], y * size[1]) for x, y in corners], fill=1)
    first, second = (np.asarray(picture.resize(size), float) for picture in pictures)
    return float(np.abs(first - second)[np.asarray(mask) > 0].mean())


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_lies_on_its_original_once_what_was_done_to_it_is_undone(studio: Studio, name: str) -> None:
    pair = ("original", name.replace("-", "_"))
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    for ordered in (pair, pair[::-1]):
        laid = studio.pairs([ordered], 320)[ordered]
        as_stored = studio.previews(dict.fromkeys(ordered, 320))
        assert laid.aligned
        assert difference(laid.left, laid.right, laid.corners) < SAME_GREY
        assert difference(*(as_stored[one].picture for one in ordered), whole) > OTHER_GREY


def test_two_scenes_are_not_called_aligned(studio: Studio) -> None:
    laid = studio.pairs([("original", "other")], 320)["original", "other"]
    assert (laid.aligned, bool(laid.left), bool(laid.right)) == (False, True, True)


def test_an_image_is_not_shown_once_its_file_has_changed(tmp_path: Path) -> None:
    run = audit_of(tmp_path / "set", kept=saved(scene(1)), swapped=saved(scene(2)), removed=saved(scene(3)))
    (tmp_path / "set" / "images" / "swapped.jpg").write_bytes(saved(scene(9)))
    (tmp_path / "set" / "images" / "removed.jpg").unlink()
    with studio_for(run, load_spec()) as studio:
        made = studio.previews(dict.fromkeys(("kept", "swapped", "removed", "unheard-of"), 100))
        pair = studio.pairs([("kept", "swapped")], 100)["kept", "swapped"]
    assert made["kept"].picture
    assert {name: one.missing for name, one in made.items() if not one.picture} == {
        "swapped": CHANGED,
        "removed": UNREADABLE,
        "unheard-of": UNREADABLE,
    }
    assert (pair.left, pair.right, pair.missing) == (b"", b"", CHANGED)


@pytest.mark.parametrize("problem", ["decoder_crashed", "decoder_hung", "decoder_out_of_memory", "truncated"])
def test_an_image_that_did_harm_is_never_opened_again(tmp_path: Path, problem: str) -> None:
    run = with_problem(audit_of(tmp_path / "set", sound=saved(scene(1)), harmful=saved(scene(2))), "harmful", problem)
    (tmp_path / "set" / "images" / "harmful.jpg").unlink()
    with studio_for(run, load_spec()) as studio:
        assert studio.previews({"harmful": 100})["harmful"].missing == NEVER_OPENED
        assert studio.pairs([("harmful", "sound")], 100)["harmful", "sound"].missing == NEVER_OPENED
        assert studio.pairs([("sound", "harmful")], 100)["sound", "harmful"].missing == NEVER_OPENED
        assert studio.previews({"sound": 100})["sound"].picture


def test_nothing_is_decoded_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = audit_of(tmp_path / "set", one=saved(scene(1)), two=saved(scene(1).transpose(Image.Transpose.ROTATE_180)))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a picture was opened in the parent")

    monkeypatch.setattr(Image, "open", refuse)
    with studio_for(run, load_spec()) as studio:
        assert studio.previews({"one": 64})["one"].picture
        assert studio.pairs([("one", "two")], 64)["one", "two"].aligned


def test_a_place_that_is_gone_gives_no_picture_and_no_error(tmp_path: Path) -> None:
    run = audit_of(tmp_path / "set", one=saved(scene(1)))
    gone = replace(run, dataset=replace(run.dataset, location=str(tmp_path / "gone")))
    with studio_for(gone, load_spec()) as studio:
        assert studio.previews({"one": 64})["one"].missing == UNREADABLE
    assert run.fingerprints[0].sha256 == sha256(saved(scene(1))).hexdigest()
