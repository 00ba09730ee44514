"""A name is an audit folder, a stored run or a dataset; what it cannot be is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvqa_audit.artifacts.folder import write_artifacts
from kvqa_audit.errors import ArtifactError, StoreError
from kvqa_audit.store.lookup import audit_named, earlier_audit, runs_kept_in, store_named, with_revision
from kvqa_audit.store.records import RunStart
from tests.unit.compare.samples import finished

RUN = finished([("Polyps", "q", "yes", "i1")], run_id="abcd" * 8)


def never(source: str) -> object:
    raise AssertionError(source)


def test_folder_run_and_dataset_are_told_apart(tmp_path: Path) -> None:
    write_artifacts(RUN, tmp_path / "audit")
    with runs_kept_in(str(tmp_path / "runs.sqlite"), make=True) as runs:
        assert runs is not None
        runs.finish(RUN)
        assert audit_named(str(tmp_path / "audit"), runs, never) == RUN  # type: ignore[arg-type]
        assert audit_named("abcdab", runs, never) == RUN  # type: ignore[arg-type]
        asked: list[str] = []
        for dataset in ("owner/name", str(tmp_path), "table.csv", "ABCD"):
            audit_named(dataset, runs, lambda source: asked.append(source) or RUN)  # type: ignore[func-returns-value]
        assert asked == ["owner/name", str(tmp_path), "table.csv", "ABCD"]


def test_folder_named_like_a_run_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_artifacts(RUN, Path("abcd1234"))
    assert earlier_audit("abcd1234", None, "Sample", "default") == RUN


def test_latest_is_the_series_last_run_if_there_is_one(tmp_path: Path) -> None:
    with runs_kept_in(str(tmp_path / "runs.sqlite"), make=True) as runs:
        assert runs is not None
        assert earlier_audit("latest", runs, "Sample", "default") is None
        runs.finish(RUN)
        assert earlier_audit("latest", runs, "Sample", "default") == RUN
        assert earlier_audit("latest", runs, "Sample (subset)", "default") is None
        assert earlier_audit("latest", runs, "Sample", "another") is None
        runs.begin(RunStart("bcde" * 8, "Sample", "/data"))
        assert earlier_audit("latest", runs, "Sample", "default") == RUN


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    for named in ("latest", "abcd1234"):
        with pytest.raises(StoreError, match="no store: give --store, or set KVQA_AUDIT_STORE"):
            earlier_audit(named, None, "Sample", "default")
    with pytest.raises(ArtifactError, match="is neither the folder of a finished audit"):
        earlier_audit(str(tmp_path), None, "Sample", "default")


def test_store_comes_from_the_option_then_the_environment_else_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KVQA_AUDIT_STORE", raising=False)
    assert store_named(None) is None
    monkeypatch.setenv("KVQA_AUDIT_STORE", "from/environment")
    assert store_named(None) == "from/environment"
    assert store_named("given") == "given"
    monkeypatch.setenv("KVQA_AUDIT_STORE", "")
    assert store_named(None) is None


@pytest.mark.parametrize(
    ("named", "parts"),
    [
        ("owner/name@v1.0", ("owner/name", "v1.0")),
        ("owner/name", ("owner/name", None)),
        ("owner/name@", ("owner/name@", None)),
        ("@main", ("@main", None)),
    ],
)
def test_revision_stands_behind_the_name(named: str, parts: tuple[str, str | None]) -> None:
    assert with_revision(named) == parts


def test_name_on_disk_has_no_revision(tmp_path: Path) -> None:
    (tmp_path / "data@home").mkdir()
    assert with_revision(str(tmp_path / "data@home")) == (str(tmp_path / "data@home"), None)
