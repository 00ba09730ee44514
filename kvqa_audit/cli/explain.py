"""`kvqa-audit explain`: the key of a finding comes in; all that is known of it goes out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kvqa_audit.cli.options import DECISIONS


def explain(
    key: Annotated[str, typer.Argument(help="Key of a finding, or its beginning; with or without its check's code.")],
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")] = Path("reports/latest"),
    decisions: DECISIONS = None,
) -> None:
    """Tell the whole story of one finding."""
    from kvqa_audit.artifacts.folder import read_artifacts
    from kvqa_audit.console.explain import print_story
    from kvqa_audit.release.redecide import redecided
    from kvqa_audit.release.review import finding_named

    now = redecided(read_artifacts(audit), decisions, datetime.now(UTC).date())
    print_story(finding_named(now.run, key), now.run, audit)
