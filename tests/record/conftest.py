from __future__ import annotations

import pytest

from .room import Room


@pytest.fixture
def room():
    room = Room()
    yield room
    room.sandbox.close()
