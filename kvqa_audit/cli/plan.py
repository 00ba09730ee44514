"""`kvqa-audit plan`: a source and a size come in; what its audit would take goes out."""

from __future__ import annotations

from typing import Annotated

import typer

from kvqa_audit.cli.options import QUIET, SPEC, named


def plan(
    source: Annotated[str, typer.Argument(parser=named, help="As for run.")],
    images: Annotated[
        int | None, typer.Option(min=0, help="Number of images.", show_default="the source's own")
    ] = None,
    rows: Annotated[int | None, typer.Option(min=0, help="Number of rows.", show_default="the source's own")] = None,
    spec: SPEC = None,
    revision: Annotated[str | None, typer.Option(help="Revision of a Hub dataset.")] = None,
    quiet: QUIET = False,
) -> None:
    """Audit a small part of a dataset and say what all of it would take."""
    from kvqa_audit.console.plan import print_plan
    from kvqa_audit.console.terminal import audit_progress
    from kvqa_audit.ingest.object_url import absolute_location, refuse_secrets
    from kvqa_audit.ingest.open import open_dataset
    from kvqa_audit.pipeline.description import description_for
    from kvqa_audit.pipeline.estimate import Estimate, measure

    refuse_secrets(source)
    place = absolute_location(source)
    found = description_for(place, spec, revision=revision)
    opened = None if found.opened is None else found.opened.take()
    dataset = open_dataset(place, found.spec, revision=revision, opened=opened)
    with audit_progress(quiet) as listener:
        measured = measure(dataset, found.spec, listener)
    own_images = sum(len(shard.ids) for shard in dataset.shards)
    own_rows = len(dataset.table.frame)
    if images is not None and rows is None:
        rows = round(own_rows * images / own_images) if own_images else own_rows
    print_plan(Estimate(own_images if images is None else images, own_rows if rows is None else rows, measured), source)
