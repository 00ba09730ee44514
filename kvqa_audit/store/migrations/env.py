"""An open connection comes in from `kvqa_audit.store.database`; the steps are run in its transaction."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
