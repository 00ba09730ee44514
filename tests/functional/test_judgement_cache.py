"""An unchanged table is not judged again; whatever its judgement hangs on makes it judged anew."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from kvqa_audit.demo import DemoTruth
from kvqa_audit.model import AuditRun
from kvqa_audit.pipeline import evidence
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.pipeline.publish import AuditRequest, audited
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_spec


class Audits:
    """Audits of one dataset, each of which tells what was judged anew."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.judged = folder, []
        for name in ("judge_expectations", "rank_answers"):
            monkeypatch.setattr(evidence, name, self._noting(name))

    def _noting(self, name: str):
        judge = getattr(evidence, name)

        def noted(*arguments):
            self.judged.append(name)
            return judge(*arguments)

        return noted

    def __call__(self, spec: DatasetSpec, *, cached: bool = True, subset: bool = True) -> AuditRun:
        self.judged.clear()
        return audited(AuditRequest(str(self.folder), AuditOptions(spec, subset=subset), cached=cached))


@pytest.fixture
def audits(drawn: tuple[Path, DemoTruth], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audits:
    monkeypatch.setenv("KVQA_AUDIT_CACHE", str(tmp_path / "cache"))
    return Audits(shutil.copytree(drawn[0], tmp_path / "data"), monkeypatch)


BOTH = ["judge_expectations", "rank_answers"]


def test_a_second_run_finds_the_same_and_judges_nothing(audits: Audits) -> None:
    spec = load_spec()
    first, judged_first = audits(spec), [*audits.judged]
    second, judged_second = audits(spec), [*audits.judged]
    assert (judged_first, judged_second) == (BOTH, [])
    assert second.findings == first.findings
    unhurried = [[replace(outcome, seconds=0.0) for outcome in run.outcomes] for run in (first, second)]
    assert unhurried[0] == unhurried[1]
    assert [stage.name for stage in second.stages] == [stage.name for stage in first.stages]


def test_whatever_it_hangs_on_is_judged_anew(audits: Audits, few: Path, tmp_path: Path) -> None:
    audits.folder = shutil.copytree(few, tmp_path / "few")
    spec = load_spec()
    audits(spec)
    audits(spec, cached=False)
    assert audits.judged == BOTH
    audits(spec, subset=False)
    assert audits.judged == ["judge_expectations"], "the ranking does not hang on what is promised of the whole"
    other = spec.model_copy(update={"promises": spec.promises[:1]})
    audits(other)
    assert audits.judged == BOTH
    table = audits.folder / "metadata.csv"
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join([*lines, lines[-1]]), encoding="utf-8")
    audits(spec)
    assert audits.judged == BOTH


def test_a_text_that_is_none_of_ours_is_judged_anew(audits: Audits, tmp_path: Path) -> None:
    spec = load_spec()
    first = audits(spec)
    (path,) = (tmp_path / "cache").glob("judgements-*.sqlite")
    with sqlite3.connect(path) as database:
        assert database.execute("UPDATE texts SET text = '{\"scores\": 1}'").rowcount == 2
    assert audits(spec).findings == first.findings
    assert audits.judged == BOTH
