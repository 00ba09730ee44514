"""Places in a description and what is wrong there come in; one validation error that names them all goes out."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

Location = tuple[str | int, ...]


def faults_at(places: Mapping[Location, str]) -> ValidationError:
    """The error that a validator may raise; each place is relative to what it validates."""
    details = [
        InitErrorDetails(type=PydanticCustomError("value_error", "{text}", {"text": text}), loc=place, input=None)
        for place, text in places.items()
    ]
    return ValidationError.from_exception_data("description", details)
