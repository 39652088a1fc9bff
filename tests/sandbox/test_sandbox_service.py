"""`twistd librarika-sandbox`: it serves, and a fault of its options is one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from sip2gw.sandbox.service import Options, makeService

# As twistd would, of whichever sip2gw these tests import.
_TWISTD = """
import sys
from twisted.application.app import run
from twisted.scripts.twistd import ServerOptions, runApp
sys.argv = ["twistd", "-n", "--pidfile=", "librarika-sandbox", *sys.argv[1:]]
run(runApp, ServerOptions)
"""


def twistd(*arguments: str) -> subprocess.Popen[str]:
    """Start `twistd librarika-sandbox` with these options."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-c", _TWISTD, *arguments]
    return subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_the_service_answers_until_it_is_stopped(tmp_path: Path) -> None:
    process = twistd("--port", "tcp:0:interface=127.0.0.1", "--database", str(tmp_path / "sandbox.sqlite"))
    assert process.stdout is not None
    with process:
        line = next(line for line in process.stdout if "starting on" in line)
        port = int(line.rpartition(" ")[2])
        assert requests.get(f"http://127.0.0.1:{port}/hillcrest/api/v1/health", timeout=10).json() == {
            "status": "ok"
        }
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        # Twisted ends by the signal itself, so that the parent can see it.
        assert process.wait(20) in (0, -signal.SIGTERM)
    assert "Traceback" not in rest
    assert "hillcrest" not in rest


def test_a_data_file_with_faults_is_reported_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_text('{"libraries": [{"nickname": "A B", "currency": "x"}]}')
    process = twistd("--data", str(file))
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert [line.partition(": ")[2].partition(": ")[2][:22] for line in errors.splitlines()[:1]] == [
        "libraries[0].nickname:"
    ]
    assert "libraries[0].currency" in errors
    assert "Traceback" not in errors


class OptionTests(TestCase):
    """What can be wrong before anything runs."""

    def told(self, *arguments: str) -> None:
        options = Options()
        options.parseOptions(list(arguments))
        with pytest.raises(SystemExit) as caught:
            makeService(options).privilegedStartService()
        assert caught.value.code == 1

    def test_an_impossible_option_ends_with_status_1(self) -> None:
        self.told("--data", "/nowhere/data.json")
        self.told("--database", "/nowhere/data.sqlite")
        self.told("--port", "nonsense")
        self.told("--port", "tcp:many")

    async def test_a_port_in_use_ends_with_status_1(self) -> None:
        from twisted.internet.protocol import Factory

        taken = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
        self.told("--port", f"tcp:{taken.getHost().port}:interface=127.0.0.1")
        await taken.stopListening()
