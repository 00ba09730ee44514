"""A store of findings comes in; what each rests on, and what its decision was made on, has a place beside it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds the columns; of the findings that are kept already nobody knows."""
    for name in ("frozen_evidence", "decided_on"):
        op.add_column("findings", sa.Column(name, sa.Text))
