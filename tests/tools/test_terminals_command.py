"""`sip2gw terminals`: the table of the gateway's terminals, and the errors without a usable answer."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner

from sip2gw.tools.cli import main

TOKEN = "Bx5mTw8LgKdQz3rVn7HpYc2JtX6fRb9M"
EMPTY = '{"libraries": [], "terminals": []}'


def terminal(**changes):
    said = {
        "library": "riverside", "address": "192.0.2.7", "certificate": "", "location": "Hall",
        "since": "2026-03-01T17:00:00+00:00", "idle": 5, "state": "idle",
    }  # fmt: skip
    return {**said, **changes}


@pytest.fixture
def page_with():
    """Serve a gateway's page with a given text; returns its URL."""
    servers = []

    def serve(text, status=200):
        class Page(BaseHTTPRequestHandler):
            def do_GET(self):
                assert self.path == "/terminals"
                if self.headers.get("Authorization") not in (None, f"Bearer {TOKEN}"):
                    self.send_error(401)
                    return
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Page)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def run(*arguments):
    return CliRunner().invoke(main, ["terminals", *arguments])


def test_a_proxy_in_the_environment_is_not_used(page_with, monkeypatch):
    """The gateway is on this machine, and only the gateway may get the token."""
    proxy = page_with("{}", 500)
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    result = run("--admin", page_with(EMPTY))
    assert (result.exit_code, result.output) == (0, "no terminal is logged in\n")


def test_terminals_and_full_libraries_are_shown_as_a_table(page_with):
    page = {
        "libraries": [
            {"library": "openall", "used": 1, "licensed": None, "full": False},
            {"library": "riverside", "used": 2, "licensed": 2, "full": True},
        ],
        "terminals": [
            terminal(library="openall", address="", location="", idle=7201),
            terminal(certificate="kiosk-7", location="", idle=121, state="busy"),
            terminal(certificate="kiosk-8", location="\x1b[2J\r\nHall"),
        ],
    }
    result = run("--admin", page_with(json.dumps(page)))
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert len(lines) == 5
    assert "(no location)  this machine" in lines[1]
    assert "2 h    idle   1" in lines[1]
    assert "kiosk-7" in lines[2]
    assert "2 min  busy   2 of 2" in lines[2]
    assert "?[2J??Hall" in lines[3]
    assert lines[4] == "riverside is full: all 2 seats are taken"
    assert run("--admin", page_with(json.dumps(page)), "--library", "OpenAll").output.count("\n") == 2


def test_a_gateway_without_terminals_is_reported_in_words(page_with):
    result = run("--admin", page_with(EMPTY))
    assert (result.exit_code, result.output) == (0, "no terminal is logged in\n")


def test_the_token_is_sent_and_never_shown(page_with, tmp_path):
    for token, status in ((TOKEN, 0), (TOKEN[::-1], 2)):
        (tmp_path / "token").write_text(f"{token}\n")
        result = run("--admin", page_with(EMPTY), "--token-file", str(tmp_path / "token"))
        assert result.exit_code == status
        assert token not in result.output
        assert ("with --token-file" in result.output) is bool(status)


def test_the_configuration_names_endpoint_and_token(page_with, tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    port = page_with(EMPTY).rstrip("/").rpartition(":")[2]
    config = tmp_path / "sip2gw.toml"
    config.write_text(
        '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'
        f'[admin]\nendpoint = "tcp:{port}:interface=127.0.0.1"\ntoken_file = "token"\n'
    )
    result = run("--config", str(config))
    assert (result.exit_code, result.output) == (0, "no terminal is logged in\n")


@pytest.mark.parametrize(
    ("text", "status"), [("{}", 200), ("<html>", 200), ("[]", 200), ("{}", 404), ("", 429)]
)
def test_an_unexpected_page_is_reported_with_exit_status_2(page_with, text, status):
    result = run("--admin", page_with(text, status))
    assert result.exit_code == 2
    assert ("is that the endpoint of [admin]?" in result.output) is (status != 429)
    assert ("wait a minute" in result.output) is (status == 429)


def test_a_closed_port_is_reported_with_exit_status_2():
    refused = run("--admin", "http://127.0.0.1:9")
    assert refused.exit_code == 2
    assert "is the gateway running" in refused.output
    assert run("--admin", "file:///etc/passwd").exit_code == 2
