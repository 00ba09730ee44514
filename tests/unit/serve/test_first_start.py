"""A store in which nobody, somebody with a link, and somebody with a password may administer is told apart."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from kvqa_audit.access.users import set_password, user_named
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.serve.first_start import administrator_is_awaited, administrator_link, has_administrator
from kvqa_audit.store.access_tables import ONE_TIME_LINKS


def test_an_administrator_is_awaited_while_a_link_holds(tmp_path: Path) -> None:
    with JobStore(str(tmp_path / "s.sqlite")) as store:
        assert not administrator_is_awaited(store)
        administrator_link(store)
        assert (administrator_is_awaited(store), has_administrator(store)) == (True, False)
        with store.writing() as connection:
            over = store.clock(connection) - timedelta(seconds=1)
            connection.execute(update(ONE_TIME_LINKS).values(expires_at=over))
        assert not administrator_is_awaited(store)
        with store.writing() as connection:
            user = user_named(connection, "admin")
            assert user is not None
            set_password(connection, user.id, "hash")
        assert has_administrator(store)
