"""The architecture page: it names each file of the rooms that it takes apart, and no file that is gone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
BLOCK = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROOM = re.compile(r"^([a-z0-9_/]+)/\n((?:  .*\n)+)", re.MULTILINE)
FILE = re.compile(r"\b\w+\.py\b")


def rooms() -> Iterator[tuple[str, str]]:
    """Yield the name and the lines of each room that has a part of the page."""
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for name, lines in ROOM.findall(block):
            if (ROOT / "sip2gw" / name).is_dir():
                yield name, lines


ROOMS = dict(rooms())


def test_the_page_takes_rooms_apart():
    assert {"sip2", "circulation", "session", "gateway", "log", "journal", "librarika/http"} <= ROOMS.keys()


@pytest.mark.parametrize("room", ROOMS)
def test_the_page_names_each_file_of_a_room_and_no_other(room):
    files = {path.name for path in (ROOT / "sip2gw" / room).glob("*.py")}
    assert set(FILE.findall(ROOMS[room])) | {"__init__.py"} == files | {"__init__.py"}
