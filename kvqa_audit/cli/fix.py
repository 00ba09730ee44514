"""`kvqa-audit fix`: a source comes in; a corrected copy, its patch and the proof that it is right go out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kvqa_audit.cli.options import CORES, DECISIONS, JOBS, QUIET, SPEC, named_path

NOT_PROVEN = 3


def fix(
    source: Annotated[Path, typer.Argument(parser=named_path, help="Folder of a dataset, or its table as a file.")],
    out: Annotated[Path | None, typer.Option(help="New folder for the copy.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would change; write nothing.")] = False,
    corrections: Annotated[
        Path | None, typer.Option(help="Reviewed answers: CSV with img_id, question, answer (, old_answer, reason).")
    ] = None,
    removals: Annotated[Path | None, typer.Option(help="Images to remove: CSV with img_id (, reason).")] = None,
    spec: SPEC = None,
    subset: Annotated[bool, typer.Option("--subset", help="The source is a true part of the dataset.")] = False,
    table_only: Annotated[
        bool, typer.Option("--table-only", help="Audit no image; they are copied all the same.")
    ] = False,
    link: Annotated[bool, typer.Option("--link", help="Hard-link the images instead of copying them.")] = False,
    decisions: DECISIONS = None,
    ignore_decisions: Annotated[bool, typer.Option("--ignore-decisions", help="Take every finding as open.")] = False,
    jobs: JOBS = CORES,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Reuse fingerprints of unchanged images.")] = True,
    quiet: QUIET = False,
) -> None:
    """Write a corrected copy, with a patch file and a proof."""
    from kvqa_audit.artifacts.out_folder import make_sure_it_is_apart, make_sure_it_is_empty
    from kvqa_audit.console.fix import print_left, print_patch, print_proof
    from kvqa_audit.console.terminal import audit_progress
    from kvqa_audit.errors import KvqaAuditError
    from kvqa_audit.fixes.fix import Options, place_of, plan, write_and_prove
    from kvqa_audit.fixes.reviewed import agree, corrections_decided, read_corrections, read_removals
    from kvqa_audit.pipeline.description import description_for
    from kvqa_audit.pipeline.options import AuditOptions
    from kvqa_audit.release.decisions_file import decisions_for

    if out is None and not dry_run:
        raise KvqaAuditError("--out names the folder for the copy; --dry-run writes none")
    if out is not None:
        place = place_of(source)
        make_sure_it_is_apart(out, place.dataset)
        make_sure_it_is_empty(out)
    description = description_for(source, spec).spec
    decided = decisions_for(source, decisions, ignore=ignore_decisions)
    reviewed = corrections_decided(decided, description)
    if corrections:
        reviewed += read_corrections(corrections, description)
        agree(reviewed, corrections)
    removed = read_removals(removals) if removals else {}
    audit = AuditOptions(subset=subset, table_only=table_only, jobs=jobs)
    options = Options(audit, cache, decisions, ignore_decisions, link)
    with audit_progress(quiet) as listener:
        planned = plan(source, description, options, corrections=reviewed, removals=removed, listener=listener)
        write = out is not None and not dry_run
        proof = write_and_prove(planned, out, description, options, listener=listener) if write and out else None
    if not quiet:
        titles = {code: doc.title for code, doc in planned.audit.docs.items()}
        print_patch(planned.patch, titles, is_dry=proof is None)
        print_left(planned.patch.left if proof is None else proof.left)
        if proof is not None and out is not None:
            print_proof(proof, out)
    if proof is not None and not proof.holds:
        raise typer.Exit(NOT_PROVEN)
