"""`kvqa-audit demo`: nothing comes in; a sample with known defects and its report go out."""

from __future__ import annotations

from pathlib import Path

from kvqa_audit.cli.options import CORES, JOBS, OUT, QUIET, make_sure_it_can_be_written


def demo(
    out: OUT = Path("reports/demo"),
    jobs: JOBS = CORES,
    quiet: QUIET = False,
) -> None:
    """Draw a sample with known defects and audit it."""
    from kvqa_audit.console.listings import print_demo
    from kvqa_audit.console.results import print_summary
    from kvqa_audit.console.terminal import audit_progress
    from kvqa_audit.demo import draw_demo
    from kvqa_audit.outputs.write_outputs import write_outputs
    from kvqa_audit.pipeline.audit import run_audit
    from kvqa_audit.release.standing import judge_audit
    from kvqa_audit.spec.load import load_spec

    make_sure_it_can_be_written(out)
    description = load_spec()
    with audit_progress(quiet) as progress:
        progress.stage("draw the sample", None)
        truth = draw_demo(out / "dataset")
        audit = run_audit(out / "dataset", spec=description, subset=True, jobs=jobs, progress=progress)
        write_outputs(audit, out, description)
    if not quiet:
        print_demo(truth, audit)
        print_summary(audit, judge_audit(audit, description), out)
