"""One demo for all tests; each that changes something resets the sandbox first."""

import itertools

import pytest

from .processes import Demo
from .terminal import Spelling

SPELLINGS = [
    Spelling(*choice) for choice in itertools.product((True, False), (b"\r", b"\n", b"\r\n"), (False, True))
]


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    demo = Demo.start(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.process.stop()
    shouted = [line for line in demo.process.printed if "Traceback" in line or "Unhandled" in line]
    assert not shouted, "".join(demo.process.printed[-60:])


@pytest.fixture(params=SPELLINGS, ids=str)
def kiosk(demo, request):
    """A terminal over TLS that is logged in, at a library as its data file has it."""
    demo.reset()
    terminal = demo.terminal(request.param)
    assert terminal.log_in().ok
    yield terminal
    terminal.close()


@pytest.fixture
def plain_kiosk(demo):
    demo.reset()
    terminal = demo.terminal(tls=False)
    assert terminal.log_in().ok
    yield terminal
    terminal.close()


@pytest.fixture
def staff(demo):
    """A terminal of the library where everything is allowed, over TLS."""
    demo.reset()
    terminal = demo.terminal()
    assert terminal.log_in("kiosk@openall.example:open-secret", "openall").ok
    yield terminal
    terminal.close()
