"""Audits the demo's sample anew and compares its report with the one in reports/sample; `--write` accepts the new one.

What hangs on the machine is replaced: times, versions, folders, and digests of the drawn JPEG files. The bytes of the
pictures are not compared, because encoders differ, and what is measured in them may differ in the fourth digit;
everything else has to be equal. The plotly bundle, more than half of a report's
weight, is left out, since it stands in the package already: the sample's charts are shown by their numbers. `--write`
also takes the README's screenshots, for which a Chromium has to be installed.
"""

from __future__ import annotations

import base64
import difflib
import io
import math
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from PIL import Image

from kvqa_audit.demo import draw_demo
from kvqa_audit.model import AuditRun
from kvqa_audit.outputs.summary_md import summary_markdown
from kvqa_audit.outputs.write_outputs import write_report
from kvqa_audit.pipeline.audit import run_audit
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.release.standing import judge_audit
from kvqa_audit.report.environment import asset
from kvqa_audit.spec.load import load_spec

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "reports" / "sample"
MAX_REPORT_BYTES = 1_500_000
MARGIN_PX = 6
MAX_LINES_SHOWN = 40
DECIMAL = re.compile(r"-?\d+\.\d+")
MAX_RELATIVE_DIFFERENCE = 0.001


def main() -> int:
    """Gives 0 when the sample is as the program makes it, or was written."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = sample_files(Path(folder))
        if "--write" in sys.argv:
            SAMPLE.mkdir(parents=True, exist_ok=True)
            for name, content in fresh.items():
                (SAMPLE / name).write_text(content, encoding="utf-8", newline="\n")
            take_screenshots(SAMPLE / "report.html", Path(folder) / "profile")
            print("reports/sample was written anew")
            return 0
    heavy = len(fresh["report.html"].encode()) > MAX_REPORT_BYTES
    if heavy:
        print(f"reports/sample/report.html is larger than {MAX_REPORT_BYTES:,} bytes")
    differing = [line for name, content in fresh.items() for line in differences(name, content)]
    if not differing:
        print("reports/sample is as the program makes it")
        return int(heavy)
    print("\n".join(line[:200] for line in differing[:MAX_LINES_SHOWN]))
    print("reports/sample differs from what the program makes; 'nox -s docs -- --write' accepts it")
    return 1


def sample_files(folder: Path) -> dict[str, str]:
    """The report and the summary of the demo's sample, which is drawn into the folder, by file name."""
    spec = load_spec()
    draw_demo(folder / "dataset")
    run = run_audit(folder / "dataset", AuditOptions(spec, subset=True))
    write_report(settled(run), folder / "report.html", spec)
    page = without_bundle((folder / "report.html").read_text(encoding="utf-8"))
    files = {"report.html": page, "summary.md": summary_markdown(settled(run), judge_audit(run, spec))}
    return {name: without_place(content, str(folder)) for name, content in files.items()}


def settled(run: AuditRun) -> AuditRun:
    """The audit without times and versions; its stages, which run side by side, in the order of their names."""
    return replace(
        run,
        run_id="20260101T000000Z-sample",
        started_at="2026-01-01T00:00:00+00:00",
        finished_at="2026-01-01T00:00:00+00:00",
        tool=dict.fromkeys(run.tool, "0"),
        dataset=replace(run.dataset, digest="0" * 64),
        outcomes=tuple(replace(outcome, seconds=0.0) for outcome in run.outcomes),
        stages=tuple(sorted((replace(stage, seconds=0.0) for stage in run.stages), key=lambda stage: stage.name)),
    )


def without_bundle(page: str) -> str:
    bundle = f"<script>{asset('vendor/plotly-cartesian.min.js')}</script>"
    if bundle not in page:
        raise SystemExit("the report does not hold the plotly bundle as it stands in the package")
    return page.replace(bundle, "")


def without_place(text: str, folder: str) -> str:
    """The page without the folder, and without links to the sample's pictures, which do not stand in the repository."""
    text = re.sub(r' data-file="[^"]*"', "", text)
    return text.replace(f"{folder}/dataset", "dataset").replace(folder, "")


def differences(name: str, fresh: str) -> list[str]:
    """What differs from the committed file, pictures left out, as a unified diff."""
    path = SAMPLE / name
    committed = path.read_text(encoding="utf-8") if path.exists() else ""
    old, new = (
        re.sub(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+", "picture", text).replace("},{", "},\n{")
        for text in (committed, fresh)
    )
    before, after = old.splitlines(), new.splitlines()
    if len(before) == len(after):
        after = [a if nearly_equal(a, b) else b for a, b in zip(before, after, strict=True)]
    return list(difflib.unified_diff(before, after, f"{name}, committed", name, lineterm="", n=0))


def nearly_equal(line: str, other: str) -> bool:
    """Whether two lines differ in nothing but decimal fractions, and in those by a thousandth at most."""
    return DECIMAL.sub("0.0", line) == DECIMAL.sub("0.0", other) and all(
        math.isclose(float(a), float(b), rel_tol=MAX_RELATIVE_DIFFERENCE)
        for a, b in zip(DECIMAL.findall(line), DECIMAL.findall(other), strict=True)
    )


def take_screenshots(report: Path, profile: Path) -> None:
    """The first screen, and the first group of copies."""
    sys.path.insert(0, str(ROOT))
    from tests.browser.chromium import EXECUTABLE, chromium

    if EXECUTABLE is None:
        print("the screenshots were left as they are: no Chromium is installed")
        return
    with chromium(profile) as tab:
        tab.call("Emulation.setScrollbarsHidden", hidden=True)
        tab.open(report.as_uri(), width=1200, height=760)
        save(tab.call("Page.captureScreenshot", format="png")["data"], report.with_name("report.png"))
        place = tab.value(
            "(group => { group.querySelectorAll('img').forEach(image => { image.loading = 'eager'; });"
            " group.style.contentVisibility = 'visible';"
            " const box = group.getBoundingClientRect(); return [box.x, box.y + scrollY, box.width, box.height]; })"
            "(document.querySelector('article.group:has(.differs)'))"
        )
        tab.wait_for(
            "[...document.querySelectorAll('article.group:has(.differs) img')].slice(0, 2).every(one => one.complete)"
        )
        x, y, width, height = place
        clip = {
            "x": x - MARGIN_PX,
            "y": y - MARGIN_PX,
            "width": width + 2 * MARGIN_PX,
            "height": height + 2 * MARGIN_PX,
        }
        shot = tab.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip={**clip, "scale": 1})
        save(shot["data"], report.with_name("duplicates.png"))


def save(png: str, path: Path) -> None:
    """A screenshot with 256 colours, which is a third of the weight."""
    Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB").quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
