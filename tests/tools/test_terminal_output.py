"""What `sip2gw terminal` prints for programs, and what it says where TLS is on or off by mistake."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from sip2gw.tools.cli import main

from .responder import PASSWORD, Responder

ACCOUNT = ["--library", "riverside", "--account", "kiosk", "--timeout", "5"]


def run(port: int, *arguments: str, password: str | None = PASSWORD) -> Result:
    environment = {"SIP2GW_PASSWORD": password} if password is not None else {}
    return CliRunner().invoke(main, ["terminal", "--port", str(port), *ACCOUNT, *arguments], env=environment)


def test_json_is_one_object_for_each_request(responder: Responder) -> None:
    result = run(responder.port, "--plain", "--json", "status")
    said = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["sent"]["code"], one["answer"]["code"], one["yes"]) for one in said] == [
        ("93", "94", True), ("99", "98", True),
    ]  # fmt: skip
    assert PASSWORD not in result.output
    assert result.exit_code == 0


def test_quiet_is_the_line_of_each_answer(responder: Responder) -> None:
    result = run(responder.port, "--plain", "--quiet", "status")
    assert [line[:2] for line in result.stdout.splitlines()] == ["94", "98"]


def test_quiet_and_json_exclude_each_other(responder: Responder) -> None:
    assert run(responder.port, "--plain", "--quiet", "--json", "status").exit_code == 2


def test_a_request_is_sent_in_the_charset_that_was_chosen(responder: Responder) -> None:
    run(responder.port, "--plain", "--charset", "cp850", "checkout", "M-1001", "Bücher")
    assert "Bücher".encode("cp850") in responder.received[-1]
    assert run(responder.port, "--plain", "--charset", "nothing", "status").exit_code == 2


def test_a_missing_password_is_named_where_nobody_can_be_asked(responder: Responder) -> None:
    assert "SIP2GW_PASSWORD" in run(responder.port, "--plain", "status", password=None).stderr
    assert "SIP2GW_PASSWORD" not in run(responder.port, "--plain", "status").stderr


def test_plain_sip2_to_a_tls_port_says_to_leave_out_plain(tls_responder: Responder) -> None:
    result = run(tls_responder.port, "--plain", "status")
    assert result.exit_code == 2
    assert "leave out --plain" in result.stderr


def test_tls_to_a_plain_port_says_to_try_plain(responder: Responder) -> None:
    result = run(responder.port, "--insecure", "--timeout", "1", "status")
    assert result.exit_code == 2
    assert "try --plain" in result.stderr
