"""`sip2gw load` against a responder on a real socket: all terminals ask, all items are returned, all is counted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from sip2gw.sip2 import Secret, lay_out
from sip2gw.tools.address import Address, Unreachable
from sip2gw.tools.cli import main
from sip2gw.tools.identity import LoginForm, Terminal
from sip2gw.tools.load import read_mix, read_names
from sip2gw.tools.load_result import LoadResult
from sip2gw.tools.load_run import Run
from sip2gw.tools.load_terminal import Plan, Script
from sip2gw.tools.options import Setup

from .responder import PASSWORD, Certificate, Responder

MIX = {"99": 1, "23": 1, "11": 1, "09": 1}


def setup(port: int, **changes: Any) -> Setup:
    terminal = Terminal("riverside", "kiosk", Secret(changes.pop("password", PASSWORD)))
    return Setup(Address("127.0.0.1", port, tls=False), terminal, **{"timeout": 5.0, **changes})


def plan(rate: float | None = None, seconds: float = 0.2, terminals: int = 3) -> Plan:
    return Plan(terminals, seconds, rate, MIX, ["M-1001", "M-1002"], ["1", "2", "3"])


class RunTests(TestCase):
    """A load in the reactor of the tests."""

    def run_it(self, setup: Setup, plan: Plan) -> Deferred[tuple[LoadResult, list[str]]]:
        from twisted.internet import reactor

        said: list[str] = []

        async def measure() -> tuple[LoadResult, list[str]]:
            return await Run(reactor, setup, plan).measure(said.append), said

        return Deferred.fromCoroutine(measure())

    async def test_a_load_without_a_rate_asks_again_after_each_answer(self) -> None:
        with Responder() as responder:
            result, said = await self.run_it(setup(responder.port), plan())
        found = result.as_object()
        assert said == ["3 terminals are logged in"]
        assert found["errors"] == {}
        assert found["refused"] == 0
        assert set(found["by_message"]) == set(MIX)
        assert responder.on_loan == {}, "every item has been returned"
        assert all(lay_out(line).checksum_ok for line in responder.received)
        assert responder.connections == 3

    async def test_a_load_with_a_rate_keeps_to_it(self) -> None:
        with Responder() as responder:
            result, _ = await self.run_it(setup(responder.port), plan(rate=50.0, seconds=0.4))
        asked = sum(line[:2] != b"93" for line in responder.received)
        assert result.answers > 0
        assert asked <= 0.4 * 50 + 50 * 0.1 + 3, "not as fast as it can"

    async def test_a_load_with_rate_0_logs_in_and_stays_silent(self) -> None:
        with Responder() as responder:
            result, _ = await self.run_it(setup(responder.port), plan(rate=0.0))
        assert {line[:2] for line in responder.received} == {b"93"}
        assert result.as_object()["messages"] == 0

    async def test_a_refused_login_ends_the_load(self) -> None:
        with Responder() as responder, pytest.raises(Unreachable) as caught:
            await self.run_it(setup(responder.port, password="another"), plan())
        assert str(caught.value) == "login refused"

    async def test_an_answer_that_never_arrives_is_counted_as_an_error(self) -> None:
        with Responder(lambda _number, line, answer: b"" if line[:2] != b"93" else answer) as responder:
            result, _ = await self.run_it(setup(responder.port, timeout=0.3), plan(seconds=0.8))
        assert result.errors["no answer in time"] >= 3
        assert result.answers == 0

    async def test_refusals_are_counted(self) -> None:
        with Responder() as responder:
            responder.on_loan = {"1": "M-9", "2": "M-9", "3": "M-9"}
            only_checkouts = Plan(3, 0.2, None, {"11": 1}, ["M-1001"], ["1", "2", "3"])
            result, _ = await self.run_it(setup(responder.port), only_checkouts)
        found = result.as_object()
        assert found["by_message"]["11"]["refused"] == found["messages"]
        assert found["refused"] > 0


@pytest.mark.parametrize("code", ["99", "23", "11", "09"])
@pytest.mark.parametrize("form", list(LoginForm))
def test_prepared_requests_are_valid_messages(code: str, form: LoginForm) -> None:
    terminal = Terminal("riverside", "kiosk", Secret(PASSWORD), login_form=form)
    script = Script.of(Setup(Address(), terminal, terminator=b"\r\n"), "M-1", "10001")
    line = script.line(code, b"20260301    101500", 7)
    layout = lay_out(line.removesuffix(b"\r\n"))
    assert (layout.code, layout.sequence, layout.checksum_ok) == (code, "7", True)
    declared = [m.field for m in layout.message.members.values() if hasattr(m.field, "width")]
    assert [len(value) for _, value in layout.fixed] == [field.width for field in declared]
    required = {
        m.field.code for m in layout.message.members.values() if m.required and hasattr(m.field, "code")
    }
    assert {field for field, _ in layout.fields} == required
    if code != "99":
        assert dict(layout.fields)["AC"] == (f"kiosk:{PASSWORD}" if form is LoginForm.NONE else "")
    assert PASSWORD not in repr(script)


def test_percentiles_are_taken_by_the_nearest_rank() -> None:
    result = LoadResult(1)
    for milliseconds in range(100, 0, -1):
        result.answered("99", milliseconds / 1000, accepted=milliseconds % 10 != 0)
    result.seconds = 2.0
    found = result.as_object()
    assert found["latency_ms"] == {"p50": 51.0, "p90": 90.0, "p99": 99.0, "max": 100.0}
    assert found["messages_per_second"] == 50.0
    assert found["by_message"]["99"]["refused"] == 10


def test_names_and_mix_are_read_from_their_options() -> None:
    names: Any = read_names
    mix: Any = read_mix
    assert names(None, None, "a,M-{8..10}x,{01..03}") == ["a", "M-8x", "M-9x", "M-10x", "01", "02", "03"]
    assert mix(None, None, "99:1, 11:20") == {"99": 1, "11": 20}


@pytest.mark.parametrize("mix", ["63:1", "99", "99:0", ""])
def test_a_wrong_mix_is_rejected(mix: str) -> None:
    result = CliRunner().invoke(main, ["load", "--mix", mix])
    assert result.exit_code == 2
    assert "--mix" in result.stderr


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in another process, because it needs its own reactor."""
    program = "from sip2gw.tools.cli import main; main(prog_name='sip2gw')"
    return subprocess.run(
        [sys.executable, "-c", program, "load", "--seconds", "0.2", "--timeout", "3", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parent.parent.parent,
        env={"SIP2GW_PASSWORD": PASSWORD},
    )


def test_a_load_over_tls_with_a_trusted_or_pinned_certificate_runs(
    tls_responder: Responder, certificate: Certificate
) -> None:
    where = ["--port", str(tls_responder.port), "--library", "riverside", "--account", "kiosk"]
    result = command(
        *where, "--ca-file", str(certificate.path), "--terminals", "4", "--items", "{1..4}", "--json"
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["terminals"] == 4
    assert found["messages"] > 0
    assert found["errors"] == {}
    assert result.stderr == "4 terminals are logged in\n"
    pinned = command(*where, "--fingerprint", certificate.fingerprint)
    assert pinned.returncode == 0, pinned.stderr
    assert re.search(r"messages a second\n.*23 patron_status_request", pinned.stdout, re.DOTALL)
    assert PASSWORD not in pinned.stdout + pinned.stderr


def test_a_load_with_a_client_certificate_logs_in(certificate: Certificate) -> None:
    own = ["--client-cert", str(certificate.path), "--client-key", str(certificate.key)]
    with Responder(tls=certificate.asking()) as responder:
        where = ["--port", str(responder.port), "--library", "riverside", "--account", "kiosk"]
        for trusted in ("--ca-file", str(certificate.path)), ("--fingerprint", certificate.fingerprint):
            result = command(*where, *trusted, *own, "--terminals", "2", "--items", "{1..2}")
            assert result.returncode == 0, result.stderr
            assert result.stderr == "2 terminals are logged in\n"


def test_a_load_against_an_untrusted_certificate_sends_nothing(tls_responder: Responder) -> None:
    result = command("--port", str(tls_responder.port), "--library", "riverside", "--account", "kiosk")
    assert result.returncode == 2
    assert "is not trusted" in result.stderr
    assert "Traceback" not in result.stderr
    assert tls_responder.received == []
