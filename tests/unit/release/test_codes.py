"""Codes that a person named: one code is that one alone, a family is all of it, anything else an error."""

from __future__ import annotations

import pytest

from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.release.codes import codes_named

KNOWN = ("KV201", "KV204", "KV30-L6", "KV30-L6b", "KV30-L4.1", "KV30-L4.2", "KV02-rows")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (["KV30-L6"], {"KV30-L6"}),
        (["kv30-l6b"], {"KV30-L6b"}),
        (["KV30-L4"], {"KV30-L4.1", "KV30-L4.2"}),
        (["KV30"], {"KV30-L6", "KV30-L6b", "KV30-L4.1", "KV30-L4.2"}),
        (["KV2", "KV02"], {"KV201", "KV204", "KV02-rows"}),
    ],
)
def test_codes_and_families(asked: list[str], meant: set[str]) -> None:
    assert codes_named(asked, KNOWN) == meant


@pytest.mark.parametrize(("asked", "hint"), [("KV99", ""), ("KV24", "KV204"), ("KV30-L", ""), ("", "")])
def test_unknown_code_is_an_error_that_names_close_ones(asked: str, hint: str) -> None:
    with pytest.raises(KvqaAuditError, match="there is no such check") as told:
        codes_named([asked], KNOWN)
    assert hint in str(told.value)
