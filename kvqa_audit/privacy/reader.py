"""Pixels come in; the lines of text in them, with their places, go out: the one door to RapidOCR.

The weights are those of its wheel, named by their paths: where they are missing nothing is read, and nothing is ever
fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.overlays.detection import Region, region_of

HOW_TO_INSTALL = "pip install 'kvqa-audit[ocr]'"
_PACKAGES = ("rapidocr", "onnxruntime")
_DETECTION = "PP-OCRv6_det_small.onnx"
_RECOGNITION = "PP-OCRv6_rec_small.onnx"
_LEAST_SIDE_PX, _LARGEST_SIDE_PX = 736, 2000


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One line of text and where it stands; it never leaves the process that read it."""

    text: str
    region: Region


@dataclass(frozen=True, slots=True)
class ReadCharacter:
    """One character, how sure the reader is, 0 to 1, and the place of its middle in pixels."""

    text: str
    confidence: float
    x: float
    y: float


def why_unreadable() -> str | None:
    """Why no text can be read with what is installed; None where it can."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        return f"reading text in pictures needs {' and '.join(missing)}: {HOW_TO_INSTALL}"
    absent = [path.name for path in _weights() if not path.is_file()]
    if absent:
        return f"the installed rapidocr comes without {' and '.join(absent)}: {HOW_TO_INSTALL}"
    return None


def read_lines(rgb: NDArray[np.uint8]) -> tuple[ReadLine, ...]:
    """Reads all lines of text, with one thread.

    Args:
        rgb: (height, width, 3), at full size or at least 736 pixels high; smaller pictures are enlarged to that.

    Raises:
        ImportError: RapidOCR is not installed.
    """
    found = _engine(enlarges=True)(np.ascontiguousarray(rgb[..., ::-1]))
    if found.boxes is None or found.txts is None:
        return ()
    return tuple(ReadLine(str(text), _region(box, rgb)) for box, text in zip(found.boxes, found.txts, strict=True))


def read_characters(rgb: NDArray[np.uint8]) -> tuple[tuple[ReadCharacter, ...], ...]:
    """Reads the characters of all lines of text, blanks left out, with one thread; nothing is enlarged for it.

    Args:
        rgb: (height, width, 3); letters lower than 10 pixels are hardly found.

    Raises:
        ImportError: RapidOCR is not installed.
    """
    read = _engine(enlarges=False)
    found = read(np.ascontiguousarray(rgb[..., ::-1]), use_det=True, return_word_box=True, return_single_char_box=True)
    if found.txts is None:
        return ()
    return tuple(
        tuple(ReadCharacter(str(one[0]), float(one[1]), *_middle(one[2])) for one in line if one and one[0].strip())
        for line in found.word_results
    )


def read_line(rgb: NDArray[np.uint8]) -> tuple[str, float]:
    """Reads a picture of one line, blanks left out; the confidence is that of the character that is least sure, 0 to 1.

    Args:
        rgb: (height, width, 3), little more than the line.

    Raises:
        ImportError: RapidOCR is not installed.
    """
    # What a call says of detection holds for the calls after it, too.
    found = _engine(enlarges=False)(np.ascontiguousarray(rgb[..., ::-1]), use_det=False, return_word_box=True)
    text = "".join("".join(found.txts or ()).split())
    return text, min((float(one) for line in found.word_results for one in line.confs), default=0.0)


def _middle(corners: Any) -> tuple[float, float]:
    x, y = np.asarray(corners, dtype=np.float64).mean(axis=0).tolist()
    return x, y


@cache
def _engine(*, enlarges: bool) -> Any:
    """Loaded once a process; text is looked for in an enlarged picture, or in one that is at most reduced."""
    import cv2
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)
    detection, recognition = _weights()
    return RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.log_level": "critical",
            "Det.model_path": str(detection),
            "Det.limit_type": "min" if enlarges else "max",
            "Det.limit_side_len": _LEAST_SIDE_PX if enlarges else _LARGEST_SIDE_PX,
            "Rec.model_path": str(recognition),
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _weights() -> tuple[Path, Path]:
    """The files of the wheel; the package is not imported for it, because that takes a second."""
    spec = find_spec("rapidocr")
    folder = Path(spec.origin).parent if spec is not None and spec.origin else Path()
    return folder / "models" / _DETECTION, folder / "models" / _RECOGNITION


def _region(box: Any, rgb: NDArray[np.uint8]) -> Region:
    """The upright rectangle around four corners, kept inside the picture."""
    height, width = rgb.shape[:2]
    corners = np.clip(np.asarray(box, dtype=np.float64), 0, (width, height))
    left, top = np.floor(corners.min(axis=0)).astype(int)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int)
    return region_of(int(left), int(top), int(right), int(bottom), rgb.shape)
