"""A daemon in another folder, with a configuration and a log that were named from here."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sip2gw
from sip2gw.demo.selfsigned import kept_pair

CONFIG = """
[[listen]]
endpoint = "tcp:0:interface=127.0.0.1"
certificates = "certificates"

[librarika]
url = "https://{library}.example/api/v1"
"""
PATIENCE = 60.0


@pytest.fixture
def daemon(tmp_path):
    """Its folder, and the id of its process; the log was there before, and readable for all."""
    kept_pair(tmp_path / "certificates")
    (tmp_path / "rel.toml").write_text(CONFIG)
    (tmp_path / "rel.log").touch(0o644)
    (tmp_path / "rel.log").chmod(0o644)
    program = Path(os.environ.get("SIP2GW_BIN") or Path(sys.executable).parent) / "twistd"
    subprocess.run(
        [
            program,
            "--rundir=/",
            "--logfile=rel.log",
            f"--pidfile={tmp_path}/pid",
            "sip2gw",
            "--config=rel.toml",
        ],
        cwd=tmp_path,
        check=True,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(Path(sip2gw.__file__).parents[1])},
    )
    process = int((tmp_path / "pid").read_text())
    yield tmp_path, process
    os.kill(process, signal.SIGTERM)
    until(lambda: not (tmp_path / "pid").exists())


def until(holds) -> None:
    ends = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_R13_a_daemon_in_another_folder_reloads_a_relative_path(daemon):
    folder, process = daemon
    log = folder / "rel.log"
    until(lambda: "listening on" in log.read_text())
    os.kill(process, signal.SIGHUP)
    until(lambda: "reloaded" in log.read_text())
    assert "not reloaded" not in log.read_text()


def test_R13_a_daemons_log_is_not_readable_for_everybody(daemon):
    folder, process = daemon
    until(lambda: "listening on" in (folder / "rel.log").read_text())
    assert stat.S_IMODE((folder / "rel.log").stat().st_mode) == 0o640
    assert (
        int(Path(f"/proc/{process}/status").read_text().partition("Umask:")[2].split()[0], 8) & 0o027 == 0o027
    )
