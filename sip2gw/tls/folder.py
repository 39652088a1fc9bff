"""One setting names one pair or a folder of several; a terminal gets the one for the name it asks for, or the default.

In a folder of several each is a subfolder with `fullchain.pem` and `privkey.pem`, or a PEM file with both, and is
called as that is. Whatever else lies there is left alone.

Not by way of Path.is_dir() and exists(): where the gateway's user may not look, those raise, and os.path says no.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sip2gw.faults import Wrong
from sip2gw.tls.certificates import CHAIN, FORM, KEY, Pair

DEFAULT = "default"
"""The pair for terminals that name no server, or one that no certificate is for."""

SUFFIX = ".pem"


def places(path: Path) -> dict[str, Path]:
    """Where the pairs at `path` are, by what they are called. Raises `Wrong` if it is a folder without any."""
    if not os.path.isdir(path) or _is_pair(path):
        return {path.name.removesuffix(SUFFIX): path}
    found = {}
    for entry in _entries(path):
        name = entry.name.removesuffix(SUFFIX)
        if name in found:
            raise Wrong(f"is {path}, with two pairs that are both called {name}", "rename one of them")
        found[name] = entry
    if not found:
        raise Wrong(
            f"is {path}, a folder without a certificate", f"{FORM}, or a folder with several of these"
        )
    return found


def default_of(pairs: Mapping[str, object], chosen: str | None) -> str:
    """Which of these pairs is for whoever names none: the one chosen, or else `default`, or the only one.

    Raises `Wrong`.
    """
    known = ", ".join(sorted(pairs))
    if chosen is not None:
        if chosen not in pairs:
            raise Wrong(f"is {chosen!r}, but the certificates are called {known}", "name one of them")
        return chosen
    if DEFAULT in pairs:
        return DEFAULT
    if len(pairs) > 1:
        raise Wrong(
            "is missing, so that a terminal that names no server would get none of the certificates",
            f"name one of them: {known}",
        )
    return next(iter(pairs))


def by_server_name(pairs: Mapping[str, Pair]) -> dict[str, str]:
    """What the pair for each name is called; where several are for one, it is the one that lasts longest."""
    lasting = sorted(pairs, key=lambda called: pairs[called].expires)
    return {name: called for called in lasting for name in pairs[called].names}


def choose(table: Mapping[str, str], server_name: str) -> str | None:
    """What the pair for a server of this name is called; None if none is. A star is for the first part alone."""
    name = server_name.lower().removesuffix(".")
    return table.get(name) or table.get(f"*.{name.partition('.')[2]}")


def _is_pair(folder: Path) -> bool:
    """Whether it is the folder of one pair, if only of a half; also if what its links lead to may not be seen."""
    return os.path.lexists(folder / CHAIN) or os.path.lexists(folder / KEY)


def _entries(path: Path) -> list[Path]:
    try:
        found = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise Wrong(
            f"is {path}, which can't be read: {error.strerror}", "let the gateway's user read it"
        ) from None
    return [
        entry for entry in found if (_is_pair(entry) if os.path.isdir(entry) else entry.name.endswith(SUFFIX))
    ]
