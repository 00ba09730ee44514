"""The bytes of an audit.json come in; a record that fits the shipped schema goes out, or what is wrong with it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from kvqa_audit.errors import ArtifactError
from kvqa_audit.json_text import value_of_json
from kvqa_audit.model import SCHEMA_VERSION

READABLE_VERSIONS = (1, SCHEMA_VERSION)
_MAX_SHOWN = 300


def read_record(content: bytes, place: str) -> dict[str, Any]:
    """The record of a finished audit.

    Args:
        content: what the file holds.
        place: its path, for the error messages.

    Raises:
        ArtifactError: it is no JSON, of another version, or does not fit the schema.
    """
    import fastjsonschema

    try:
        record = value_of_json(content, _no_number)
    except ValueError as error:
        raise ArtifactError(f"{place}: is damaged: it is no JSON ({error}); audit the dataset again") from None
    version = record.get("schema_version") if isinstance(record, dict) else None
    if version not in READABLE_VERSIONS:
        raise ArtifactError(
            f"{place}: is of version {str(version)[:20]}; this program reads versions "
            f"{' and '.join(map(str, READABLE_VERSIONS))}; audit the dataset again"
        )
    try:
        _validator()(record)
    except fastjsonschema.JsonSchemaValueException as error:
        told = str(error.message).replace("data", "the record", 1)[:_MAX_SHOWN]
        raise ArtifactError(f"{place}: is damaged: {told}; audit the dataset again") from None
    known: dict[str, Any] = record
    return known


def schema() -> dict[str, Any]:
    """The shipped schema of audit.json."""
    shipped: dict[str, Any] = json.loads(files("kvqa_audit").joinpath("audit.schema.json").read_bytes())
    return shipped


@functools.cache
def _validator() -> Callable[[Any], Any]:
    """The schema compiled; it uses nothing that draft 7, which the compiler knows, has not got."""
    import fastjsonschema

    known = {**schema(), "$schema": "http://json-schema.org/draft-07/schema#"}
    compiled: Callable[[Any], Any] = fastjsonschema.compile(known, use_formats=False)
    return compiled


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")
