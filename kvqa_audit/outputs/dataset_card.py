"""A finished audit, its verdict and a dataset card come in; the card with a block about the audit goes out."""

from __future__ import annotations

import re

from kvqa_audit.model import AuditRun
from kvqa_audit.outputs.summary_md import summary_markdown
from kvqa_audit.release.gate import Verdict
from kvqa_audit.report.text import shown

BEGIN, END = "<!-- begin: kvqa-audit -->", "<!-- end: kvqa-audit -->"
_BLOCK = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
# The Hub's own classes of size, by the least number of rows above each.
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)


def dataset_card(run: AuditRun, verdict: Verdict, card: str = "") -> str:
    """Puts the block about the audit into a card: in place of the last one, else at the end; all else stays.

    Without a card a new one is begun, with the metadata that the audit knows.

    Args:
        run: the audit.
        verdict: its verdict.
        card: the text of the card as it is, "" where there is none.
    """
    block = audit_block(run, verdict)
    if not card.strip():
        return f"{_metadata(run)}\n# {shown(run.dataset.name)}\n\n{block}\n"
    if _BLOCK.search(card):
        return _BLOCK.sub(lambda _: block, card, count=1)
    return f"{card.rstrip()}\n\n{block}\n"


def audit_block(run: AuditRun, verdict: Verdict) -> str:
    """Between two comments: the verdict, the audited revision and digest, the counts and what changed."""
    facts = run.dataset
    revision = shown(facts.revision) if facts.revision else "none was named"
    about = f"Audited revision: `{revision.replace('`', '')}`  \nDigest of the audited data: `{facts.digest}`"
    return f"{BEGIN}\n{summary_markdown(run, verdict)}\n{about}\n{END}"


def _metadata(run: AuditRun) -> str:
    """The YAML that the Hub reads, with every text quoted."""
    rows = run.dataset.rows
    size = next((name for above, name in _SIZES if rows < above), "n>10M")
    lines = ["---", f"pretty_name: {_quoted(run.dataset.name)}"]
    if run.dataset.licence:
        lines.append(f"license: {_quoted(run.dataset.licence.lower())}")
    lines += ["task_categories:", "- visual-question-answering", "size_categories:", f"- {_quoted(size)}"]
    lines += ["tags:", "- kvqa-audit"]
    return "\n".join([*lines, "---", ""])


def _quoted(text: str) -> str:
    safe = shown(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'
