"""A store of findings comes in; who decided about each, when, why and until when, has a place beside it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the columns; of the findings that are kept already nobody knows."""
    columns = {"decision": sa.Text, "decided_by": sa.Text, "decided_at": sa.Date, "reason": sa.Text, "until": sa.Date}
    for name, kind in columns.items():
        op.add_column("findings", sa.Column(name, kind))
