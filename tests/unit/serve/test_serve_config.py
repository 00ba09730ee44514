"""A service is configured by options, environment and file, in this order, and refuses what is not safe."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from kvqa_audit.serve.config import ConfigError, make_sure_it_is_safe, read_config
from kvqa_audit.serve.logs import JsonLines

HOME = {"HOME": "/home/ada"}


def test_options_go_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "serve.toml"
    file.write_text('port = 1001\nworkers = 3\nlog = "json"\nhub = ["owner/*"]\nroots = ["/srv/one"]\n')
    environment = {**HOME, "KVQA_SERVE_PORT": "1002", "KVQA_SERVE_LOG": "text", "KVQA_SERVE_ROOTS": "/srv/a, /srv/b"}
    found = read_config(file, environment, {"port": 1003, "workers": None, "hub": []})
    assert (found.port, found.workers, found.log, found.hub) == (1003, 3, "text", ("owner/*",))
    assert found.roots == (Path("/srv/a"), Path("/srv/b"))


def test_without_a_word_it_is_for_one_person_on_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = read_config(None, HOME, {})
    assert found.address == "http://127.0.0.1:8765"
    assert found.data == Path("/home/ada/.local/share/kvqa-audit")
    assert found.place == str(found.data / "service.sqlite")
    assert found.roots == (tmp_path,)
    make_sure_it_is_safe(found, has_users=False)
    assert found.web_settings().hosts == {"127.0.0.1", "localhost", "[::1]"}
    assert found.web_settings().proxy is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = 0", "port"),
        ("unknown = 1", "unknown"),
        ('tls_cert = "/x"', "belong together"),
        ('user_header = "X-User"', "behind_proxy"),
        ('behind_proxy = ["proxy"]', "behind_proxy"),
        ('url = "audits.example.org"', "url"),
        ("port =", "serve.toml"),
        ("port = " + "9" * 5_000, "serve.toml"),
        (f"port = {'[' * 9_000}", "serve.toml: is nested too deeply"),
        ('log = "xml"', "log"),
    ],
)
def test_what_cannot_be_is_told_by_its_key(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "serve.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_config(file, HOME, {})


@pytest.mark.parametrize(
    ("given", "has_users", "said"),
    [
        ({"host": "0.0.0.0"}, True, "--tls-cert"),
        ({"host": "::"}, True, "--tls-cert"),
        ({"host": "audits.example.org"}, True, "--tls-cert"),
        ({"host": "0.0.0.0", "behind_proxy": ["10.0.0.1"]}, False, "nobody has a password"),
        ({"host": "0.0.0.0", "tls_cert": "/c", "tls_key": "/k"}, False, "nobody has a password"),
        ({"host": "0.0.0.0", "behind_proxy": ["10.0.0.1"]}, True, None),
        ({"host": "0.0.0.0", "tls_cert": "/c", "tls_key": "/k"}, True, None),
        ({"host": "::1"}, False, None),
        ({"host": "localhost"}, False, None),
    ],
)
def test_other_machines_are_let_in_only_safely(given: dict[str, object], has_users: bool, said: str | None) -> None:
    found = read_config(None, HOME, given)
    if said is None:
        make_sure_it_is_safe(found, has_users=has_users)
    else:
        with pytest.raises(ConfigError, match=said):
            make_sure_it_is_safe(found, has_users=has_users)


def test_public_address_decides_about_names_and_cookies() -> None:
    given = {
        "host": "0.0.0.0",
        "behind_proxy": ["10.0.0.1"],
        "url": "https://audits.example.org/",
        "user_header": "X-User",
    }
    settings = read_config(None, HOME, given).web_settings()
    assert settings.hosts == {"audits.example.org"}
    assert settings.https
    assert settings.proxy is not None
    assert settings.proxy.user_header == "x-user"
    assert settings.proxy.is_it("10.0.0.1")
    assert not settings.proxy.is_it("10.0.0.2")


def test_log_lines_are_json_with_the_fields_of_what_happened() -> None:
    record = logging.LogRecord("kvqa_audit.web", logging.INFO, "x", 1, "request %s", ("made",), None)
    record.fields = {"run": "abc", "path": "/\n"}
    told = json.loads(JsonLines("web").format(record))
    assert (told["message"], told["process"], told["level"], told["run"]) == ("request made", "web", "info", "abc")
