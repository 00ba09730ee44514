"""Vectors of any network come in; vectors that can be compared go out: no entry rules the rest, and each has length 1.

The signed square root, then the Euclidean norm (Perronnin, Sánchez and Mensink 2010).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# What a vector of a picture can have, in numbers.
MIN_LENGTH, MAX_LENGTH = 2, 8_192


def normalised(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """The vectors, (n, k), with damped entries and of length 1; one of zeros stays as it is."""
    damped = np.sign(vectors) * np.sqrt(np.abs(vectors.astype(np.float32)))
    return np.asarray(damped / np.maximum(np.linalg.norm(damped, axis=1, keepdims=True), np.float32(1e-12)), np.float32)
