"""The YAML file beside a model comes in; how a picture is made into the model's input goes out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le
from pydantic import BeforeValidator, Field

from kvqa_audit.errors import SpecError
from kvqa_audit.spec.load import load_record
from kvqa_audit.spec.record import Record


class Layout(StrEnum):
    """The order of the input's axes: n pictures, c channels, h rows, w columns."""

    NCHW = "NCHW"
    NHWC = "NHWC"


class Channels(StrEnum):
    """The order of the colours."""

    RGB = "RGB"
    BGR = "BGR"


def _numbers(value: Any) -> Any:
    """Whole numbers are numbers, too."""
    return [float(one) if type(one) is int else one for one in value] if isinstance(value, list) else value


_FORM = "size, mean, std, layout (NCHW or NHWC) and channels (RGB or BGR)"
_OfEachChannel = Field(min_length=3, max_length=3)


class Preprocessing(Record):
    """Each picture is squeezed to a square of `size` pixels, scaled to 0 to 1, less `mean`, divided by `std`.

    `mean` and `std` are in the order of `channels`.
    """

    size: Annotated[int, Ge(16), Le(1024)]
    mean: Annotated[list[Annotated[float, Ge(-1000), Le(1000)]], BeforeValidator(_numbers), _OfEachChannel]
    std: Annotated[list[Annotated[float, Gt(0), Le(1000)]], BeforeValidator(_numbers), _OfEachChannel]
    layout: Annotated[Layout, Field(strict=False)]
    channels: Annotated[Channels, Field(strict=False)]


def preprocessing_of(model: Path) -> Preprocessing:
    """Reads the file that has the model's name and ends with `.yaml`.

    Raises:
        SpecError: the file is missing, is not YAML, or holds a key or value that is not allowed.
    """
    path = model.with_suffix(".yaml")
    if not path.exists():
        raise SpecError(f"{path}: there is no such file; it has to say how pictures are made for {model.name}: {_FORM}")
    return load_record(path, Preprocessing)
