"""A `twistd` that is forked from a process which has imported the product: it starts in a tenth of the time."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from functools import cache
from io import FileIO
from pathlib import Path
from typing import TextIO

from attrs import define

STARTER = Path(__file__).with_name("starter.py")


@cache
def _starter() -> socket.socket:
    """Where it takes orders, until this process ends."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    bin_ = os.environ.get("SIP2GW_BIN")
    python = str(Path(bin_) / "python") if bin_ else sys.executable
    # -P: not what is beside the file, but what is installed is tested.
    command = [python, "-P", str(STARTER), str(its.fileno())]
    starter = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        pass_fds=[its.fileno()],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    its.close()
    atexit.register(starter.wait)
    atexit.register(ours.close)
    return ours


@define
class Forked:
    """The process, with what is used of `subprocess.Popen`."""

    pid: int
    stdout: TextIO
    _told: FileIO
    returncode: int | None = None

    @classmethod
    def start(cls, arguments: list[str], directory: Path, environment: dict[str, str]) -> Forked:
        printed, prints = os.pipe()
        told, tells = os.pipe()
        order = {"arguments": arguments, "directory": str(directory), "environment": environment}
        socket.send_fds(_starter(), [json.dumps(order).encode()], [prints, tells])
        os.close(prints)
        os.close(tells)
        status = FileIO(told)  # without a buffer, of which poll knows nothing
        pid = status.readline()
        assert pid, "the process that starts others has ended; why is among what pytest prints"
        return cls(int(pid), open(printed), status)

    def poll(self) -> int | None:
        """Its exit status, if it has ended."""
        return self._ended_within(0)

    def wait(self, seconds: float | None = None) -> int:
        """Wait for its end; its exit status. Raises subprocess.TimeoutExpired."""
        status = self._ended_within(seconds)
        if status is None:
            raise subprocess.TimeoutExpired("twistd", seconds or 0)
        return status

    def _ended_within(self, seconds: float | None) -> int | None:
        if self.returncode is None:
            told = select.poll()
            told.register(self._told, select.POLLIN)
            if told.poll(None if seconds is None else seconds * 1000):
                with self._told:
                    self.returncode = int(self._told.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
