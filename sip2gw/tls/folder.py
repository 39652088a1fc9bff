"""Find the pairs of certificate and key at a path, and choose one by the requested server name, or the default.

A folder of several has for each a subfolder with `fullchain.pem` and `privkey.pem`, or a PEM file with both; the pair
is called by the name of that. Other files there are ignored.

os.path is used instead of Path.is_dir() and exists(), because those raise where the gateway's user has no access.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sip2gw.faults import Wrong, unreadable
from sip2gw.tls.certificates import CHAIN, FORM, KEY, Pair

DEFAULT = "default"
"""The pair for terminals that name no server, or an unknown one."""

SUFFIX = ".pem"


def places(path: Path) -> dict[str, Path]:
    """Return the paths of the pairs at `path` by name. Raises `Wrong` for a folder without a pair."""
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
    """Return the name of the pair for terminals that name no server: `chosen`, else `default`, else the only one.

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
    """Return the pair's name by server name; of several for one server, the one that is valid longest."""
    lasting = sorted(pairs, key=lambda called: pairs[called].expires)
    return {name: called for called in lasting for name in pairs[called].names}


def choose(table: Mapping[str, str], server_name: str) -> str | None:
    """Return the name of the pair for a server, or None. A star matches the first label only."""
    name = server_name.lower().removesuffix(".")
    return table.get(name) or table.get(f"*.{name.partition('.')[2]}")


def _is_pair(folder: Path) -> bool:
    """Return whether it is the folder of one pair, or of half a pair; also if its links lead to a closed folder."""
    return os.path.lexists(folder / CHAIN) or os.path.lexists(folder / KEY)


def _entries(path: Path) -> list[Path]:
    try:
        found = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise unreadable(path, error, "name a folder with certificates") from None
    return [
        entry for entry in found if (_is_pair(entry) if os.path.isdir(entry) else entry.name.endswith(SUFFIX))
    ]
