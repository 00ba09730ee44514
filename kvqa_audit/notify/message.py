"""A judged audit, or why there is none, comes in; one short message about it goes out, without pictures or rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kvqa_audit.model import AuditRun
from kvqa_audit.model.counts import count_findings
from kvqa_audit.release.gate import Verdict
from kvqa_audit.report.text import shown
from kvqa_audit.store.records import DEFAULT_PROJECT, VERDICTS, StoredRun

VERSION = 1
MAX_CHECKS_TOLD = 10
MAX_ERROR_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class CheckNews:
    """A check with open errors or warnings: how many, how many of them block, and how many are new, None if unknown."""

    code: str
    title: str
    open: int
    blocking: int
    new: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """What a person is told about one run.

    Attributes:
        run_id, project, dataset, finished_at: which run of which dataset; the time in UTC, ISO 8601.
        verdict: `ready`, `not ready`, `incomplete`, or `failed` where there is no audit.
        sentence: the verdict in words, or the error of a run that failed.
        report: where the report is: a URL or a path; "" where there is none.
        blocking: how many findings keep the version back.
        new: how many findings above notes the last run did not have, or had waived; None where there is none to compare
            with.
        since: the day of the last run, "" where it is not known.
        verdict_before: the verdict of the last run, "" where it is not known.
        checks: the checks with open errors or warnings: those that block, then those with new ones, then the most.
    """

    run_id: str
    project: str
    dataset: str
    finished_at: str
    verdict: str
    sentence: str
    report: str = ""
    blocking: int = 0
    new: int | None = None
    since: str = ""
    verdict_before: str = ""
    checks: tuple[CheckNews, ...] = ()

    @property
    def is_news(self) -> bool:
        """Whether a person has to hear of it: something is new, the verdict is another, or nobody ever heard of it."""
        if self.verdict == "failed" or self.new:
            return True
        if self.verdict_before:
            return self.verdict != self.verdict_before
        return self.new is None and self.verdict != "ready"

    @property
    def subject(self) -> str:
        """One line: the dataset, the verdict, and how many findings are new."""
        new = f", {self.new:,} new" if self.new else ""
        return f"kvqa-audit: {self.dataset}: {self.verdict}{new}"

    def text(self) -> str:
        """The message in plain text, at most a screen long."""
        blocking = "1 finding blocks." if self.blocking == 1 else f"{self.blocking:,} findings block."
        since = f" since {self.since}" if self.since else " since the last run"
        new = "" if self.new is None else f" {self.new:,} {'is' if self.new == 1 else 'are'} new{since}."
        before = f" It was {self.verdict_before} before." if self.verdict_before not in ("", self.verdict) else ""
        failed = self.verdict == "failed"
        lines = [self.dataset, f"{self.sentence}{before}", *([] if failed else [f"{blocking}{new}"])]
        if self.checks:
            told = [f"- {one.title} ({one.code}): {_numbers(one)}" for one in self.checks[:MAX_CHECKS_TOLD]]
            more = len(self.checks) - MAX_CHECKS_TOLD
            lines += ["", *told, *([f"- and {more} more"] if more > 0 else [])]
        places = {"Report": self.report, "Run": self.run_id}
        lines += ["", *(f"{name}: {place}" for name, place in places.items() if place)]
        return "\n".join(lines) + "\n"

    def record(self) -> dict[str, Any]:
        """The message as JSON values, with the version of this form."""
        return {"version": VERSION, "subject": self.subject, **asdict(self)}


def message_of_record(record: Mapping[str, Any]) -> Message:
    """The message that `Message.record` made this of."""
    about = {name: record[name] for name in Message.__dataclass_fields__}
    return Message(**{**about, "checks": tuple(CheckNews(**one) for one in record["checks"])})


def message_about(
    run: AuditRun, verdict: Verdict, report: str, *, stored: StoredRun | None = None, before: StoredRun | None = None
) -> Message:
    """The message about a finished audit.

    What is new is told against the audit's baseline, or, where it has none, as the run store told it.

    Args:
        run: the audit, judged.
        verdict: its verdict.
        report: where the report can be opened: a URL or a path.
        stored: what the run store made of it.
        before: the finished run before it in the run store.
    """
    baseline = run.metrics.get("baseline")
    new_by_check: Counter[str] | None = None
    new, since, verdict_before = None, "", before.verdict or "" if before else ""
    if baseline is not None:
        keys = frozenset(baseline["new_keys"])
        tally = count_findings(finding for finding in run.findings if finding.key in keys)
        new_by_check = Counter({code: one.errors + one.warnings for code, one in tally.by_check.items()})
        new = new_by_check.total() + baseline.get("reopened", 0)
        since = str(baseline["date"])[:10]
        verdict_before = VERDICTS.get(baseline.get("exit_code", -1), verdict_before)
    elif stored is not None:
        new = stored.new
        since = f"{before.finished_at:%Y-%m-%d}" if before and before.finished_at else ""
    return Message(
        run.run_id,
        stored.project if stored else DEFAULT_PROJECT,
        shown(run.dataset.name, 200),
        run.finished_at,
        VERDICTS.get(verdict.exit_code, "incomplete"),
        verdict.sentence,
        report,
        verdict.tally.total.blocking,
        new,
        since,
        verdict_before,
        _checks(run, verdict, new_by_check),
    )


def message_of_failure(
    dataset: str, error: str, finished_at: str, *, run_id: str = "", project: str = DEFAULT_PROJECT
) -> Message:
    """The message about a run that came to no audit.

    Args:
        dataset: its name or place.
        error: in words, why.
        finished_at: when, in UTC, ISO 8601.
        run_id, project: of the run, where it had begun.
    """
    sentence = f"The audit failed: {shown(error, MAX_ERROR_CHARACTERS)}"
    return Message(run_id, project, shown(dataset, 200), finished_at, "failed", sentence)


def _checks(run: AuditRun, verdict: Verdict, new: Counter[str] | None) -> tuple[CheckNews, ...]:
    """The checks that block or warn. Titles come from the checks and the description, never from a row."""
    told = []
    for outcome in (*verdict.blockers, *verdict.warnings):
        doc, counts = run.docs.get(outcome.code), verdict.tally.of(outcome.code)
        title = shown(doc.title.rstrip("."), 200) if doc else outcome.name
        number = max(counts.errors + counts.warnings, counts.blocking)
        told.append(CheckNews(outcome.code, title, number, counts.blocking, None if new is None else new[outcome.code]))
    return tuple(sorted(told, key=lambda one: (-one.blocking, -(one.new or 0), -one.open)))


def _numbers(check: CheckNews) -> str:
    told = [f"{check.open:,} open"]
    if check.blocking:
        told.append(f"{check.blocking:,} {'blocks' if check.blocking == 1 else 'block'}")
    return ", ".join([*told, *([f"{check.new:,} new"] if check.new else [])])
