"""The time of day is put right while a terminal waits, and its answer comes when it should all the same."""

import socket

import pytest

from .processes import Gateway
from .terminal import login

STEPS = """
import os, time
_real, _here = time.time, os.path.dirname(__file__)
def stepped():
    steps = _here + "/steps"
    return _real() + (float(open(steps).read()) if os.path.exists(steps) else 0)
time.time = stepped
"""
"""A clock that is put right by as many seconds as a file says."""


def test_F41_deadlines_do_not_notice_that_the_clock_is_put_right(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(STEPS)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway = Gateway.start(tmp_path, silent.getsockname()[1], "call_deadline = 0.8\n")
        with gateway.terminal() as kiosk:
            silent.settimeout(10)
            kiosk.send(kiosk.spell(login("kiosk", "secret", extensions=(("AO", "riverside"),))))
            with silent.accept()[0] as api:
                assert api.recv(100).startswith(b"POST /riverside/api/v1/auth/tokens ")
                (tmp_path / "steps").write_text("3600")
                kiosk.socket.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    kiosk.receive()
                (tmp_path / "steps").write_text("-3600")
                kiosk.socket.settimeout(10)
                assert kiosk.receive().startswith(b"940")
    gateway.process.kill()
