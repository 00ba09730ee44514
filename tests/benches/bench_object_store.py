"""Serves a look-alike dataset by a real S3 server of this machine; prints pictures a second, and reading's share.

    python tests/benches/bench_object_store.py --frames FOLDER --table METADATA.csv [--images 1000]

FOLDER and METADATA.csv are as for bench_audit.py. The rates are of pictures of 20 KB that are fetched and thrown away;
the share is what an audit from the server takes longer than one of the same files, in one run, with nothing cached. The
server takes its processor time from the same cores.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

from bench_audit import make_look_alike

from kvqa_audit.ingest.dataset import ImageShard
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.pipeline.audit import run_audit
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.spec.dataset_spec import Columns, DatasetSpec
from tests.s3_server import running_s3

PICTURE_BYTES, PICTURES = 20_000, 2_000


def fetched(shards: Sequence[ImageShard]) -> int:
    """Fetches all pictures of the shards and says how many came whole."""
    return sum(raw.problem is None and len(raw.data) == PICTURE_BYTES for shard in shards for raw in shard.read())


def rate(processes: int) -> float:
    """Pictures a second, by so many processes; the first picture of each is not counted in the time."""
    spec = DatasetSpec(name="any", rows=0, images=0, columns=Columns(source=None), other_questions="free text")
    shards = open_dataset("s3://bucket/plain", spec).shards
    with get_context("spawn").Pool(processes) as pool:
        pool.map(fetched, [shards[:1]] * processes, 1)
        started = time.perf_counter()
        done = sum(pool.map(fetched, [shards[number : number + 1] for number in range(len(shards))], 1))
        seconds = time.perf_counter() - started
    if done != PICTURES:
        raise SystemExit(f"only {done:,} of {PICTURES:,} pictures came")
    return done / seconds


def audited(source: str) -> tuple[float, dict[str, float]]:
    """The seconds of an audit without caches, and those of its stages."""
    started = time.perf_counter()
    run = run_audit(source, AuditOptions(subset=True, jobs=os.cpu_count() or 1))
    return time.perf_counter() - started, {stage.name: stage.seconds for stage in run.stages}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--images", type=int, default=1_000)
    args = parser.parse_args()
    frames = sorted(map(str, args.frames.rglob("*.jpg")))
    with tempfile.TemporaryDirectory() as work:
        bucket = Path(work) / "buckets" / "bucket"
        make_look_alike(frames, args.table, bucket / "data", args.images, os.cpu_count() or 1)
        (bucket / "plain").mkdir()
        rng = random.Random(5)
        for number in range(PICTURES):
            (bucket / "plain" / f"p{number:05d}.jpg").write_bytes(rng.randbytes(PICTURE_BYTES))
        with running_s3(bucket.parent, changes=False) as settings:
            os.environ.update(settings)
            for processes in (1, os.cpu_count() or 1):
                print(f"{processes} processes: {rate(processes):,.0f} pictures of 20 KB a second", flush=True)
            audited(str(bucket / "data"))  # what is imported once is not counted for either
            from_files, stages = audited(str(bucket / "data"))
            from_store, stages_there = audited("s3://bucket/data")
    print(f"{args.images:,} images: {from_files:.1f} s from files, {from_store:.1f} s from the store")
    for name in ("look at the images", "look for boxes and text"):
        print(f"  {name}: {stages[name]:.1f} s and {stages_there[name]:.1f} s")
    print(f"reading's share of the audit: {max(from_store - from_files, 0.0) / from_store:.0%}")


if __name__ == "__main__":
    main()
