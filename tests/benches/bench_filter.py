"""A report comes in; how long its filter takes in a headless Chromium, layout included, is printed in milliseconds.

python tests/benches/bench_filter.py REPORT.html …
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.browser.chromium import chromium

ROUNDS = 9
TIMED = """(async (word, rounds) => {
  const field = document.getElementById("filter");
  const show = words => {
    field.value = words;
    field.dispatchEvent(new Event("input"));
    return document.body.offsetHeight;
  };
  const drawn = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  const times = [];
  while (times.length < rounds) {
    show("");
    await drawn();
    const begun = performance.now();
    show(word);
    times.push(performance.now() - begun);
    await drawn();
  }
  return times;
})"""


def main() -> None:
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as tab:
        for report in sys.argv[1:]:
            tab.open(Path(report).absolute().as_uri())
            findings = tab.value("document.querySelectorAll('article.card, table.findings tbody tr').length")
            print(f"{report}: {findings:,} findings, {tab.value('document.querySelectorAll(`*`).length'):,} elements")
            for word in ("a", "warning", "kv0", "nothing has this"):
                times = tab.value(f"{TIMED}({word!r}, {ROUNDS})", 120)
                print(f"  {word!r}: median {statistics.median(times):.0f} ms, most {max(times):.0f} ms")


if __name__ == "__main__":
    main()
