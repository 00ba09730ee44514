"""A store of frozen evidence comes in; which process is at work on a run that no service follows has a place in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds the column; whose process is at work on a run that was begun before, nobody knows."""
    op.add_column("runs", sa.Column("process", sa.Text))
