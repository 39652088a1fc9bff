"""One demo for the clients of each module; each test begins with the libraries of the data file."""

import pytest
from e2e.processes import Demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    demo = Demo.start(tmp_path_factory.mktemp("interop"))
    yield demo
    demo.process.stop()


@pytest.fixture
def fresh(demo):
    demo.reset()
    return demo
