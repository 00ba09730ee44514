"""Generated groups of copies come in; processor seconds of the checks and bytes of findings.csv go out.

`python tests/benches/bench_groups.py [IMAGES] [GROUPS]`: half of the groups are identical, half altered copies, of all
sizes, every image has ten rows in three splits,
and of 500 answers one is another.
"""

from __future__ import annotations

import random
import sys
import time
from itertools import combinations, pairwise
from types import SimpleNamespace

import pandas as pd

from kvqa_audit.artifacts.tables import findings_csv
from kvqa_audit.checks.registry import CHECKS
from kvqa_audit.checks.runner import run_check
from kvqa_audit.model import DuplicatePair, ImageFingerprint, Tier
from kvqa_audit.model.image_groups import ImageGroups
from kvqa_audit.release.applying import apply_decisions
from kvqa_audit.release.decisions import DecisionVerdict, decide
from kvqa_audit.spec.load import load_spec

CODES = ("KV201", "KV202", "KV203", "KV204", "KV205", "KV206", "KV410", "KV411")


def grouped(images: list[str], groups: int, random_: random.Random) -> list[DuplicatePair]:
    cuts = [0, *sorted(random_.sample(range(2, len(images) - 2), groups - 1)), len(images)]
    pairs = []
    for start, end in pairwise(cuts):
        members = images[start : min(end, start + 60)]
        tier = random_.choice((Tier.IDENTICAL_BYTES, Tier.IDENTICAL_PIXELS, Tier.NEAR, Tier.NEAR_FRAME))
        pairs += [DuplicatePair(a, b, tier, 9, 0.98, "identity", members[0]) for a, b in combinations(members, 2)]
    return pairs


def main() -> None:
    count, groups = (int(given) for given in (sys.argv[1:] or ("30000", "3000")))
    random_ = random.Random(7)
    images = [f"image-of-the-dataset-{number:06}" for number in range(count)]
    spec = load_spec()
    questions = [question.text for question in spec.questions][:10]
    rows = [
        (random_.choice("ABC"), q, "yes" if random_.random() < 0.998 else "no", one)
        for one in images
        for q in questions
    ]
    frame = pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)
    splits = [random_.choice(("train", "validation", "test")) for _ in rows]
    pairs = grouped(images, groups, random_)
    evidence = SimpleNamespace(
        spec=spec,
        table=SimpleNamespace(frame=frame, splits=splits),
        pairs=tuple(pairs),
        fingerprints=tuple(ImageFingerprint(one, one, 1, None) for one in images),
        absent={},
        groups=ImageGroups(),
    )
    findings, outcomes, seconds = [], [], 0.0
    for check in (check for check in CHECKS if check.code in CODES):
        started = time.process_time()
        outcome, found = run_check(check, evidence)  # type: ignore[arg-type]
        seconds += time.process_time() - started
        findings += found
        outcomes.append(outcome)
        print(f"{check.code} {outcome.outcome.value}: {outcome.violations:,} of {outcome.evaluated:,} {check.doc.unit}")
    size = len(findings_csv(findings))
    print(
        f"{len(pairs):,} pairs, {len(findings):,} findings, checks {seconds:.1f} s of processor time, "
        f"findings.csv {size / 1e6:.1f} MB"
    )
    docs = {check.code: check.doc for check in CHECKS}
    today = pd.Timestamp("2026-01-01").date()
    decisions = [decide(one, DecisionVerdict.ACCEPTED, "seen", "A", today) for one in findings[::2]]
    started = time.process_time()
    apply_decisions(findings, outcomes, decisions, today, docs)
    print(f"{len(decisions):,} decisions applied in {time.process_time() - started:.1f} s")


if __name__ == "__main__":
    main()
