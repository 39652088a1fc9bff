"""The `sip2gw` command as a whole: it starts quickly, has completion, and works without optional packages."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sip2gw import __version__
from sip2gw.sip2 import REQUESTS, RESPONSES
from sip2gw.tools import cli

from .responder import PASSWORD, Responder

ROOT = Path(__file__).parent.parent.parent
PROGRAM = "from sip2gw.tools.cli import main; main(prog_name='sip2gw')"


def python(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def test_the_help_lists_the_commands() -> None:
    result = CliRunner().invoke(cli.main, ["--help"])
    assert result.exit_code == 0
    for name in ("decode", "terminal", "load", "completion"):
        assert f"  {name} " in result.stdout


@pytest.mark.parametrize("command", ["decode", "terminal", "load", "completion"])
def test_each_command_has_a_help(command: str) -> None:
    result = CliRunner().invoke(cli.main, [command, "-h"])
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage:")


def test_a_command_starts_without_importing_heavy_packages() -> None:
    program = """
import sys
from sip2gw.tools.cli import main
for command in "decode", "terminal", "load", "top", "terminals", "show", "trace", "invite":
    assert main.get_command(None, command) is not None, command
    print(command, {"twisted.internet", "prompt_toolkit", "OpenSSL", "treq", "sip2gw.config"} & set(sys.modules))
"""
    assert [line for line in python(program).stdout.splitlines() if "set()" not in line] == []


def test_a_command_that_is_not_installed_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli._COMMANDS, "decode", "sip2gw.tools.nowhere:decode")
    runner = CliRunner()
    assert "decode" not in runner.invoke(cli.main, ["--help"]).stdout
    assert runner.invoke(cli.main, ["decode"]).exit_code == 2


def test_the_version_option_prints_the_version() -> None:
    assert __version__ in CliRunner().invoke(cli.main, ["--version"]).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_command_prints_a_script_for_each_shell(shell: str) -> None:
    result = CliRunner().invoke(cli.main, ["completion", shell])
    assert result.exit_code == 0
    assert "_SIP2GW_COMPLETE" in result.stdout


def test_the_shell_completes_a_command_of_the_terminal() -> None:
    words = {"_SIP2GW_COMPLETE": "bash_complete", "COMP_WORDS": "sip2gw terminal che", "COMP_CWORD": "2"}
    assert python(PROGRAM, **words).stdout.split() == ["plain,checkout", "plain,checkin"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("terminal end", ["end-session"]),
        ("terminal hold --c", ["--cancel", "--change"]),
        ("terminal patron-info M-1 --list ch", ["charged"]),
        ("terminal checkout M-1 1 --no", ["--no-renew", "--no-block"]),
    ],
)
def test_the_shell_completes_requests_and_their_options(typed: str, offered: list[str]) -> None:
    place = str(len(typed.split()))
    words = {"_SIP2GW_COMPLETE": "bash_complete", "COMP_WORDS": f"sip2gw {typed}", "COMP_CWORD": place}
    assert python(PROGRAM, **words).stdout.split() == [f"plain,{word}" for word in offered]


def test_each_message_has_its_name_from_the_protocol() -> None:
    names = {kind.code: kind.name for kind in (*REQUESTS.values(), *RESPONSES.values())}
    assert (names["99"], names["98"], names["97"], names["96"]) == (
        "sc_status",
        "acs_status",
        "request_acs_resend",
        "request_sc_resend",
    )


def test_a_real_prompt_survives_a_no_and_writes_no_file(responder: Responder, tmp_path: Path) -> None:
    """The prompt has completion and history, but nothing on disk, and a no does not end it."""
    ours, theirs = pty.openpty()
    arguments = [
        "terminal",
        "--plain",
        "--port",
        str(responder.port),
        "--library",
        "riverside",
        "--account",
        "kiosk",
    ]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "SIP2GW_PASSWORD": PASSWORD,
            "TERM": "dumb",
            "HOME": str(tmp_path),
        },
    ) as process:
        os.close(theirs)
        os.write(ours, b"status\rpatron X-1 --pin 1234\rquit\r")
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
        assert process.wait(20) == 0
    os.close(ours)
    assert [line[:2] for line in responder.received] == [b"93", b"99", b"23"]
    assert b"acs_status" in shown
    assert PASSWORD.encode() not in shown
    assert list(tmp_path.iterdir()) == []
