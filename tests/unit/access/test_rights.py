"""Roles, tokens and folders: what somebody may see and do, and nothing beyond it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from kvqa_audit.access.records import AccessError, User
from kvqa_audit.access.roots import DatasetRoots
from kvqa_audit.access.tokens import PREFIX, add_token, identity_of_token, remove_token, see_token, tokens_of
from kvqa_audit.access.users import (
    add_user,
    change_user,
    give_role,
    identity_of,
    roles_on,
    user_named,
    users,
)
from kvqa_audit.errors import ConflictError
from kvqa_audit.jobs.datasets import register_dataset, remove_dataset
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.access_tables import Role
from kvqa_audit.store.job_records import DatasetSettings
from tests.unit.access.conftest import NOW


def test_role_on_one_dataset_adds_to_the_role_on_all(store: JobStore, ada: User) -> None:
    one, other = (register_dataset(store, DatasetSettings(name, f"/data/{name}")) for name in ("one", "other"))
    with store.writing() as connection:
        bob = add_user(connection, "bob", None, NOW)
        give_role(connection, bob.id, one.id, Role.REVIEWER)
        known = identity_of(connection, bob)
        assert known.may(one.id, Role.VIEWER)
        assert known.may(one.id, Role.REVIEWER)
        assert not known.may(one.id, Role.MAINTAINER)
        assert known.role_on(other.id) is None
        bob = change_user(connection, bob, role=Role.VIEWER, disabled=False, version=1, now=NOW)
        assert identity_of(connection, bob).role_on(other.id) is Role.VIEWER
        assert identity_of(connection, bob).role_on(one.id) is Role.REVIEWER
        assert identity_of(connection, ada).may(other.id, Role.ADMIN)
        assert [(role.name, role.role) for role in roles_on(connection, one.id)] == [("bob", Role.REVIEWER)]
    remove_dataset(store, one.id, 1)
    with store.writing() as connection:
        assert identity_of(connection, bob).roles == {}, "a role ends with its dataset"


def test_two_who_change_one_user_are_told(store: JobStore, ada: User) -> None:
    with store.writing() as connection:
        bob = add_user(connection, "bob", None, NOW)
        change_user(connection, bob, role=Role.VIEWER, disabled=False, version=1, now=NOW)
        with pytest.raises(ConflictError, match="changed by somebody else"):
            change_user(connection, bob, role=Role.ADMIN, disabled=False, version=1, now=NOW)
        assert [user.name for user in users(connection)] == ["ada", "bob"]
        with pytest.raises(ConflictError, match="already"):
            add_user(connection, "bob", None, NOW)
        with pytest.raises(AccessError, match="letters"):
            add_user(connection, "<script>", None, NOW)
        assert user_named(connection, "eve") is None


def test_token_is_scoped_kept_as_a_hash_and_ends(store: JobStore, ada: User) -> None:
    with store.writing() as connection:
        token, secret = add_token(connection, ada, name="ci", scope="run", days=30, now=NOW)
        assert secret.startswith(PREFIX)
        found = identity_of_token(connection, secret, NOW)
        assert found is not None
        identity, unseen = found
        assert unseen
        see_token(connection, secret, NOW)
        assert identity_of_token(connection, secret, NOW)[1] is False  # type: ignore[index]
        assert [identity.allows(scope) for scope in ("read", "run", "write")] == [True, True, False]
        assert identity_of_token(connection, secret, NOW + timedelta(days=31)) is None
        assert identity_of_token(connection, secret[:-1], NOW) is None
        with pytest.raises(ConflictError, match="already"):
            add_token(connection, ada, name="ci", scope="run", days=30, now=NOW)
        with pytest.raises(AccessError, match="1 to 366 days"):
            add_token(connection, ada, name="long", scope="run", days=400, now=NOW)
        assert [one.name for one in tokens_of(connection, ada)] == ["ci"]
        bob = add_user(connection, "bob", Role.ADMIN, NOW)
        assert not remove_token(connection, bob, token.id), "only one's own"
        assert remove_token(connection, ada, token.id)
        assert identity_of_token(connection, secret, NOW) is None


def test_tokens_end_with_their_user(store: JobStore, ada: User) -> None:
    with store.writing() as connection:
        bob = add_user(connection, "bob", Role.VIEWER, NOW)
        _, secret = add_token(connection, bob, name="ci", scope="read", days=1, now=NOW)
        change_user(connection, bob, role=Role.VIEWER, disabled=True, version=1, now=NOW)
        assert identity_of_token(connection, secret, NOW) is None


def test_no_path_no_link_and_no_hub_id_leaves_the_roots(tmp_path: Path) -> None:
    root, outside = tmp_path / "data", tmp_path / "outside"
    (root / "good").mkdir(parents=True)
    (outside / "secret").mkdir(parents=True)
    (root / "link").symlink_to(outside / "secret")
    (root / "inner").symlink_to(root / "good")
    (tmp_path / "data-of-others").mkdir()
    roots = DatasetRoots((root,), ("owner/*", "other/one"))
    assert roots.allowed(str(root / "good")) == os.path.realpath(root / "good")
    assert roots.allowed(str(root / "inner")) == os.path.realpath(root / "good")
    assert roots.allowed("hf://owner/anything") == "hf://owner/anything"
    wrong = [
        str(root / "link"), f"{root}/../outside/secret", str(outside / "secret"), str(tmp_path / "data-of-others"),
        str(root / "missing"), "good", "", "/", "../data/good", f"{root}/good\0", "file:///etc", "https://example.org/x",
        "hf://other/two", "hf://owner", "hf://owner/a/b", "hf://owner/../x", "hf://../owner/x", "hf://owner/a@b", "HF://owner/a",
    ]  # fmt: skip
    for source in wrong:
        with pytest.raises(AccessError):
            roots.allowed(source)


def test_without_roots_nothing_is_allowed(tmp_path: Path) -> None:
    for source in (str(tmp_path), "/", "hf://owner/name"):
        with pytest.raises(AccessError):
            DatasetRoots().allowed(source)
