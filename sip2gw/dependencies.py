"""Check at the start that each needed package is installed, in a supported version.

Until then no package is imported, because any may be missing.
"""

from __future__ import annotations

import shlex
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import Specifier

_WORDS = {
    ">=": "{} or newer",
    ">": "newer than {}",
    "<=": "{} or older",
    "<": "older than {}",
    "!=": "not {}",
}


def require_all() -> None:
    """End the process with one line on standard error if a package is missing, too old or too new.

    The requirements are read from the metadata of the installed wheel. Without a wheel, as in a working tree, nothing
    is checked. Raises SystemExit.
    """
    try:
        faults = unmet("sip2gw")
    except ModuleNotFoundError as missing:
        faults = {str(missing.name).partition(".")[0]: f"{missing.name}; it is not installed"}
    if faults:
        command = shlex.join([sys.executable, "-m", "pip", "install", *faults])
        sys.exit(f"sip2gw needs {', and '.join(faults.values())}: {command}")


def unmet(package: str) -> dict[str, str]:
    """Return the unmet requirements of `package` and of the packages it needs: the problem in words, by name.

    An uninstalled `package` has no requirements. Raises ModuleNotFoundError without `packaging`.
    """
    faults: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    pending = {(package, "")}
    while pending:
        seen.add(one := pending.pop())
        for needed in _needs(*one):
            if wrong := _wrong(needed):
                faults[f"{needed.name}{needed.specifier}"] = wrong
            pending |= {(needed.name, extra) for extra in ("", *needed.extras)} - seen
    return faults


def _needs(package: str, extra: str) -> list[Requirement]:
    """Return the packages that a package needs on this machine, with this extra."""
    from packaging.requirements import InvalidRequirement, Requirement

    found = []
    _, texts = _installed(package) or ("", [])
    for text in texts:
        try:
            needed = Requirement(text)
        except InvalidRequirement:
            continue  # A mistake in another package's metadata does not stop the gateway.
        if needed.marker is None or needed.marker.evaluate({"extra": extra}):
            found.append(needed)
    return found


def _wrong(needed: Requirement) -> str:
    """Return what is wrong with the installed version of a requirement, in words; empty if it fits."""
    installed = _installed(needed.name)
    if installed is None:
        return f"{_words(needed.name, list(needed.specifier))}; it is not installed"
    version, _ = installed
    bad = [one for one in needed.specifier if not one.contains(version, prereleases=True)]
    return f"{_words(needed.name, bad)}; {version} is installed" if bad else ""


def _words(name: str, specifiers: list[Specifier]) -> str:
    """Return a requirement in words: "cryptography 47 or newer and older than 51"."""
    bounds = [_WORDS.get(one.operator, "{}").format(one.version) for one in specifiers]
    return f"{name} {' and '.join(sorted(bounds))}".strip()


@cache
def _installed(package: str) -> tuple[str, list[str]] | None:
    """Return the version of a package and its requirements; None if it is not installed."""
    try:
        metadata = distribution(package).metadata
    except PackageNotFoundError:
        return None
    # The rest of a package that was removed by hand has no version.
    version: str | None = metadata["Version"]
    return (version, metadata.get_all("Requires-Dist") or []) if version else None
