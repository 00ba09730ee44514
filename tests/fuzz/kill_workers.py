"""Workers are killed or paused at drawn moments while they work through jobs; what was lost or done twice goes out.

`python -m tests.fuzz.kill_workers --jobs 4 --seed 1 [--store URL]` from the project's folder.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kvqa_audit.jobs import queue
from kvqa_audit.jobs.datasets import register_dataset
from kvqa_audit.jobs.events import events_after
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.store.job_records import DatasetSettings, Job, JobState
from kvqa_audit.store.records import RunState, StoredRun
from kvqa_audit.store.runs import RunStore

BLOWS_A_JOB = 3
ROWS = "".join(f"i{n},How many polyps?,{n % 3}\n" for n in range(9))


def worker(place: str, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kvqa_audit.jobs.worker", "--store", place, "--data", str(folder / "data")]
    command += ["--lease-seconds", "1", "--retry-seconds", "0.1"]
    with (folder / "log").open("a") as log:
        return subprocess.Popen(command, stderr=log)


def strike(workers: list[subprocess.Popen[bytes]], place: str, folder: Path, draw: random.Random) -> str:
    """Kills one of the workers and begins another, or pauses one for longer or shorter than its lease."""
    struck = draw.randrange(len(workers))
    if draw.random() < 0.5:
        workers[struck].kill()
        workers[struck].wait()
        workers[struck] = worker(place, folder)
        return "killed"
    workers[struck].send_signal(signal.SIGSTOP)
    time.sleep(draw.uniform(0.5, 4))
    workers[struck].send_signal(signal.SIGCONT)
    return "paused"


def faults(store: JobStore, jobs: list[Job], data: Path) -> list[str]:
    """What is not as it would be had nobody been struck."""
    with RunStore(store.where) as kept:
        runs = kept.runs()
    finished = [run for run in runs if run.state is RunState.FINISHED]
    found = [f"run {run.id} is still {run.state}" for run in runs if run.state in (RunState.QUEUED, RunState.RUNNING)]
    found += [f"{len(finished)} runs of {len(jobs)} jobs are kept"] if len(finished) != len(jobs) else []
    found += _of_files(finished, data)
    for job in (queue.job(store, job.id) for job in jobs):
        if job.state is not JobState.DONE or job.run not in {run.id for run in finished}:
            found.append(f"job {job.id} is {job.state}, and its run is not kept")
        positions = [event.position for event in events_after(store, job.id, limit=10_000)]
        if positions != sorted(set(positions)):
            found.append(f"events of job {job.id} are out of order")
    return found


def _of_files(finished: list[StoredRun], data: Path) -> list[str]:
    there = {path.name for path in (data / "runs").iterdir()}
    found = [f"the report of run {run.id} is missing" for run in finished if not (data / "runs" / run.id).is_dir()]
    return found + [f"a folder of run {name} was left" for name in there - {run.id for run in finished}]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", help="an empty database; else a file")
    args = parser.parse_args()
    draw, blows = random.Random(args.seed), {"killed": 0, "paused": 0}
    with tempfile.TemporaryDirectory() as text:
        folder, place = Path(text), args.store or f"{text}/runs.sqlite"
        (folder / "small").mkdir()
        (folder / "small" / "metadata.csv").write_text(f"img_id,question,answer\n{ROWS}")
        options = {"table_only": True, "no_images": True}
        about = DatasetSettings("small", f"{text}/small", spec="auto", options=options, max_attempts=99)
        with JobStore(place) as store:
            dataset = register_dataset(store, about)
            workers = [worker(place, folder) for _ in range(2)]
            jobs = []
            for number in range(1, args.jobs + 1):
                jobs.append(queue.start_job(store, dataset.id))
                while not queue.job(store, jobs[-1].id).state.is_over:
                    time.sleep(draw.uniform(0.3, 6))
                    if sum(blows.values()) < BLOWS_A_JOB * number:
                        blows[strike(workers, place, folder, draw)] += 1
            for one in workers:
                one.terminate()
            codes = [one.wait() for one in workers]
            found = faults(store, jobs, folder / "data")
    # One that was just begun does not know the signal yet.
    found += [f"a worker ended with {code}" for code in codes if code not in (0, -signal.SIGTERM)]
    print(f"{args.jobs} jobs, workers {blows['killed']} times killed, {blows['paused']} times paused: ", end="")
    print("; ".join(found) if found else "each was kept once, nothing was left")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
