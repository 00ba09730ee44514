"""A finished audit and its verdict come in; JUnit XML, one testcase a check and one for the release, goes out."""

from __future__ import annotations

from dataclasses import asdict
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from kvqa_audit.model import AuditRun, CheckOutcome, Finding, OutcomeStatus
from kvqa_audit.model.counts import in_words
from kvqa_audit.outputs.file_positions import told_by_blockers
from kvqa_audit.release.gate import Verdict
from kvqa_audit.report.text import shown

MAX_SHOWN = 20


def junit_xml(run: AuditRun, verdict: Verdict) -> bytes:
    """UTF-8 XML in the form that build servers read (the xUnit plugin's junit-10).

    A check that blocks is a failure, one that crashed an error, one that was not judged skipped; a check whose
    findings do not block passes and says so in its output. All other reasons of the verdict fail the testcase
    "release".
    """
    root = Element("testsuites", name="kvqa-audit")
    by_check: dict[str, list[Finding]] = {}
    for finding in run.findings:
        by_check.setdefault(finding.check, []).append(finding)
    checks = _suite(root, "checks", run.started_at)
    properties = SubElement(checks, "properties")
    for name, value in (("dataset", run.dataset.name), ("digest", run.dataset.digest), ("run_id", run.run_id)):
        SubElement(properties, "property", name=name, value=shown(value))
    for name, number in asdict(verdict.tally.total).items():
        SubElement(properties, "property", name=f"findings.{name}", value=str(number))
    for outcome in run.outcomes:
        _testcase(checks, run, verdict, outcome, by_check.get(outcome.code, []))
    _close(checks, sum(outcome.seconds for outcome in run.outcomes))
    release = _suite(root, "release", run.started_at)
    case = SubElement(release, "testcase", classname="kvqa-audit.release", name="release", time="0.000")
    if not verdict.ready:
        SubElement(case, "failure", type="gate", message=verdict.sentence).text = _lines(verdict.reasons)
    _close(release, 0.0)
    for total in ("tests", "failures", "errors"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _suite(root: Element, name: str, started_at: str) -> Element:
    return SubElement(
        root, "testsuite", name=name, timestamp=started_at[:19], package="kvqa-audit", hostname="localhost"
    )


def _close(suite: Element, seconds: float) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", f"{seconds:.3f}")


def _testcase(suite: Element, run: AuditRun, verdict: Verdict, outcome: CheckOutcome, found: list[Finding]) -> None:
    name = f"{outcome.code} {outcome.name}"
    family = f"kvqa-audit.{outcome.family}"
    case = SubElement(suite, "testcase", classname=family, name=shown(name), time=f"{outcome.seconds:.3f}")
    blocks = told_by_blockers(verdict, outcome)
    if outcome.outcome is OutcomeStatus.ERRORED:
        SubElement(case, "error", type="crashed", message=shown(outcome.reason)).text = shown(blocks)
    elif blocks:
        worst = max((f.severity for f in verdict.blocking if f.check == outcome.code), key=lambda s: s.rank,
                    default=outcome.severity)  # fmt: skip
        failure = SubElement(case, "failure", type=worst.value, message=shown(blocks))
        failure.text = _details(run, outcome, found)
    elif outcome.outcome in (OutcomeStatus.SKIPPED, OutcomeStatus.VACUOUS):
        SubElement(case, "skipped", type=outcome.outcome.value, message=shown(outcome.reason))
    elif outcome.outcome is OutcomeStatus.FAILED:
        told = f"{in_words(verdict.tally.of(outcome.code))} of {outcome.evaluated:,}, which does not block\n"
        SubElement(case, "system-out").text = told + _details(run, outcome, found)


def _details(run: AuditRun, outcome: CheckOutcome, found: list[Finding]) -> str:
    doc = run.docs.get(outcome.code)
    lines = [f"{doc.title} Fix: {doc.fix}"] if doc else []
    lines += [f"{finding.key} {finding.message}" for finding in found[:MAX_SHOWN]]
    if len(found) > MAX_SHOWN:
        lines.append(f"{MAX_SHOWN} of {len(found):,} shown; findings.csv holds all")
    return _lines(lines)


def _lines(texts: list[str] | tuple[str, ...]) -> str:
    return "\n".join(shown(text) for text in texts)
