"""The place of an empty store comes in; what the API of a service on it answers to whatever it may be sent goes out."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import update

from kvqa_audit.store.access_tables import TOKENS, Role
from tests.processes import GIVE_UP_SECONDS
from tests.serve.site import serving
from tests.serve.test_api import IMAGES, ROWS, findings
from tests.unit.compare.samples import finished

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@dataclass(frozen=True)
class Sweep:
    """What came of it: `failures` counts them by kind, in the words of schemathesis, of which `said` are the last."""

    is_sound: bool
    cases: int
    failures: Mapping[str, int]
    seconds: float
    said: str


def sweep(place: str, folder: Path) -> Sweep:
    """Sends what schemathesis draws from the API's own description to a real server that has an audited dataset."""
    with serving(place, folder) as served:
        robot = served.program("robot", Role.ADMIN)
        dataset = robot.post("datasets", json={"name": "first", "source": served.folder("frames")}).json()["id"]
        robot.post(f"datasets/{dataset}/schedules", json={"cron": "0 3 * * *"})
        with served.site.store.writing() as connection:
            # What is tried ends tokens, too; the one that it comes with stays.
            connection.execute(update(TOKENS).values(id=1_234_567_890))
        for day in (1, 2):
            served.finished(dataset, finished(ROWS, IMAGES, findings(day), day=day))
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"{served.url}/api/v1/openapi.json",
            "--header", f"Authorization: {robot.headers['authorization']}", "--checks", CHECKS,
            "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "15", "--seed", "1", "--workers", "2",
            "--exclude-path-regex", "/events$|/me/password|/pictures/|/pairs/", "--request-timeout", "20", "--no-color",
        ]  # fmt: skip
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=GIVE_UP_SECONDS)
        seconds = time.perf_counter() - begun
    cases = re.search(r"(\d+) generated", done.stdout)
    failures = {kind: int(number) for kind, number in re.findall(r"❌ \S+ (.+): (\d+)$", done.stdout, re.MULTILINE)}
    said = done.stdout[-6000:] + done.stderr[-2000:]
    return Sweep(done.returncode == 0, int(cases[1]) if cases else 0, failures, seconds, said)
