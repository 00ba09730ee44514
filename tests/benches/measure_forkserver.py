"""What a child has to give comes out twice: as multiprocessing's forkserver gives it, and as our own engine does.

    python tests/benches/measure_forkserver.py [--runs 5]

Each trial is a small program that is run as a file, because what a child does with its parent's main file is one of the
questions. docs/decisions/forked-engines.md holds the figures of one run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.processes import descendants, is_alive

PRELOAD = "kvqa_audit.images.fingerprint_stage"
TASKS = """
import os, sys, time
def nothing(): pass
def ends(): os._exit(9)
def tell(what): open(os.path.join(os.path.dirname(__file__), "told.txt"), "w").write(str(what))
def tells(name): tell(name in sys.modules)
def says(): tell(os.environ.get("OMP_NUM_THREADS"))
def sleeps(): time.sleep(600)
def fails(): raise ValueError("of the child")
"""
FORKSERVER = """
import multiprocessing, os, sys, time
sys.path.insert(0, {folder!r})
import tasks
print("main file is run", flush=True)
def child(function, *arguments, preload={preload!r}):
    context.set_forkserver_preload([preload])
    process = context.Process(target=function, args=arguments)
    process.start()
    return process
if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    {body}
"""
ENGINE = """
import os, sys, time
sys.path.insert(0, {folder!r})
import tasks
from kvqa_audit.engine.local import LocalPool
print("main file is run", flush=True)
def child(function, *arguments, preload={preload!r}):
    return pool.submit(function, *arguments, imports=[preload])
if __name__ == "__main__":
    pool = LocalPool(1)
    {body}
    pool.close()
"""


class Trials:
    """Programs of one way of starting children; `wait` waits for a child."""

    def __init__(self, folder: Path, program: str, wait: str) -> None:
        self._folder, self._program, self._wait = folder, program, wait

    def command(self, body: str, preload: str = PRELOAD) -> list[str]:
        path = self._folder / "program.py"
        path.write_text(self._program.format(folder=str(self._folder), body=body, preload=preload))
        return [sys.executable, str(path)]

    def run(self, body: str, preload: str = PRELOAD) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(body, preload), capture_output=True, text=True, check=False)

    def seconds(self, before: str) -> float:
        """The time from the call of a function that does nothing to its end."""
        done = self.run(
            f"{before}; started = time.monotonic(); {self.once()}; print('seconds', time.monotonic() - started)"
        )
        return float(done.stdout.rpartition("seconds")[2])

    def once(self) -> str:
        return self._wait.format("child(tasks.nothing)")

    def main_runs(self) -> int:
        return self.run(self.once()).stdout.count("main file is run")

    def second_preload(self) -> str:
        self.run(f"{self.once()}; " + self._wait.format("child(tasks.tells, 'colorsys', preload='colorsys')"))
        return (self._folder / "told.txt").read_text()

    def missing_preload(self) -> str:
        done = self.run(self._wait.format("child(tasks.nothing)"), preload="no_such_module")
        lines = (done.stdout + done.stderr).strip().splitlines()
        return lines[-1] if "no_such_module" in lines[-1] else "no word"

    def exit_told(self) -> str:
        done = self.run("one = child(tasks.ends); " + self._wait.format("one") + "; print(one.exitcode)")
        return (done.stdout + done.stderr).strip().splitlines()[-1]

    def survivors(self) -> int:
        """How many processes are alive a second after the parent of a child at work was killed."""
        body = f"{self.once()}; one = child(tasks.sleeps); time.sleep(2); print('at work', flush=True); time.sleep(600)"
        with subprocess.Popen(self.command(body), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
            assert program.stdout is not None
            while program.stdout.readline() != b"at work\n":
                pass
            family = descendants(program.pid)
            program.kill()
            time.sleep(1)
            left = {pid for pid in family if is_alive(pid)}
            for pid in left:
                os.kill(pid, 9)
        return len(left)

    def processes(self) -> int:
        done = self.run(
            f"{self.once()}; print(open(f'/proc/self/task/{{os.getpid()}}/children').read().split(), flush=True)"
        )
        return done.stdout.strip().splitlines()[-1].count("'") // 2

    def spilled_errors(self) -> bool:
        """Whether what a child writes to its standard error stands in the parent's, where a person sees it."""
        body = "one = child(tasks.fails)\n    try: " + self._wait.format("one") + "\n    except Exception: pass"
        return "of the child" in self.run(body).stderr

    def threads(self) -> str:
        self.run(self._wait.format("child(tasks.says)"))
        return (self._folder / "told.txt").read_text()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tasks.py").write_text(TASKS)
        os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        os.environ.pop("OMP_NUM_THREADS", None)
        both = [Trials(folder, FORKSERVER, "{}.join()"), Trials(folder, ENGINE, "{}.result()")]
        cold = [[one.seconds("pass") for one in both] for _ in range(runs)]  # in turns, so that load hits both alike
        warm = [[one.seconds(one.once()) for one in both] for _ in range(runs)]
        rows = [
            (
                "seconds to the end of the first call",
                [f"{statistics.median(times):.3f}" for times in zip(*cold, strict=True)],
            ),
            ("seconds of a further call", [f"{statistics.median(times):.4f}" for times in zip(*warm, strict=True)]),
            ("times the main file is run for one child", [one.main_runs() for one in both]),
            ("second preload of one process is imported ahead", [one.second_preload() for one in both]),
            ("a preload that is not there", [one.missing_preload() for one in both]),
            ("a child that ends with code 9", [one.exit_told() for one in both]),
            ("processes alive 1 s after the parent's kill -9", [one.survivors() for one in both]),
            ("helper processes after one call", [one.processes() for one in both]),
            ("a child's traceback spills into the terminal", [one.spilled_errors() for one in both]),
            ("OMP_NUM_THREADS of a child", [one.threads() for one in both]),
        ]
    print(f"{'':<50} {'forkserver':<40} engine")
    for what, (left, right) in rows:
        print(f"{what:<50} {left!s:<40} {right}")


if __name__ == "__main__":
    main()
