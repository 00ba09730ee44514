"""A generated table of many questions comes in; processor seconds and memory of `init` and `run` go out.

`python tests/benches/bench_table.py [ROWS] [QUESTIONS]`: a hundred of the questions come again, the others are asked
once; there are three sources, three splits and a row-id column.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = ("left", "right", "upper", "lower", "lung", "liver", "heart", "small", "large", "round", "dark", "several")
MEASURED = """
import resource, sys
from kvqa_audit.__main__ import main
try:
    main()
except SystemExit:
    used = resource.getrusage(resource.RUSAGE_SELF)
    sys.stderr.write(f"{used.ru_utime + used.ru_stime:.1f} s of processor, {used.ru_maxrss // 1024} MB")
"""


def write_table(path: Path, rows: int, questions: int) -> None:
    rng = random.Random(3)
    once = [
        f"What is shown in part {n} of region {rng.randrange(9_999)}?" if n % 3 else f"Is there a lesion like {n}?"
        for n in range(questions)
    ]
    common = [*(f"Is finding {n} present?" for n in range(60)), *(f"Which plane is view {n}?" for n in range(40))]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "image_name", "organ", "question", "answer", "split"))
        for n in range(rows):
            question, image = once[n] if n < questions else rng.choice(common), rng.randrange(rows // 9)
            told = {"Is": ("yes", "no"), "Which": ("axial", "coronal", "sagittal")}.get(question.split()[0])
            answer = rng.choice(told) if told else " ".join(rng.sample(WORDS, 3))
            split = {8: "val", 9: "test"}.get(image % 10, "train")
            writer.writerow((n, f"img{image:05}.jpg", "ABC"[image % 3], question, answer, split))


def main() -> None:
    rows, questions = (int(given) for given in (sys.argv[1:] or ("106000", "62000")))
    with tempfile.TemporaryDirectory(prefix="kvqa-bench-") as place:
        table = Path(place) / "qa.csv"
        write_table(table, rows, questions)
        for command in (("init", str(table), "--out", f"{place}/spec"), ("run", str(table), "--out", f"{place}/out")):
            started = time.monotonic()
            arguments = [sys.executable, "-c", MEASURED, *command, "--quiet"]
            # What an earlier run found out about this very table would spare this one the engines.
            environment = {**os.environ, "KVQA_AUDIT_CACHE": f"{place}/cache"}
            told = subprocess.run(arguments, capture_output=True, text=True, env=environment).stderr.splitlines()[-1]
            print(f"{command[0]}: {time.monotonic() - started:.1f} s, {told}", flush=True)


if __name__ == "__main__":
    main()
