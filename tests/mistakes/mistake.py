"""One mistake, and what somebody who looks on must be able to read."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import frozen

from . import connecting, library, logging_in, requesting
from .place import Place

FILE = Path(__file__).with_name("mistakes.toml")
PLAYS = {
    name: play
    for module in (connecting, library, logging_in, requesting)
    for name, play in vars(module).items()
}


@frozen
class Mistake:
    """`number` is the mistake's in the table; for `seen`, `fix` and `page` see `mistakes.toml`.

    If the terminal is served all the same, they are empty, and `play` fails where that is not so.
    """

    number: str
    what: str
    play: Callable[[Place], None]
    seen: str = ""
    fix: str = ""
    page: str = ""
    library: str = "riverside"
    """Where the terminal is."""

    def __str__(self) -> str:
        return f"{self.number} {self.what}"


def all_mistakes() -> list[Mistake]:
    """Those of the file, in its order."""
    return [_read(entry) for entry in tomllib.loads(FILE.read_text())["mistake"]]


def _read(entry: Mapping[str, Any]) -> Mistake:
    play = PLAYS[entry["play"]] if "play" in entry else _login(entry)
    words = {key: entry.get(key, "") for key in ("number", "what", "seen", "fix", "page")}
    return Mistake(play=play, library=entry.get("library", "riverside"), **words)


def _login(entry: Mapping[str, Any]) -> Callable[[Place], None]:
    if "refused" in entry:
        return partial(logging_in.refused, **entry["refused"])
    return partial(logging_in.accepted, **entry["accepted"])
