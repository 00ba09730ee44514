"""The report of a made-up audit is the page that was last looked at: report.html beside this file.

Styles, scripts, the figures' JSON and the bytes of pictures are left out: they are files of their own, or have their
own tests. After a wanted change: look at the report, then `KVQA_ACCEPT=1 pytest tests/snapshots`, and commit the file.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from tests.report_samples import page_of, sample_run, with_cases

ACCEPTED = Path(__file__).with_name("report.html")
MAX_LINES_SHOWN = 30
LEFT_OUT = (
    (r"<style>.*?</style>", "<style></style>"),
    (r"(<script[^>]*>).*?</script>", r"\1</script>"),
    (r"sha256-[A-Za-z0-9+/=]+", "sha256"),
    (r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+", "data:"),
    (r">\s*<", ">\n<"),
)


def page() -> str:
    text = page_of(with_cases(sample_run(images=9, findings_per_check=4)))
    for pattern, instead in LEFT_OUT:
        text = re.sub(pattern, instead, text, flags=re.DOTALL)
    return text + "\n"


def test_the_report_is_the_page_that_was_accepted() -> None:
    made = page()
    if os.environ.get("KVQA_ACCEPT") == "1":
        ACCEPTED.write_bytes(made.encode())
    accepted = ACCEPTED.read_bytes().decode() if ACCEPTED.exists() else ""
    changes = difflib.unified_diff(accepted.split("\n"), made.split("\n"), "accepted", "made now", lineterm="", n=0)
    told = "\n".join(line[:240] for line in list(changes)[:MAX_LINES_SHOWN])
    assert not told, f"the page changed; if that is wanted: KVQA_ACCEPT=1 pytest tests/snapshots\n{told}"
