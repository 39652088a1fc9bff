"""A fault says where it is, what is wrong, and what to write instead; the file's other faults are told with it.

`Wrong` is raised by whatever reads one value and knows no place; whoever reads the file makes a `Fault` of it.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from attrs import frozen


class Wrong(ValueError):
    """A value that can't be used: what is wrong with it, as the rest of a sentence, and what to do instead."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}; {fix}")
        self.problem = problem
        self.fix = fix


@frozen
class Fault:
    """One fault. `place` is written as in `listen[1].endpoint`, counted from 0; it is empty for the whole file."""

    place: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return ": ".join(filter(None, [self.place, f"{self.problem}; {self.fix}"]))


class ConfigFaults(Exception):
    """Everything that is wrong with a configuration file. Its text has a line for each fault."""

    def __init__(self, path: str, faults: Collection[Fault]) -> None:
        super().__init__("\n".join(f"{path}: {fault}" for fault in faults))
        self.faults = tuple(faults)


def unknown_key(place: str, key: str, known: Collection[str]) -> Fault:
    """The fault of a key that means nothing here, with the likeliest of those that do."""
    close = get_close_matches(key.lower(), known, n=1)
    fix = f"did you mean {close[0]}?" if close else f"known here: {', '.join(sorted(known))}"
    return Fault(f"{place}.{key}".lstrip("."), "is no known key", fix)
