"""All checks, in the order of their codes: one visible tuple, and what a description adds to it."""

from __future__ import annotations

from kvqa_audit.checks.base import Check
from kvqa_audit.spec.dataset_spec import DatasetSpec

CHECKS: tuple[Check, ...] = ()


def checks_for(spec: DatasetSpec) -> tuple[Check, ...]:
    """The checks of this package, and one for every promise and every rule of the description."""
    del spec
    return CHECKS
