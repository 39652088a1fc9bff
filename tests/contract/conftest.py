"""Every test of the port's suite runs in the scene of every library system."""

from collections.abc import Iterator

import pytest
from scenes import SCENES, Scene


@pytest.fixture(params=SCENES, ids=lambda factory: factory.__name__)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A library system with the scene's library in it, opened."""
    opened: Scene = request.param()
    yield opened
    opened.close()
