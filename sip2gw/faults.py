"""Faults of a configuration: each has a place, a problem and a fix; all of a file are reported together.

`Wrong` is raised by a function that reads one value; the reader of the file adds the place and makes a `Fault`.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

from attrs import frozen


class Wrong(ValueError):
    """A value that can't be used: the problem, as the rest of a sentence, and the fix."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}; {fix}")
        self.problem = problem
        self.fix = fix


def unreadable(path: Path, error: OSError, fix: str) -> Wrong:
    """Return the fault of a file that can't be read; `fix` is for one that does not exist."""
    if isinstance(error, PermissionError):
        # The number tells more here than the name: under systemd the user is often another one than expected.
        fix = f"let the user with the number {os.geteuid()} read it"
    elif not isinstance(error, FileNotFoundError):
        fix = "name a file that can be read"
    return Wrong(f"is {path}, which can't be read: {error.strerror}", fix)


@frozen
class Fault:
    """One fault. `place` is written as in `listen[1].endpoint`, counted from 0; it is empty for the whole file.

    `other` is a second place involved; it replaces `{other}` in the problem.
    """

    place: str
    problem: str
    fix: str
    other: str = ""
    file: str = ""
    line: int = 0
    """0 if unknown."""
    name: str = ""
    """The place in words, with the nickname of the library."""

    def __str__(self) -> str:
        where = "".join(map(_printable, self.name or self.place))
        return ": ".join(filter(None, [where, f"{self.problem}; {self.fix}"]))


class ConfigFaults(Exception):
    """All faults of a configuration. The text has a line for each fault, with file and line."""

    def __init__(self, path: str, faults: Collection[Fault]) -> None:
        super().__init__("\n".join(f"{_where(fault, path)}: {fault}" for fault in faults))
        self.faults = tuple(faults)


def _printable(character: str) -> str:
    """Return a character as TOML escapes it: a key may have a line end, and a fault has one line."""
    return character if character.isprintable() else f"\\u{ord(character):04X}"


def _where(fault: Fault, path: str) -> str:
    file = fault.file or path
    return f"{file}:{fault.line}" if fault.line else file


def unknown_key(place: str, key: str, known: Collection[str]) -> Fault:
    """Return the fault of an unknown key, with the most similar known one."""
    name = key.lower().replace("-", "_")
    close = [
        one
        for one in (name, f"{name}s", f"{name.removesuffix('y')}ies", name.removesuffix("s"))
        if one in known
    ]
    close = close or get_close_matches(name, known, n=1)
    fix = f"did you mean {close[0]}?" if close else f"known here: {', '.join(sorted(known))}"
    return Fault(f"{place}.{key}".lstrip("."), "is an unknown key", fix)
