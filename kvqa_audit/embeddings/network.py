"""Pixels come in; the vector that a model gives for them goes out: the one door to ONNX Runtime for models of users.

It runs in guarded children alone: a model is hostile input like any other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.embeddings.normalised import MAX_LENGTH, MIN_LENGTH
from kvqa_audit.embeddings.preprocessing import Channels, Layout, Preprocessing
from kvqa_audit.regular_file import read_regular_file

HOW_TO_INSTALL = "pip install 'kvqa-audit[embed]'"
MAX_MODEL_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Network:
    """A model's file, the SHA-256 of its bytes, and how its input is made."""

    path: str
    sha256: str
    preprocessing: Preprocessing


class NetworkError(Exception):
    """The model is none, or gives no vector; the text says what is wrong with it."""


def why_no_network() -> str | None:
    """Why no model can be run with what is installed; None where one can."""
    return None if find_spec("onnxruntime") else f"running a model needs onnxruntime: {HOW_TO_INSTALL}"


def vector_of(network: Network, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The vector, (k,), of a picture, (size, size, 3), by one thread.

    Raises:
        NetworkError: the model cannot be loaded, or gives something else than 2 to 8,192 finite numbers.
    """
    try:
        session = _session(network.path, network.sha256)
        (given,) = session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: _input(network, rgb)})
    except NetworkError:
        raise
    except Exception as error:  # the runtime's errors have no base of their own
        raise NetworkError(f"the model does not run ({_words(error)})") from error
    vector = np.asarray(given)
    if vector.dtype.kind != "f" or vector.shape[:1] != (1,) or not MIN_LENGTH <= vector.size <= MAX_LENGTH:
        raise NetworkError(
            f"the model's first output is {vector.dtype} of shape {vector.shape}, not one vector of {MIN_LENGTH} to "
            f"{MAX_LENGTH:,} numbers a picture"
        )
    if not np.isfinite(vector).all():
        raise NetworkError("the model gives numbers that are not finite")
    return np.asarray(vector.reshape(-1), np.float32)


def _input(network: Network, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    made = network.preprocessing
    channels = rgb[..., ::-1] if made.channels is Channels.BGR else rgb
    values = (channels / np.float32(255) - np.array(made.mean, np.float32)) / np.array(made.std, np.float32)
    return np.ascontiguousarray((values if made.layout is Layout.NHWC else values.transpose(2, 0, 1))[None], np.float32)


@cache
def _session(path: str, sha256: str) -> Any:
    """Loaded once a process, from the bytes alone: a model whose weights lie in other files is refused."""
    import onnxruntime

    try:
        model = read_regular_file(Path(path), MAX_MODEL_BYTES)
    except OSError as error:
        raise NetworkError(f"the model cannot be read ({error.strerror or error})") from error
    if hashlib.sha256(model).hexdigest() != sha256:
        raise NetworkError("the model's file was changed meanwhile")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    if len(session.get_inputs()) != 1:
        raise NetworkError(f"the model has {len(session.get_inputs())} inputs, not one")
    return session


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
