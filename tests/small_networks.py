"""Small networks are written as ONNX files, with the preprocessing beside them, as `--embedder` takes them."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

SIDE_PX = 32
PREPROCESSING = f"size: {SIDE_PX}\nmean: [0, 0, 0]\nstd: [1, 1, 1]\nlayout: NCHW\nchannels: RGB\n"
MEANS_OF_PATCHES = (
    helper.make_node("AveragePool", ["image"], ["patches"], kernel_shape=[8, 8], strides=[8, 8]),
    helper.make_node("Flatten", ["patches"], ["features"]),
)


def write_network(
    model: Path,
    nodes: tuple[onnx.NodeProto, ...] = MEANS_OF_PATCHES,
    *,
    inputs: tuple[str, ...] = ("image",),
    preprocessing: str = PREPROCESSING,
) -> Path:
    """Writes a network of pictures of 32 pixels; the usual one gives the mean of each colour in 4 x 4 patches."""
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX]) for name in inputs]
    told = [helper.make_tensor_value_info("features", TensorProto.FLOAT, None)]
    graph = helper.make_graph(list(nodes), "small", given, told)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), model)
    model.with_suffix(".yaml").write_text(preprocessing, encoding="utf-8")
    return model
