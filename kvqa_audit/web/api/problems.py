"""Why a request is not done comes in; an answer of the type problem+json goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response

from kvqa_audit.client.records import Problem

_WORDS = {
    400: "The body cannot be read.",
    401: "No valid token or session.",
    403: "Seen, but not allowed with this role or token.",
    404: "Not there, or not for who asks.",
    409: "Conflicts with what is there, or is being done.",
    412: "The version named by If-Match is not that of today.",
    413: "The request brings more than is taken.",
    422: "A value is not possible; `detail` and `errors` say which.",
    428: "An edit has to name by If-Match the version it is of.",
    429: "Too many at once.",
    503: "The store does not answer.",
}


class ProblemJson(Response):
    """An answer that says why."""

    media_type = "application/problem+json"


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": words} for status, words in _WORDS.items()
}


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """The description of the API, with problems under their own media type."""
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    for answer in (one for operation in operations for one in operation["responses"].values()):
        content = answer.get("content", {})
        told = content.get("application/json")
        if told is not None and told["schema"].get("$ref", "").endswith(f"/{Problem.__name__}"):
            content[ProblemJson.media_type] = content.pop("application/json")
    return schema


def problem(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None, errors: list[Any] | None = None
) -> ProblemJson:
    """The answer; `title` is the same for all problems of a kind."""
    told = Problem(type="about:blank", title=title, status=status, detail=detail, errors=errors)
    return ProblemJson(told.model_dump_json(exclude_none=True), status, dict(headers or {}))


def validation_problem(error: RequestValidationError) -> ProblemJson:
    """The answer that names every field which is wrong; what was sent is not repeated."""
    told = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
    first = f"{told[0]['field']}: {told[0]['message']}" if told else "the request cannot be read"
    return problem(422, "Not possible", first, errors=json.loads(json.dumps(told, default=str)))
