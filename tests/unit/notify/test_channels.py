"""Messages reach real programs and servers, signed; a webhook calls no address it must not; errors say what to do."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kvqa_audit.errors import NotificationError
from kvqa_audit.notify import webhook
from kvqa_audit.notify.channels import NETWORKS, SECRET, SMTP, channel_named, send_news
from kvqa_audit.notify.message import Message
from kvqa_audit.notify.webhook import SIGNATURE, Webhook, is_public

NEWS = Message("a1b2", "team", "Größe", "2026-02-03T04:05:06+00:00", "not ready", "Not ready: 1 check.", "r.html", 3, 2)
OLD = Message("a1b2", "team", "d", "2026-02-03T04:05:06+00:00", "ready", "Ready.", new=0, verdict_before="ready")
KEY = "a secret of the receiver"
HERE = {SECRET: KEY, NETWORKS: "127.0.0.0/8"}


class Receiver(BaseHTTPRequestHandler):
    """Keeps what was posted; a path of digits is answered with that status."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers, body))  # type: ignore[attr-defined]
        self.send_response(int(self.path[1:]) if self.path[1:].isdigit() else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def url(server: ThreadingHTTPServer, path: str = "/hook", host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.server_port}{path}"


def test_webhook_is_signed_over_the_time_and_the_body(receiver: ThreadingHTTPServer) -> None:
    channel_named(url(receiver, "/hook?x=1"), HERE).send(NEWS)
    ((path, headers, body),) = receiver.got  # type: ignore[attr-defined]
    assert path == "/hook?x=1"
    time, signature = (part.split("=")[1] for part in headers[SIGNATURE].split(","))
    assert signature == hmac.new(KEY.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()
    assert json.loads(body)["dataset"] == "Größe"
    assert json.loads(body)["subject"] == NEWS.subject


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes the certificate, is not installed")
def test_webhook_speaks_tls_with_whom_it_trusts_alone(
    receiver: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run(["openssl", *request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    hook = channel_named(f"https://localhost:{receiver.server_port}/", {**HERE, NETWORKS: "127.0.0.0/8,::1/128"})
    with pytest.raises(NotificationError, match="certificate verify failed"):
        hook.send(NEWS)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    hook.send(NEWS)
    assert len(receiver.got) == 1  # type: ignore[attr-defined]
    with pytest.raises(NotificationError, match="certificate verify failed"):
        channel_named(f"https://127.0.0.1:{receiver.server_port}/", HERE).send(NEWS)


@pytest.mark.parametrize("status", [302, 307, 404, 500])
def test_webhook_follows_no_redirect_and_tells_the_status(receiver: ThreadingHTTPServer, status: int) -> None:
    with pytest.raises(NotificationError, match=f"answered with status {status}"):
        channel_named(url(receiver, f"/{status}"), HERE).send(NEWS)
    assert len(receiver.got) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"])
def test_webhook_calls_no_address_of_this_machine(receiver: ThreadingHTTPServer, host: str) -> None:
    with pytest.raises(NotificationError, match=r"no public address|cannot be reached"):
        channel_named(url(receiver, host=host), {SECRET: KEY}).send(NEWS)
    assert receiver.got == []  # type: ignore[attr-defined]


def test_webhook_looks_a_name_up_once_and_judges_what_it_connects_to(
    receiver: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        place = ("127.0.0.1", port) if len(asked) == 1 else ("8.8.8.8", port)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place)]

    monkeypatch.setattr(webhook.socket, "getaddrinfo", look_up)
    with pytest.raises(NotificationError, match=r"127\.0\.0\.1 is no public address; allow its network"):
        Webhook(f"https://public.example:{receiver.server_port}/", KEY).send(NEWS)
    assert asked == ["public.example"]
    assert receiver.got == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::8.8.8.8", True),
        *((text, False) for text in ("10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1")),
        *((text, False) for text in ("0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "127.8.8.8")),
        *((text, False) for text in ("::", "::1", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1")),
        *((text, False) for text in ("64:ff9b::169.254.169.254", "2002:7f00:1::", "64:ff9b::7f00:1")),
    ],
)
def test_public_addresses(text: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(text)) is public


def test_plain_http_is_for_allowed_networks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    place = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80))]
    monkeypatch.setattr(webhook.socket, "getaddrinfo", lambda *_, **__: place)
    with pytest.raises(NotificationError, match="https is needed there"):
        Webhook("http://public.example/", KEY).send(NEWS)


def test_who_answers_a_byte_at_a_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    class Drip(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                while not over.wait(0.02):
                    self.request.sendall(b"x")
            except OSError:
                pass

    over = threading.Event()
    monkeypatch.setattr(webhook, "MAX_SECONDS", 0.3)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Drip) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(NotificationError, match="cannot be reached"):
            channel_named(f"http://127.0.0.1:{server.server_address[1]}/", HERE).send(NEWS)
        over.set()
        server.shutdown()


def test_secrets_of_a_url_are_in_no_error(receiver: ThreadingHTTPServer) -> None:
    hook = channel_named(url(receiver, "/services/T0KEN"), {SECRET: KEY})
    with pytest.raises(NotificationError) as error:
        hook.send(NEWS)
    assert "T0KEN" not in str(error.value)
    assert "T0KEN" not in repr(hook)
    assert KEY not in repr(hook)


def test_command_gets_the_text_and_the_record(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = (
        "import os,sys; open(sys.argv[1],'wb').write(os.environb[b'KVQA_AUDIT_MESSAGE']+b'|'+sys.stdin.buffer.read())"
    )
    channel_named(f"command:{sys.executable} -c \"{script}\" '{told}'", {}).send(NEWS)
    record, text = told.read_bytes().decode().split("|")
    assert json.loads(record)["blocking"] == 3
    assert text == NEWS.text()


def test_command_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(NotificationError, match=r"ended with exit code 7: no post today"):
        channel_named("command:sh -c 'echo no post today >&2; exit 7'", {}).send(NEWS)
    with pytest.raises(NotificationError, match=r"cannot be run: No such file"):
        channel_named("command:/no/such/program", {}).send(NEWS)


def test_command_that_hangs_is_ended_with_all_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kvqa_audit.notify.command.MAX_SECONDS", 0.2)
    with pytest.raises(NotificationError, match="did not end"):
        channel_named("command:sh -c 'sleep 600 & sleep 600'", {}).send(NEWS)


class Post(socketserver.StreamRequestHandler):
    """As much of SMTP as takes one mail."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"RCPT" and b"nobody@" in line:
                self.wfile.write(b"550 no such person\r\n")
            elif word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.got.append(b"".join(iter(self.rfile.readline, b".\r\n")))  # type: ignore[attr-defined]
                self.wfile.write(b"250 taken\r\n")
            else:
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 yes\r\n")


@pytest.fixture
def post() -> Iterator[socketserver.ThreadingTCPServer]:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post)
    server.daemon_threads, server.got = True, []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_mail_arrives_with_its_text(post: socketserver.ThreadingTCPServer) -> None:
    place = {SMTP: f"smtp://127.0.0.1:{post.server_address[1]}"}
    channel_named("mailto:ops@example.org,lead@example.org", place).send(NEWS)
    (raw,) = post.got  # type: ignore[attr-defined]
    mail = message_from_bytes(raw, policy=default)
    assert mail["To"] == "ops@example.org, lead@example.org"
    assert mail["Subject"] == NEWS.subject
    assert mail.get_content().replace("\r\n", "\n") == NEWS.text()


def test_mail_that_is_refused_is_told(post: socketserver.ThreadingTCPServer) -> None:
    place = f"127.0.0.1:{post.server_address[1]}"
    with pytest.raises(NotificationError, match=r"no such person|refused"):
        channel_named("mailto:nobody@example.org", {SMTP: f"smtp://{place}"}).send(NEWS)
    with pytest.raises(NotificationError, match="refused nobody"):
        channel_named("mailto:ops@example.org,nobody@example.org", {SMTP: f"smtp://{place}"}).send(NEWS)
    with pytest.raises(NotificationError, match="offers no STARTTLS, and a password is not sent without it"):
        channel_named("mailto:ops@example.org", {SMTP: f"smtp://me:secret@{place}"}).send(NEWS)


def test_nothing_is_sent_where_nothing_is_new_and_one_failure_stops_no_other(
    receiver: ThreadingHTTPServer,
) -> None:
    channels = [channel_named(one, HERE) for one in ("command:/no/such/program", url(receiver))]
    assert send_news(channels, OLD) == ()
    assert receiver.got == []  # type: ignore[attr-defined]
    (problem,) = send_news(channels, NEWS)
    assert problem.startswith("the notification was not sent: the command /no/such/program")
    assert len(receiver.got) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "environment", "words"),
    [
        ("slack", {}, "begins with none of command:, https:// and mailto:"),
        ("command:", {}, "names no program"),
        ("command:'a", {}, "cannot be read"),
        ("https://example.org/", {}, SECRET),
        ("https://example.org/", {SECRET: "short"}, "at least 16 characters"),
        ("https://me:pw@example.org/", {SECRET: KEY}, "holds no user"),
        ("https://", {SECRET: KEY}, "looks like https://host/path"),
        ("https://example.org:99999/", {SECRET: KEY}, "looks like https://host/path"),
        ("https://example.org/a b", {SECRET: KEY}, "looks like https://host/path"),
        ("https://example.org/", {SECRET: KEY, NETWORKS: "10.0.0.0/99"}, "write networks such as"),
        ("mailto:", {}, "has to name addresses"),
        ("mailto:a@b\r\nBcc: c@d", {SMTP: "smtp://h"}, "has to name addresses"),
        ("mailto:a@b.example", {}, SMTP),
        ("mailto:a@b.example", {SMTP: "imap://host"}, SMTP),
    ],
)
def test_wrong_channels_are_told_before_anything_is_sent(name: str, environment: dict[str, str], words: str) -> None:
    with pytest.raises(NotificationError, match=words.replace("(", r"\(")):
        channel_named(name, environment)
