"""A model's vectors are worked out in children, kept by image and model, and a model that is none is told."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from onnx import helper

from kvqa_audit.cache.texts import TextCache
from kvqa_audit.embeddings.embedding_stage import embed_images, network_at
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.errors import SourceError, SpecError
from kvqa_audit.images.picture_vectors import PictureVectors
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.ingest.image_place import ImagePlace
from tests.small_networks import PREPROCESSING, write_network


@dataclass(frozen=True)
class Shard:
    """Pictures of one colour, by id; the one named `poison` ends the process that reads it."""

    colours: tuple[tuple[str, tuple[int, int, int]], ...]
    poison: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(img_id for img_id, _ in self.colours)

    def read(self) -> Iterator[RawImage]:
        return self.pick(self.ids)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        for img_id, colour in self.colours:
            if img_id in ids:
                if img_id == self.poison:
                    os._exit(3)
                yield RawImage(img_id, f"{img_id}.png", as_png(colour))

    def places(self) -> dict[str, ImagePlace]:
        return {}


def as_png(colour: tuple[int, int, int]) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (48, 40), colour).save(target, "PNG")
    return target.getvalue()


def run(
    shard: Shard, model: Path, cache: TextCache | None = None, ids: Collection[str] | None = None
) -> tuple[PictureVectors, tuple[str, ...], int]:
    digests = {i: hashlib.sha256(as_png(c)).hexdigest() for i, c in shard.colours if ids is None or i in ids}
    counts: list[int] = []
    with LocalPool(1) as pool:
        network = network_at(model)
        found, notes = embed_images([shard], digests, network, pool=pool, cache=cache, on_progress=counts.append)
    return found, notes, len(counts)


def test_each_image_has_the_vector_that_the_model_gives(tmp_path: Path) -> None:
    shard = Shard((("red", (255, 0, 0)), ("blue", (0, 0, 255)), ("other", (9, 9, 9))))
    found, notes, _ = run(shard, write_network(tmp_path / "m.onnx"), ids=["red", "blue"])
    assert (found.img_ids, found.vectors.shape, notes) == (("blue", "red"), (2, 48), ())
    np.testing.assert_allclose(found.vectors[1], [0.25] * 16 + [0] * 32, atol=1e-6)
    np.testing.assert_allclose(found.vectors[0], [0] * 32 + [0.25] * 16, atol=1e-6)


def test_the_preprocessing_is_what_its_file_says(tmp_path: Path) -> None:
    turned = PREPROCESSING.replace("RGB", "BGR").replace("mean: [0, 0, 0]", "mean: [0, 0, 0.5]")
    found, _, _ = run(Shard((("red", (255, 0, 0)),)), write_network(tmp_path / "m.onnx", preprocessing=turned))
    np.testing.assert_allclose(found.vectors[0], [0] * 32 + [0.25] * 16, atol=1e-6)
    # The network takes channels first: with the other layout its input does not fit, and it is told before any image.
    write_network(tmp_path / "m.onnx", preprocessing=PREPROCESSING.replace("NCHW", "NHWC"))
    with pytest.raises(SourceError, match=r"m\.onnx: the model does not run"):
        run(Shard((("red", (255, 0, 0)),)), tmp_path / "m.onnx")


def test_vectors_are_kept_by_image_and_model(tmp_path: Path) -> None:
    cache, shard = TextCache(tmp_path / "c.sqlite"), Shard((("red", (255, 0, 0)), ("blue", (0, 0, 255))))
    model = write_network(tmp_path / "m.onnx")
    first, _, worked_on = run(shard, model, cache)
    assert (worked_on, cache.count()) == (2, 2)
    again, _, told = run(Shard(shard.colours, poison="red"), model, cache)
    assert told == 1
    assert repr(again) == repr(first)
    model.with_suffix(".yaml").write_text(PREPROCESSING.replace("[1, 1, 1]", "[2, 2, 2]"))
    run(shard, model, cache)
    assert cache.count() == 4


def test_an_image_that_ends_its_child_costs_itself(tmp_path: Path) -> None:
    shard = Shard((("red", (255, 0, 0)), ("bad", (1, 2, 3)), ("blue", (0, 0, 255))), poison="bad")
    found, notes, _ = run(shard, write_network(tmp_path / "m.onnx"))
    assert found.img_ids == ("blue", "red")
    assert notes == ("m.onnx gave no vector for 1 of 3 images.",)


NOT_FINITE = (
    helper.make_node("Sub", ["image", "image"], ["zeros"]),
    helper.make_node("Log", ["zeros"], ["logs"]),
    helper.make_node("AveragePool", ["logs"], ["patches"], kernel_shape=[8, 8]),
    helper.make_node("Flatten", ["patches"], ["features"]),
)
ONE_NUMBER = (helper.make_node("ReduceMean", ["image"], ["features"], keepdims=1),)


@pytest.mark.parametrize(
    ("nodes", "inputs", "problem"),
    [
        (NOT_FINITE, ("image",), "the model gives numbers that are not finite"),
        (ONE_NUMBER, ("image",), r"output is float32 of shape \(1, 1, 1, 1\)"),
        ((helper.make_node("Identity", ["image"], ["features"]),), ("image", "more"), "has 2 inputs, not one"),
        ((helper.make_node("Nothing", ["image"], ["features"]),), ("image",), "the model does not run"),
    ],
)
def test_a_model_that_gives_no_vector_is_told_before_any_image(tmp_path: Path, nodes, inputs, problem: str) -> None:
    model = write_network(tmp_path / "m.onnx", nodes, inputs=inputs)
    with pytest.raises(SourceError, match=problem):
        run(Shard((("red", (255, 0, 0)),), poison="red"), model)


def test_files_that_are_no_model_are_refused(tmp_path: Path) -> None:
    model = write_network(tmp_path / "m.onnx")
    model.write_bytes(b"no network")
    with pytest.raises(SourceError, match="the model does not run"):
        run(Shard(()), model)
    os.mkfifo(tmp_path / "pipe.onnx")
    for name in ("pipe.onnx", "nowhere.onnx"):
        with pytest.raises(SourceError, match=name):
            network_at(tmp_path / name)
    write_network(tmp_path / "alone.onnx").with_suffix(".yaml").unlink()
    with pytest.raises(SpecError, match=r"alone\.yaml: there is no such file"):
        network_at(tmp_path / "alone.onnx")


@pytest.mark.parametrize(
    ("before", "after"),
    [("size: 32", "size: 0"), ("NCHW", "CHW"), ("RGB", "rgb"), ("std: [1, 1, 1]", "std: [1, 0, 1]"), ("size", "side"),
     ("mean: [0, 0, 0]", "mean: [0, 0]"), ("mean: [0, 0, 0]", "mean: [a, b, c]"), ("size: 32", "size: 32\nurl: x")],
)  # fmt: skip
def test_a_wrong_key_of_the_preprocessing_is_named(tmp_path: Path, before: str, after: str) -> None:
    model = write_network(tmp_path / "m.onnx", preprocessing=PREPROCESSING.replace(before, after))
    with pytest.raises(SpecError, match=r"m\.yaml"):
        network_at(model)
