"""A folder of YAML files comes in; one checked DatasetSpec goes out, or an error that names file, line and key."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from kvqa_audit.errors import SpecError
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.record import FORMS
from kvqa_audit.spec.release import Release
from kvqa_audit.spec.yaml_file import YamlFile, read_yaml

DEFAULT_DATASET = "kvasir-vqa"
OfKind = TypeVar("OfKind", bound=BaseModel)


def shipped_descriptions() -> Path:
    """The folder with the descriptions that come with the package (in a checkout: `expectations/`)."""
    package = Path(__file__).parent.parent
    packaged = package / "expectations"
    return packaged if packaged.is_dir() else package.parent / "expectations"


def load_spec(folder: Path | str | None = None) -> DatasetSpec:
    """Reads `dataset.yaml`, and beside it `promises.yaml`, `rules.yaml` and `release.yaml` where they are.

    Args:
        folder: a folder, or the name of a shipped description; None is Kvasir-VQA.

    Raises:
        SpecError: a file is missing, is not YAML, or holds a key or value that is not allowed.
    """
    path = _folder(folder)
    main = read_yaml(path / "dataset.yaml")
    data = dict(_mapping(main))
    origin: dict[str, tuple[YamlFile, int]] = {}
    for key, name in (("promises", "promises.yaml"), ("rules", "rules.yaml"), ("release", "release.yaml")):
        if key in data:
            raise SpecError(f"{main.where((key,))}: belongs into {name}")
        if os.path.lexists(path / name):  # a link to nowhere is told when it is read
            file = read_yaml(path / name)
            content = _mapping(file)
            if key == "release":
                data[key], origin[key] = content, (file, 1)
            else:
                _only_key(file, content, key)
                data[key], origin[key] = content.get(key) or [], (file, 0)
    try:
        spec = DatasetSpec.model_validate(data)
    except ValidationError as error:
        raise SpecError("\n".join(_messages(error, main, origin))) from None
    return spec.read_from(dict(_places(spec, origin)))


def load_release(path: Path) -> Release:
    """Reads a release policy that stands in a file of its own.

    Raises:
        SpecError: as for `load_record`.
    """
    return load_record(path, Release)


def load_record(path: Path, kind: type[OfKind]) -> OfKind:
    """Reads a file that holds one record.

    Raises:
        SpecError: the file is missing, is not YAML, or holds a key or value that is not allowed.
    """
    file = read_yaml(path)
    try:
        return kind.model_validate(_mapping(file))
    except ValidationError as error:
        raise SpecError("\n".join(_messages(error, file, {}, kind))) from None


def _folder(folder: Path | str | None) -> Path:
    if folder is None:
        return shipped_descriptions() / DEFAULT_DATASET
    path = Path(folder)
    if path.is_dir():
        return path
    shipped = shipped_descriptions()
    names = sorted(p.name for p in shipped.iterdir() if (p / "dataset.yaml").exists()) if shipped.is_dir() else []
    if str(folder) in names:
        return shipped / str(folder)
    raise SpecError(f"{folder}: is no folder with a dataset description; shipped ones are: {', '.join(names)}")


def _mapping(file: YamlFile) -> dict[str, Any]:
    if not isinstance(file.data, dict):
        raise SpecError(f"{file.where(())}: has to hold keys and values, such as 'name: …'")
    return file.data


def _places(spec: DatasetSpec, origin: dict[str, tuple[YamlFile, int]]) -> Iterator[tuple[tuple[str, str, str], str]]:
    """Where the keys of each promise and of each rule stand."""
    for part, ids in (("promises", [one.id for one in spec.promises]), ("rules", [one.id for one in spec.rules])):
        if part in origin:
            file, _ = origin[part]
            for location, line in file.lines.items():
                if len(location) == 3 and location[0] == part:
                    yield (part, ids[int(location[1])], str(location[2])), f"{file.path}, line {line}"


def _only_key(file: YamlFile, content: dict[str, Any], key: str) -> None:
    for other in content:
        if other != key:
            raise SpecError(f"{file.where((other,))}: is not allowed here; the one key of this file is '{key}'")


def _messages(
    error: ValidationError,
    main: YamlFile,
    origin: dict[str, tuple[YamlFile, int]],
    kind: type[BaseModel] = DatasetSpec,
) -> list[str]:
    messages = []
    for problem in error.errors(include_url=False):
        location = problem["loc"]
        file, drop = origin.get(str(location[0]), (main, 0)) if location else (main, 0)
        text = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            text = f"is not a known key{_allowed(location, kind)}"
        elif problem["type"] == "missing":
            text = "is missing"
        elif problem["type"] == "string_pattern_mismatch" and problem["ctx"]["pattern"] in FORMS:
            text = f"has to be {FORMS[problem['ctx']['pattern']]} (found: {_short(problem['input'])})"
        else:
            text = f"{text} (found: {_short(problem['input'])})" if problem["type"] != "value_error" else text
        advice = '; put a text into quotes: "…"' if problem["type"] == "string_type" else ""
        messages.append(f"{file.where(location[drop:])}: {text}{advice}")
    return messages


def _allowed(location: tuple[int | str, ...], kind: type[BaseModel]) -> str:
    """`; did you mean 'x'? allowed are: …`, from the record the unknown key stands in."""
    record: Any = kind
    for step in location[:-1]:
        if isinstance(step, str) and isinstance(record, type) and issubclass(record, BaseModel):
            field = record.model_fields.get(step)
            # A key that is no field is the key of a mapping from names to records.
            record = field.annotation if field else record
        record = _innermost_record(record)
    if not (isinstance(record, type) and issubclass(record, BaseModel)):
        return ""
    names = sorted(record.model_fields)
    close = difflib.get_close_matches(str(location[-1]), names, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    return f"{hint} allowed are: {', '.join(names)}" if hint else f"; allowed are: {', '.join(names)}"


def _innermost_record(annotation: Any) -> Any:
    for argument in getattr(annotation, "__args__", ()):
        found = _innermost_record(argument)
        if isinstance(found, type) and issubclass(found, BaseModel):
            return found
    return annotation


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
