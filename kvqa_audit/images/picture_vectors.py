"""One vector a picture comes in, whatever made it, and goes out as a record that tells its digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PictureVectors:
    """What n pictures look like, (n, k) numbers, by img_id in the order of the ids; `repr` is a digest of all of it."""

    img_ids: tuple[str, ...]
    vectors: NDArray[Any]

    def __repr__(self) -> str:
        digest = hashlib.sha256(repr((self.img_ids, self.vectors.shape, self.vectors.dtype.str)).encode())
        digest.update(np.ascontiguousarray(self.vectors).tobytes())
        return f"PictureVectors({digest.hexdigest()})"
