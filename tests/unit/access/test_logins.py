"""Who has the password gets in; who only tries is slowed down, and cannot lock others out."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from kvqa_audit.access.audit_log import log_page
from kvqa_audit.access.logins import PER_ADDRESS, PER_NAME_AND_ADDRESS, WINDOW, Logins
from kvqa_audit.access.passwords import Passwords
from kvqa_audit.access.records import AccessError, LoginError, TooManyLoginsError, User
from kvqa_audit.access.sessions import (
    IDLE,
    begin_session,
    end_session,
    make_link,
    see_session,
    use_link,
    user_of_link,
    user_of_session,
)
from kvqa_audit.access.users import change_user, set_password
from kvqa_audit.errors import StoreError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.access_tables import LOGIN_FAILURES, Role
from tests.unit.access.conftest import NOW

PASSWORD = "correct horse battery"


@pytest.fixture
def logins(store: JobStore, ada: User, passwords: Passwords) -> Logins:
    with store.writing() as connection:
        set_password(connection, ada.id, passwords.hashed(PASSWORD))
    return Logins(store.reading, store.writing, passwords)


def test_right_password_begins_a_session_of_its_own(logins: Logins, store: JobStore) -> None:
    user, first = logins.log_in("ada", PASSWORD, "10.0.0.1", NOW)
    _, second = logins.log_in("ada", PASSWORD, "10.0.0.1", NOW)
    assert user.name == "ada"
    assert first != second
    with store.reading() as connection:
        assert user_of_session(connection, first, NOW) is not None
        assert user_of_session(connection, first + "x", NOW) is None


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong password"), ("nobody", PASSWORD), ("", ""), ("ada\0", "x")]
)
def test_anything_else_lets_nobody_in_and_says_no_more(logins: Logins, name: str, password: str) -> None:
    with pytest.raises(LoginError, match=r"^This name and this password do not belong together\.$"):
        logins.log_in(name, password, "10.0.0.1", NOW)


def test_two_hundred_failed_logins_are_looked_at_ten_times_and_lock_nobody_else_out(
    logins: Logins, store: JobStore
) -> None:
    refused = 0
    for number in range(200):
        try:
            logins.log_in("ada", f"guess {number}", "203.0.113.9", NOW)
        except TooManyLoginsError:
            refused += 1
        except LoginError:
            pass
    assert refused == 200 - PER_NAME_AND_ADDRESS
    with pytest.raises(TooManyLoginsError) as told:
        logins.log_in("ada", PASSWORD, "203.0.113.9", NOW)
    assert told.value.retry_after_s == WINDOW.total_seconds()
    assert logins.log_in("ada", PASSWORD, "10.0.0.1", NOW)[0].name == "ada"
    later = NOW + WINDOW + timedelta(seconds=1)
    assert logins.log_in("ada", PASSWORD, "203.0.113.9", later)[0].name == "ada"
    with store.reading() as connection:
        entries = log_page(connection, limit=100)
    assert [entry.action for entry in entries].count("login failed") == PER_NAME_AND_ADDRESS


def test_an_address_that_tries_many_names_is_slowed_down(logins: Logins, store: JobStore) -> None:
    with store.writing() as connection:
        row = {"name": "x", "address": "203.0.113.9", "at": NOW}
        connection.execute(LOGIN_FAILURES.insert(), [{**row, "name": f"n{n}"} for n in range(PER_ADDRESS)])
    with pytest.raises(TooManyLoginsError):
        logins.log_in("ada", PASSWORD, "203.0.113.9", NOW)
    with pytest.raises(LoginError):
        logins.log_in("ada", "wrong", "203.0.113.9", NOW + WINDOW + timedelta(seconds=1))
    with store.reading() as connection:
        kept = connection.execute(select(func.count()).select_from(LOGIN_FAILURES)).scalar_one()
    assert kept == 1, "what is over is forgotten"


def test_more_at_once_than_are_looked_at_are_told_to_come_again() -> None:
    busy, gate = Passwords(), threading.Event()
    busy._pool.submit(gate.wait)
    busy._pool.submit(gate.wait)
    told: list[bool] = []

    def try_once() -> None:
        try:
            busy.fits("x", None)
            told.append(True)
        except TooManyLoginsError:
            told.append(False)

    threads = [threading.Thread(target=try_once) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads[:15]:
        thread.join(0.2)
    gate.set()
    for thread in threads:
        thread.join()
    assert told.count(True) == 10
    assert told.count(False) == 15


def test_password_is_long_enough_and_its_hash_holds_no_word_of_it(passwords: Passwords) -> None:
    for wrong in ("short", "x" * 1_001):
        with pytest.raises(AccessError, match="12 to 1,000"):
            passwords.hashed(wrong)
    hashed = passwords.hashed(PASSWORD)
    assert hashed.startswith("$argon2id$")
    assert passwords.fits(PASSWORD, hashed)
    assert not passwords.fits(PASSWORD + "x", hashed)
    assert not passwords.fits(PASSWORD, "no hash at all")


def test_session_ends_by_logging_out_by_idling_by_a_new_password_and_with_the_user(store: JobStore, ada: User) -> None:
    with store.writing() as connection:
        secret = begin_session(connection, ada, NOW)
        later = NOW + IDLE - timedelta(seconds=1)
        see_session(connection, secret, later)
        assert user_of_session(connection, secret, later + IDLE - timedelta(seconds=1)) is not None
        assert user_of_session(connection, secret, later + IDLE + timedelta(seconds=1)) is None
        end_session(connection, secret)
        assert user_of_session(connection, secret, NOW) is None
        secret = begin_session(connection, ada, NOW)
        set_password(connection, ada.id, "new")
        assert user_of_session(connection, secret, NOW) is None


def test_link_lets_in_once_and_the_newest_alone(store: JobStore, ada: User) -> None:
    with store.writing() as connection:
        first, second = make_link(connection, ada, NOW), make_link(connection, ada, NOW)
        assert user_of_link(connection, first, NOW) is None
        assert user_of_link(connection, second, NOW + timedelta(days=3)) is None
        assert use_link(connection, second, NOW) == ada
        assert use_link(connection, second, NOW) is None


def test_only_administrator_cannot_be_disabled(store: JobStore, ada: User) -> None:
    with store.writing() as connection, pytest.raises(AccessError, match="only administrator"):
        change_user(connection, ada, role=Role.VIEWER, disabled=False, version=1, now=NOW)


def test_audit_log_cannot_be_changed(store: JobStore, logins: Logins) -> None:
    logins.log_in("ada", PASSWORD, "10.0.0.1", NOW)
    for statement in ("UPDATE audit_log SET who = 'eve'", "DELETE FROM audit_log"):
        with pytest.raises(StoreError, match="only ever added to"), store.writing() as connection:
            connection.execute(text(statement))
    with store.reading() as connection:
        (entry,) = log_page(connection)
    assert (entry.who, entry.action, entry.address) == ("ada", "logged in", "10.0.0.1")
