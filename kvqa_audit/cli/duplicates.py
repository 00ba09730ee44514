"""`kvqa-audit duplicates`: a source comes in; the images that show the same picture go out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kvqa_audit.cli.options import CORES, ENGINE, JOBS, QUIET, RAY_ADDRESS, SPEC, Engine, named


class Mode(StrEnum):
    """How far the search for duplicates goes."""

    ALL = "all"
    EXACT = "exact"


def duplicates(
    source: Annotated[str, typer.Argument(parser=named, help="Folder of pictures or dataset, or hf://owner/name.")],
    mode: Annotated[Mode, typer.Option(help="exact: identical bytes and pixels only.")] = Mode.ALL,
    out: Annotated[Path | None, typer.Option(help="Folder for duplicates.parquet.")] = None,
    spec: SPEC = None,
    revision: Annotated[str | None, typer.Option(help="Revision of a Hub dataset.")] = None,
    jobs: JOBS = CORES,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Reuse fingerprints of unchanged images.")] = True,
    shards: Annotated[
        str | None,
        typer.Option(
            help="Folder or s3://… for fingerprints, a file a task: more images than memory holds, and a killed run "
            "goes on from there. Remove it when you have the result.",
            show_default=False,
        ),
    ] = None,
    engine: ENGINE = Engine.LOCAL,
    ray_address: RAY_ADDRESS = None,
    quiet: QUIET = False,
) -> None:
    """Find images that show the same picture, and nothing else."""
    from kvqa_audit.artifacts.fingerprint_files import FingerprintFiles
    from kvqa_audit.artifacts.folder import PAIRS, make_sure_pairs_can_be_written, write_pairs
    from kvqa_audit.cli.run_each import executor_for, ray_address_for
    from kvqa_audit.console.results import print_pairs
    from kvqa_audit.console.terminal import audit_progress
    from kvqa_audit.pipeline.audit import audit_duplicates, user_caches
    from kvqa_audit.pipeline.description import description_for
    from kvqa_audit.pipeline.options import AuditOptions

    if out is not None:
        make_sure_pairs_can_be_written(out, source)
    description = None if spec is None else description_for(source, spec, revision=revision).spec
    options = AuditOptions(description, revision, jobs=jobs)
    files = None if shards is None else FingerprintFiles(shards)
    address = ray_address_for(engine, ray_address)
    with (
        audit_progress(quiet) as listener,
        user_caches(enabled=cache and files is None) as caches,
        executor_for(address, jobs) as executor,
    ):
        result = audit_duplicates(
            source,
            options,
            mode="exact" if mode is Mode.EXACT else "all",
            executor=executor,
            caches=caches,
            shards=files,
            listener=listener,
        )
    if out is not None:
        write_pairs(result.pairs, out / PAIRS)
    if not quiet:
        print_pairs(result.pairs, result.notes)
    raise typer.Exit(1 if result.pairs else 0)
