"""The whole API, as its description says and does not say, on a real server: no fault, and no answer unheard of."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import update

from kvqa_audit.store.access_tables import TOKENS, Role
from tests.serve.site import serving
from tests.serve.test_api import IMAGES, ROWS, findings
from tests.unit.compare.samples import finished

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_nothing_that_is_sent_breaks_it(tmp_path: Path) -> None:
    if importlib.util.find_spec("schemathesis") is None:
        (pytest.fail if os.environ.get("KVQA_NEED_SCHEMATHESIS") else pytest.skip)("nox -s serve brings schemathesis")
    with serving(str(tmp_path / "service.sqlite"), tmp_path) as served:
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
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
