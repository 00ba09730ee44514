"""The examples for a team say what the programs that read them understand."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from kvqa_audit.serve.config import ServeConfig, make_sure_it_is_safe, read_config

EXAMPLES = files("kvqa_audit").joinpath("examples")
UNITS = ("kvqa-audit-serve.service", "kvqa-audit-worker@.service")
INSTRUCTIONS = {"FROM", "RUN", "USER", "WORKDIR", "ENV", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}


def text(name: str) -> str:
    return EXAMPLES.joinpath(name).read_text(encoding="utf-8")


def test_configuration_is_read_and_safe(tmp_path: Path) -> None:
    file = tmp_path / "serve.toml"
    file.write_text(text("kvqa-audit-serve.toml"))
    found = read_config(file, {}, {})
    make_sure_it_is_safe(found, has_users=True)
    assert found.web_settings().hosts == {"audits.example.org"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_units_pass_systemds_own_verification(tmp_path: Path) -> None:
    for name in UNITS:
        unit = text(name).replace("/usr/local/bin/kvqa-audit", "/bin/true")
        (tmp_path / name.replace("@.", "@1.")).write_text(unit)
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "kvqa-audit" in line]) == (0, [])


def test_commands_of_the_units_are_those_of_the_program() -> None:
    for name, part in zip(UNITS, ("web", "worker"), strict=True):
        command = re.search(r"ExecStart=\S+ (.+)", text(name))
        assert command
        assert command[1] == f"serve {part} --config /etc/kvqa-audit-serve.toml"


def test_compose_file_names_what_the_service_knows() -> None:
    compose = yaml.safe_load(text("compose.yaml"))
    for name in ("web", "worker"):
        service = compose["services"][name]
        assert service["command"] == [name]
        given = {key.removeprefix("KVQA_SERVE_").lower() for key in service["environment"]}
        assert given <= set(ServeConfig.model_fields)
        assert {one.partition(":")[0] for one in service["volumes"]} <= {*compose["volumes"], "${DATASETS"}
    assert all(port.startswith("127.0.0.1:") for port in compose["services"]["web"]["ports"])


def test_containerfile_holds_instructions_only_and_runs_as_a_user() -> None:
    lines = text("Containerfile").replace("\\\n", " ").splitlines()
    found = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    assert {words[0] for words in found} <= INSTRUCTIONS
    assert ["USER", "kvqa-audit"] in found
    variables = re.findall(r"KVQA_SERVE_(\w+)=", text("Containerfile"))
    assert {name.lower() for name in variables} <= set(ServeConfig.model_fields)
    assert 'ENTRYPOINT ["kvqa-audit", "serve"]' in lines


def test_ci_example_starts_an_audit_and_waits_for_its_gate() -> None:
    workflow = yaml.safe_load(text("github-actions-service.yml"))
    steps = workflow["jobs"]["gate"]["steps"]
    assert steps[1]["run"] == 'kvqa-audit --server "$SERVICE" start "$DATASET" --wait'
    assert set(steps[1]["env"]) == {"SERVICE", "DATASET", "KVQA_AUDIT_TOKEN"}
