"""Copies that were flipped, cropped and rotated, audited and opened in a browser: they lie on their original."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from kvqa_audit.outputs.write_outputs import write_outputs
from kvqa_audit.pipeline.audit import run_audit
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.spec.load import load_spec
from tests.browser.chromium import EXECUTABLE, chromium
from tests.unit.duplicates.scenes import scene

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="no Chromium is installed")

COPIES = {
    "flipped": ImageOps.mirror,
    "cropped": lambda picture: picture.crop((40, 24, picture.width - 50, picture.height - 30)),
    "rotated": lambda picture: picture.rotate(5, Image.Resampling.BICUBIC),
}
SAME_GREY, OTHER_GREY = 9.0, 20.0
# The mean difference in grey of two images of the page, where the right one reaches.
DIFFERENCE = """
async (...given) => {
  const reach = given[2];
  const [left, right] = given.slice(0, 2).map(one => Object.assign(new Image(), { src: one.src }));
  await Promise.all([left.decode(), right.decode()]);
  const [width, height] = [180, 144];
  const pixels = [left, right].map(image => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const pen = canvas.getContext('2d');
    if (reach) {
      pen.beginPath();
      for (const [x, y] of reach) pen.lineTo(x * width, y * height);
      pen.closePath();
      pen.clip();
    }
    pen.drawImage(image, 0, 0, width, height);
    return pen.getImageData(0, 0, width, height).data;
  });
  let [sum, count] = [0, 0];
  for (let at = 0; at < pixels[0].length; at += 4) {
    if (pixels[0][at + 3] < 255 || pixels[1][at + 3] < 255) continue;
    sum += Math.abs(pixels[0][at] - pixels[1][at]);
    count += 1;
  }
  return sum / count;
}
"""
REACH = (
    "getComputedStyle(pair).getPropertyValue('--reach').match(/[-0-9.]+/g)"
    ".reduce((all, one, n) => (n % 2 ? all[all.length - 1].push(one / 100) : all.push([one / 100]), all), [])"
)


def test_copies_lie_on_their_original_in_the_page_and_do_not_as_they_are_stored(tmp_path: Path) -> None:
    images = tmp_path / "set" / "images"
    images.mkdir(parents=True)
    lines = ["source,question,answer,img_id"]
    for number, (name, copy) in enumerate(COPIES.items()):
        original = scene(20 + number)
        for img_id, picture in ((f"{number}a", original), (f"{number}b-{name}", copy(original))):
            target = io.BytesIO()
            Image.fromarray(np.asarray(picture)).convert("RGB").save(target, "JPEG", quality=92)
            (images / f"{img_id}.jpg").write_bytes(target.getvalue())
            lines.append(f"Polyps,Is there text?,{'no' if img_id.endswith('a') else 'yes'},{img_id}")
    (tmp_path / "set" / "metadata.csv").write_text("\n".join(lines) + "\n")
    spec = load_spec()
    run = run_audit(str(tmp_path / "set"), AuditOptions(spec, subset=True))
    assert len(run.pairs) == len(COPIES)
    write_outputs(run, tmp_path / "out", spec)
    with chromium(tmp_path / "profile") as tab:
        tab.open((tmp_path / "out" / "report.html").as_uri())
        tab.value("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert tab.value("document.querySelectorAll('.pair').length") == len(COPIES)
        for number in range(len(COPIES)):
            at = f"document.querySelectorAll('.pair')[{number}]"
            laid = tab.value(f"(pair => ({DIFFERENCE})(...pair.querySelectorAll('figure img'), {REACH}))({at})")
            stored = tab.value(f"({DIFFERENCE})(...{at}.closest('article').querySelectorAll('.shots img'), null)")
            assert laid < SAME_GREY, number
            assert stored > OTHER_GREY, number
