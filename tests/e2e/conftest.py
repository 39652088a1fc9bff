"""One demo for all tests; each that changes something resets the sandbox first."""

import pytest

from .processes import Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    demo = Demo.start(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.process.stop()
    shouted = [line for line in demo.process.printed if "Traceback" in line or "Unhandled" in line]
    assert not shouted, "".join(demo.process.printed[-60:])
