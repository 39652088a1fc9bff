"""With few file descriptors it is terminals that find no place; health, and those who are in, go on."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from .processes import Gateway

FILES = 64
PLACES = 32
NOWHERE = 1
"""The port of the libraries' API, which nobody asks for anything."""
ASK = b"9900802.00\r"


@pytest.fixture
def gateway(tmp_path):
    gateway = Gateway.start(tmp_path, NOWHERE, "[limits]\nstrangers_per_address = 1000\n", files=FILES)
    yield gateway
    gateway.process.kill()


def connect(stack: ExitStack, port: int) -> socket.socket:
    return stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))


def is_served(connection: socket.socket) -> bool:
    try:
        connection.sendall(ASK)
        return connection.recv(100).startswith(b"98")
    except OSError:
        return False


def is_alive(admin: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{admin}/health/live", timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


def eventually(holds, *arguments) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if holds(*arguments):
            return True
        time.sleep(0.01)
    return False


def cpu(pid: int) -> int:
    """Ticks of processor time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_F21_when_file_descriptors_run_out_it_goes_on_and_recovers(gateway):
    process, (sip2, _, admin) = gateway.process, gateway.ports
    assert any(f"only {PLACES} connections fit" in line for line in process.printed)
    with ExitStack() as terminals:
        served = [is_served(connect(terminals, sip2)) for _ in range(FILES + 10)]
        assert served == [True] * (FILES + 10), "those that have been silent longest make room"
        assert is_alive(admin)
        with ExitStack() as others:  # as many as files may be open
            opened = [connect(others, admin) for _ in range(FILES)]
            assert any(connection.recv(1) == b"" for connection in reversed(opened)), "accepted and closed"
            before = cpu(process.pid)
            time.sleep(0.3)
            assert cpu(process.pid) - before < 15, "of the 30 ticks that there were: it does not spin"
        assert eventually(is_alive, admin)
    with ExitStack() as terminals:
        assert eventually(lambda: is_served(connect(terminals, sip2)))
    process.tell(signal.SIGHUP)
    assert process.waited(1, "reloaded")
    assert len([line for line in process.printed if "connections fit" in line]) == 1, (
        "the same is not said again"
    )
    assert not any("Traceback" in line for line in process.printed)
