"""A source, its patch and its proof come in; the corrected copy, and the files that tell about it, go out."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from kvqa_audit.artifacts.tables import no_formula
from kvqa_audit.fixes.patch import CORRECTION, CellChange, Patch
from kvqa_audit.fixes.proof import Proof, by_check
from kvqa_audit.model import AuditRun, Finding
from kvqa_audit.release.sentence import counted

CHANGE_COLUMNS = ("row", "img_id", "question", "column", "from", "to", "rule", "why")


def changes_csv(changes: Sequence[CellChange]) -> bytes:
    """The patch file: one line for each cell, row or image that changes; `row` is the 0-based row of the source.

    An apostrophe stands before a text that a spreadsheet would take for a formula.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CHANGE_COLUMNS)
    for change in changes:
        row = "" if change.row is None else change.row
        about = (change.img_id, change.question, change.column, change.before, change.after)
        writer.writerow(map(no_formula, (row, *about, " ".join(change.rules), change.why)))
    return text.getvalue().replace("\r\n", "\n").encode("utf-8", "surrogateescape")


def changes_by_rule(changes: Sequence[CellChange]) -> dict[str, int]:
    """How many changes each check, or a person, asked for."""
    return dict(sorted(Counter(rule for change in changes for rule in change.rules).items()))


def changes_md(source: str, patch: Patch, proof: Proof | None, left_out: Sequence[str] = ()) -> str:
    """The summary of a patch, in Markdown; what comes from the dataset stands in code marks."""
    rows, left = len(patch.cells), patch.left if proof is None else proof.left
    lines = [
        "# Changes",
        "",
        f"Corrected copy of {_code(source)}. `changes.csv` lists every change, `proof.json` what a second audit found.",
        "",
        f"- {counted(rows, 'row')} changed, {counted(len(patch.dropped), 'row')} dropped, "
        f"{counted(len(patch.removed_images), 'image')} removed",
        f"- left for a person: {counted(len(left), 'finding')}",
    ]
    if proof is not None:
        lines.append(f"- proof: {'holds' if proof.holds else 'DOES NOT HOLD'}")
    lines += ["", "| asked for by | changes |", "|---|---:|"]
    lines += [f"| {rule} | {number:,} |" for rule, number in changes_by_rule(patch.changes).items()]
    by_people = Counter(change.why for change in patch.changes if CORRECTION in change.rules)
    if by_people:
        lines += ["", "## Corrected by people", "", "| why, who and when | changes |", "|---|---:|"]
        lines += [f"| {_code(why).replace('|', '/')} | {number:,} |" for why, number in by_people.most_common()]
    lines += ["", "## Left for a person", "", "| check | findings |", "|---|---:|"]
    lines += [f"| {code} | {number:,} |" for code, number in by_check(left).items()]
    if patch.unapplied:
        lines += ["", "## Corrections that were not applied", ""]
        lines += [
            f"- line {one.line}, {_code(one.img_id)}, {_code(one.question)}: {one.why}" for one in patch.unapplied
        ]
    if patch.unremoved:
        lines += ["", "## Not removed, because no row and no image has this id", ""]
        lines += [f"- {_code(img_id)}" for img_id in patch.unremoved]
    if left_out:
        lines += ["", "## Not copied", "", *(f"- {_code(name)}" for name in left_out)]
    return "\n".join(lines) + "\n"


def proof_json(before: AuditRun, after: AuditRun, proof: Proof, options: dict[str, Any]) -> str:
    """The proof as JSON: does it hold, how many findings were resolved, and every finding that stands against it."""
    record = {
        "holds": proof.holds,
        "options": options,
        "source": asdict(before.dataset),
        "copy": asdict(after.dataset),
        "findings_before": len(before.findings),
        "findings_after": len(after.findings),
        "resolved": by_check(proof.resolved),
        "resolved_keys": [finding.key for finding in proof.resolved],
        "settled": list(map(_told, proof.settled)),
        "shifted_in": list(map(_told, proof.shifted_in)),
        "shifted_out": list(map(_told, proof.shifted_out)),
        "lost": list(map(_told, proof.lost)),
        "new": list(map(_told, proof.new)),
        "left": by_check(proof.left),
        "images_with_the_same_bytes": proof.same_images,
        "other_images": list(proof.other_images),
        "checks_not_judged_again": list(proof.unjudged),
        "new_keys": dict(proof.new_keys),
    }
    return json.dumps(record, ensure_ascii=True, indent=1) + "\n"


def decisions_for_the_copy(text: str, new_keys: Mapping[str, str]) -> str:
    """A decisions file as it has to stand beside the copy: findings whose text was corrected have another key there."""
    return re.sub(r"\b[0-9a-f]{16}\b", lambda key: new_keys.get(key[0], key[0]), text)


def _told(finding: Finding) -> dict[str, Any]:
    names = ("key", "check", "img_id", "question", "answer", "row", "message")
    return {**{name: getattr(finding, name) for name in names}, "related": list(finding.related)}


def _code(text: str) -> str:
    """Text of the dataset as Markdown code, so that nothing in it is taken as markup."""
    return "`" + " ".join(text.replace("`", "'").split())[:200] + "`"
