"""A test of a check comes in, with the codes it is marked to let fire; it fails where one of them does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kvqa_audit.checks import runner
from kvqa_audit.model import CheckOutcome, OutcomeStatus


@pytest.fixture(autouse=True)
def fires(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Holds a test to its `@pytest.mark.fires("KV001", …)`: each of these checks was run in it, and failed."""
    promised = {code for mark in request.node.iter_markers("fires") for code in mark.args}
    fired: set[str] = set()

    def noted(*given: Any) -> CheckOutcome:
        outcome = CheckOutcome(*given)
        if outcome.outcome is OutcomeStatus.FAILED:
            fired.add(outcome.code)
        return outcome

    monkeypatch.setattr(runner, "CheckOutcome", noted)
    yield
    assert promised <= fired, f"marked to let {sorted(promised - fired)} fire, which did not"
