"""Requests of programs come in; JSON goes out, as OpenAPI describes it."""

from __future__ import annotations

from fastapi import APIRouter

from kvqa_audit.web.api import datasets, people, reviews, runs
from kvqa_audit.web.api.problems import RESPONSES

router = APIRouter(responses=RESPONSES)
for part in (datasets, runs, reviews, people):
    router.include_router(part.router)
