"""Each condition of a release policy blocks for a reason of its own, and a wrong key is told with its line."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pytest

from kvqa_audit.errors import SpecError
from kvqa_audit.model import AuditRun, CheckOutcome, Finding, FindingStatus, OutcomeStatus, Severity, with_keys
from kvqa_audit.release.applying import DecisionReport
from kvqa_audit.release.decisions import Decision, DecisionVerdict
from kvqa_audit.release.gate import Standing, judge
from kvqa_audit.release.standing import judge_audit, policy_named
from kvqa_audit.spec.load import load_release, load_spec
from kvqa_audit.spec.release import Limit, Release
from tests.report_samples import sample_run


def failed(code: str, violations: int, evaluated: int = 100) -> CheckOutcome:
    severity = Severity.INFO if code.startswith("KV4") else Severity.ERROR
    return CheckOutcome(code, "odd", severity, OutcomeStatus.FAILED, evaluated=evaluated, violations=violations)


def found(code: str, number: int, severity: Severity = Severity.ERROR, waived: int = 0) -> tuple[Finding, ...]:
    findings = with_keys(Finding(code, severity, "odd", img_id=f"i{n}") for n in range(number))
    return tuple(
        dataclasses.replace(f, status=FindingStatus.WAIVED) if n < waived else f for n, f in enumerate(findings)
    )


@pytest.mark.parametrize(
    ("limit", "number", "reason"),
    [
        (Limit(count=10), 10, None),
        (Limit(count=10), 11, "KV204 odd: 11 of 100, where at most 10 are tolerated"),
        (Limit(count=0), 1, "KV204 odd: 1 of 100, where at most 0 are tolerated"),
        (Limit(share=0.05), 5, None),
        (Limit(share=0.05), 6, "KV204 odd: 6 of 100, where at most 5 % are tolerated"),
        (Limit(count=50, share=0.05), 6, "KV204 odd: 6 of 100, where at most 5 % are tolerated"),
    ],
)
def test_limit_takes_the_place_of_the_severity(limit: Limit, number: int, reason: str | None) -> None:
    verdict = judge([failed("KV204", number)], found("KV204", number), Release(limits={"KV204": limit}))
    assert verdict.reasons == ((reason,) if reason else ())
    assert verdict.exit_code == (1 if reason else 0)
    assert [o.code for o in (verdict.blockers if reason else verdict.warnings)] == ["KV204"]


def test_limit_makes_an_informative_check_block() -> None:
    outcomes, findings = [failed("KV402", 9)], found("KV402", 9, Severity.INFO)
    assert judge(outcomes, findings, Release()).ready
    assert not judge(outcomes, findings, Release(limits={"KV402": Limit(share=0.05)})).ready


def test_limit_counts_open_findings_only() -> None:
    verdict = judge([failed("KV204", 12)], found("KV204", 12, waived=3), Release(limits={"KV204": Limit(count=9)}))
    assert verdict.ready


def test_policy_that_names_a_check_the_audit_has_not_blocks() -> None:
    passed = CheckOutcome("KV001", "a", Severity.ERROR, OutcomeStatus.PASSED, evaluated=1)
    verdict = judge([passed], [], Release(required=["KV999"], limits={"KV30-X": Limit(count=1)}))
    assert verdict.exit_code == 1
    assert verdict.reasons == (
        "KV999: required, but there is no such check in this audit",
        "KV30-X: has a limit, but there is no such check in this audit",
    )
    assert verdict.sentence == "Not ready: 2 required checks could not be judged."


SEVERAL = [failed("KV201", 2), failed("KV204", 3), failed("KV007", 4)]
FOUND = (
    *found("KV201", 2, Severity.WARNING),
    *found("KV204", 3, Severity.WARNING),
    *found("KV007", 4, Severity.WARNING),
)


@pytest.mark.parametrize(
    ("name", "limit", "reason", "blocked"),
    [
        ("KV2", Limit(count=5), "", []),
        ("KV2", Limit(count=4), "checks KV2: 5 findings in all, where at most 4 are tolerated", ["KV201", "KV204"]),
        (
            "KV2",
            Limit(share=0.02),
            "checks KV2: 5 findings in all, where at most 2 % are tolerated",
            ["KV201", "KV204"],
        ),
        ("KV30", Limit(count=0), "KV30: has a limit, but there is no such check in this audit", []),
        ("error", Limit(count=0), "", []),
        (
            "warning",
            Limit(count=8),
            "warning: 9 findings in all, where at most 8 are tolerated",
            ["KV201", "KV204", "KV007"],
        ),
    ],
)
def test_limit_on_a_family_or_a_severity_bounds_all_together(
    name: str, limit: Limit, reason: str, blocked: list[str]
) -> None:
    verdict = judge(SEVERAL, FOUND, Release(limits={name: limit}))
    assert verdict.reasons == ((reason,) if reason else ())
    assert [o.code for o in verdict.blockers] == blocked
    assert {f.check for f in verdict.blocking} == set(blocked)
    assert verdict.tally.total.blocking == sum(f.check in blocked for f in FOUND)
    assert not {o.code for o in verdict.warnings} & set(blocked)


def test_limit_on_several_checks_stands_beside_what_blocks_anyhow() -> None:
    errors = found("KV008", 1)
    release = Release(limits={"KV204": Limit(count=9), "warning": Limit(count=1)})
    verdict = judge([*SEVERAL, failed("KV008", 1)], (*FOUND, *errors), release)
    assert verdict.sentence == "Not ready: 1 check found defects that block, 1 limit on several checks is exceeded."
    assert verdict.tally.total.blocking == 10
    assert verdict.alone == {errors[0].key}
    waived = tuple(dataclasses.replace(f, status=FindingStatus.WAIVED) for f in FOUND[1:])
    assert judge(SEVERAL, (FOUND[0], *waived), release).ready


def test_only_new_findings_block_when_known_ones_are_tolerated() -> None:
    findings = found("KV008", 3)
    release = Release(fail_on="never", no_new="error")
    known = judge([failed("KV008", 3)], findings, release, Standing(new=frozenset()))
    assert known.ready
    one = judge([failed("KV008", 3)], findings, release, Standing(new=frozenset({findings[2].key}), since="2026-01-05"))
    assert one.reasons == ("KV008: 1 new finding of severity error since 2026-01-05",)
    assert one.sentence == "Not ready: 1 check found what the baseline did not know."
    assert [o.code for o in one.blockers] == ["KV008"]


def test_new_findings_below_the_named_severity_do_not_block() -> None:
    findings = found("KV402", 2, Severity.WARNING)
    new = Standing(new=frozenset(f.key for f in findings))
    assert judge([failed("KV402", 2)], findings, Release(no_new="error"), new).ready
    verdict = judge([failed("KV402", 2)], findings, Release(no_new="warning"), new)
    assert verdict.reasons == ("KV402: 2 new findings of severity warning or above since the baseline",)
    assert ([o.code for o in verdict.blockers], verdict.warnings) == (["KV402"], ())


def test_without_a_baseline_every_finding_is_new() -> None:
    verdict = judge([failed("KV008", 1)], found("KV008", 1), Release(fail_on="never", no_new="error"))
    assert verdict.exit_code == 1
    assert "no baseline" in verdict.reasons[0]


def test_required_facts_and_old_decisions_are_reasons_of_their_own() -> None:
    passed = CheckOutcome("KV001", "a", Severity.ERROR, OutcomeStatus.PASSED, evaluated=1)
    standing = Standing(facts={"licence": "CC0-1.0", "split": ""}, stale=2, expired=1)
    asked = Release(
        require=["licence", "citation", "split"], fail_on_stale_decisions=True, fail_on_expired_decisions=True
    )
    verdict = judge([passed], [], asked, standing)
    assert verdict.reasons == (
        "the dataset states no citation",
        "the dataset states no split",
        "2 decisions about findings that are gone: renew or remove them",
        "1 decision whose time is over: renew or remove it",
    )
    assert verdict.sentence == "Not ready: 2 required facts are not stated, decisions are out of date."
    assert judge([passed], [], Release(), standing).ready


def audit_with(**metrics: object) -> AuditRun:
    run = sample_run(images=4, findings_per_check=2)
    outcomes = tuple(o for o in run.outcomes if o.outcome is not OutcomeStatus.ERRORED)
    return dataclasses.replace(run, outcomes=outcomes, metrics={**run.metrics, **metrics})


def test_audit_brings_its_own_baseline_and_decisions() -> None:
    spec = load_spec()
    release = Release(fail_on="never", no_new="error", fail_on_stale_decisions=True)
    key = next(f.key for f in audit_with().findings if f.severity is Severity.ERROR)
    run = audit_with(baseline={"new_keys": [key], "date": "2026-02-03T04:05:06"}, decisions={"stale": ["x"]})
    reasons = judge_audit(run, spec, release=release).reasons
    assert len(reasons) == 2
    assert reasons[0].endswith("1 new finding of severity error since 2026-02-03")
    assert reasons[1].startswith("1 decision about findings that are gone")
    quiet = audit_with(baseline={"new_keys": []}, decisions={"stale": 0, "expired": 4})
    assert judge_audit(quiet, spec, release=release).ready


def test_decisions_are_counted_as_their_report_tells_them() -> None:
    decided = Decision("0" * 16, "KV008", DecisionVerdict.ACCEPTED, "known", "me", date(2026, 1, 1), date(2026, 2, 1))
    report = DecisionReport({}, stale=(decided, decided), expired=(decided,))
    run = audit_with(decisions=report.as_metrics())
    release = Release(fail_on="never", fail_on_stale_decisions=True, fail_on_expired_decisions=True)
    assert [reason.split(":")[0] for reason in judge_audit(run, load_spec(), release=release).reasons] == [
        "2 decisions about findings that are gone",
        "1 decision whose time is over",
    ]


def test_facts_come_from_the_audit() -> None:
    spec, asked = load_spec(), Release(fail_on="never", require=["licence", "citation", "split"])
    run = audit_with(splits={"train": 3, "test": 1})
    for cited in ({"doi": "10.1/x", "citation": None}, {"doi": None, "citation": "Somebody et al."}):
        stated = dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, licence="CC0-1.0", **cited))
        assert judge_audit(stated, spec, release=asked).ready
    bare = dataclasses.replace(run.dataset, licence=None, citation="", doi=None)
    verdict = judge_audit(dataclasses.replace(audit_with(splits={}), dataset=bare), spec, release=asked)
    assert [reason.split()[-1] for reason in verdict.reasons] == ["licence", "citation", "split"]


def test_splits_of_the_description_are_none_of_the_data() -> None:
    spec = load_spec()
    assert spec.hub is not None
    assert spec.hub.splits
    verdict = judge_audit(audit_with(), spec, release=Release(fail_on="never", require=["split"]))
    assert verdict.reasons == ("the dataset states no split",)


def test_policy_is_named_by_word_severity_or_file(tmp_path: Path) -> None:
    spec = load_spec()
    assert policy_named(None, spec) == policy_named("release", spec) == spec.release
    assert policy_named("warning", spec) == spec.release.model_copy(update={"fail_on": "warning"})
    (tmp_path / "strict.yaml").write_text("fail_on: info\nlimits: {KV204: {count: 3, share: 0.5}}\n")
    assert policy_named(str(tmp_path / "strict.yaml"), spec).limits == {"KV204": Limit(count=3, share=0.5)}
    with pytest.raises(SpecError, match="is no file with a release policy, and none of release, error"):
        policy_named("eror", spec)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fail_on: error\nlimit: {}", r"line 2, key limit: is not a known key; did you mean 'limits'"),
        ("fail_on: fatal", r"line 1, key fail_on: .*'never'.*found: 'fatal'"),
        ("limits:\n  KV204: {cuont: 1}", r"line 2, key limits\.KV204\.cuont: .*did you mean 'count'"),
        ("limits:\n  KV204: {}", r"line 2, key limits\.KV204: a limit needs 'count"),
        ("limits:\n  KV204: {share: 5}", r"line 2, key limits\.KV204\.share: .*less than or equal to 1.*found: 5"),
        ("limits:\n  KV204: {count: -1}", r"line 2, key limits\.KV204\.count: .*found: -1"),
        (
            "\nlimits: {blur: {count: 1}}",
            r"line 2, key limits\.blur.*: has to be the code of a check \(KV204\), a family .*found: 'blur'",
        ),
        (
            "required:\n  - KV001\n  - duplicates",
            r"line 3, key required\.1: has to be the code of a check, such as .*found: 'duplicates'",
        ),
        ("require: [license]", r"line 1, key require\.0: .*'licence'.*found: 'license'"),
        ("fail_on_stale_decisions: 1", r"line 1, key fail_on_stale_decisions: .*boolean"),
        ("- a", r"has to hold keys and values"),
    ],
)
def test_wrong_key_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=message):
        load_release(path)
