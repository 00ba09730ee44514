"""What the outlook says would suffice does, and nothing short of correcting helps where it says so."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kvqa_audit.model import CheckOutcome, Finding, FindingStatus, OutcomeStatus, Severity, with_keys
from kvqa_audit.release.decisions import DecisionVerdict
from kvqa_audit.release.gate import Standing, judge
from kvqa_audit.release.outlook import outlook_of
from kvqa_audit.spec.release import Limit, Release

CODES = {"KV008": Severity.ERROR, "KV009": Severity.WARNING, "KV203": Severity.ERROR, "KV350": Severity.INFO}
WAIVED = (DecisionVerdict.ACCEPTED, DecisionVerdict.FALSE_POSITIVE)


@st.composite
def judged(draw: st.DrawFn) -> tuple[list[CheckOutcome], list[Finding], Release, Standing]:
    about = draw(st.lists(st.tuples(st.sampled_from(list(CODES)), st.sampled_from(list(Severity))), max_size=12))
    findings = list(with_keys(Finding(code, severity, "x", row=n) for n, (code, severity) in enumerate(about)))
    outcomes = []
    for code, severity in CODES.items():
        found = sum(finding.check == code for finding in findings)
        state = OutcomeStatus.FAILED if found else draw(st.sampled_from([OutcomeStatus.PASSED, OutcomeStatus.SKIPPED]))
        outcomes.append(CheckOutcome(code, code, severity, state, None, 20, found))
    limit = st.builds(Limit, count=st.integers(0, 3)) | st.builds(Limit, share=st.sampled_from([0.0, 0.1, 0.5]))
    release = Release(
        fail_on=draw(st.sampled_from(["error", "warning", "info", "never"])),
        limits=draw(st.dictionaries(st.sampled_from([*CODES, "KV0", "KV2", "error", "warning"]), limit, max_size=3)),
        no_new=draw(st.sampled_from([None, "error", "warning", "info"])),
        required=draw(st.lists(st.sampled_from(list(CODES)), max_size=1)),
    )
    keys = [finding.key for finding in findings]
    new = draw(st.none() | st.frozensets(st.sampled_from(keys))) if keys else None
    return outcomes, findings, release, Standing(new=new)


def decided(findings: list[Finding], waived: set[str]) -> list[Finding]:
    return [replace(one, status=FindingStatus.WAIVED) if one.key in waived else one for one in findings]


@given(judged(), st.data())
def test_the_outlook_is_what_the_gate_then_says(
    given_: tuple[list[CheckOutcome], list[Finding], Release, Standing], data: st.DataObject
) -> None:
    outcomes, findings, release, standing = given_
    keys = [finding.key for finding in findings]
    since = data.draw(st.dictionaries(st.sampled_from(keys), st.sampled_from(DecisionVerdict))) if keys else {}
    outlook = outlook_of(outcomes, findings, release, standing, since)
    assert outlook.ready == judge(outcomes, findings, release, standing).ready
    waived = {key for key, word in since.items() if word in WAIVED}
    confirmed = since.keys() - waived
    best = judge(outcomes, decided(findings, set(keys) - confirmed), release, standing)
    assert outlook.could_be_ready == best.ready
    chosen = set(outlook.sufficient)
    assert not chosen & since.keys()
    if outlook.could_be_ready:
        assert judge(outcomes, decided(findings, waived | chosen), release, standing).ready
    if outlook.could_be_ready and len(outlook.blockers) == 1 and chosen:
        fewer = waived | set(sorted(chosen)[1:])
        assert not judge(outcomes, decided(findings, fewer), release, standing).ready
