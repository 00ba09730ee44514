"""`kvqa-audit demo`: nothing comes in; a sample with known defects and its report go out."""

from __future__ import annotations

from pathlib import Path

from kvqa_audit.cli.options import CORES, JOBS, OUT, QUIET


def demo(
    out: OUT = Path("reports/demo"),
    jobs: JOBS = CORES,
    quiet: QUIET = False,
) -> None:
    """Draw a sample with known defects and audit it."""
    from kvqa_audit.artifacts.out_folder import reserved
    from kvqa_audit.console.listings import print_demo
    from kvqa_audit.console.results import print_summary
    from kvqa_audit.console.terminal import audit_progress
    from kvqa_audit.demo import draw_demo
    from kvqa_audit.pipeline.options import AuditOptions
    from kvqa_audit.pipeline.publish import AuditRequest, Publication, audit_and_publish
    from kvqa_audit.progress import StageStarted

    dataset = out / "dataset"
    with reserved(out, dataset, may_hold=True):
        pass  # told before the drawing
    with audit_progress(quiet) as listener:
        listener(StageStarted("draw the sample"))
        truth = draw_demo(dataset)
        request = AuditRequest(str(dataset), AuditOptions(subset=True, jobs=jobs), cached=False)
        published = audit_and_publish(request, Publication(out, may_hold_source=True), listener=listener)
    if not quiet:
        print_demo(truth, published.run)
        print_summary(published.run, published.verdict, out)
