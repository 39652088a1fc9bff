"""The settings of terminals: which profile each has, which knobs differ, and where each value is configured.

A terminal is known by the account of its login and by its location (CP). Settings of the location count more than those
of the account, those more than the library's, and those more than the defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import Factory, evolve, fields, frozen

from sip2gw.circulation.profile import KIOSK, Profile
from sip2gw.circulation.profiles import BUILT_IN, DEFAULT, Named

if TYPE_CHECKING:
    from sip2gw.circulation.sorting import BinRule

KNOBS = tuple(field.name for field in fields(Profile) if field.name != "name")
"""The names of all knobs."""


@frozen
class Effective:
    """The profile that a terminal has, and for each knob (and `name`) where its value is configured."""

    profile: Profile
    origins: Mapping[str, str]


@frozen
class TerminalSettings:
    """Settings of the terminals with this account, at this location (CP), or both. An empty one means any."""

    account: str = ""
    location: str = ""
    profile: str = ""
    knobs: Mapping[str, Any] = Factory(dict)
    origin: str = ""

    def concerns(self, account: str, location: str) -> bool:
        """Return whether the settings are for a terminal with this account and location."""
        return _same(self.account, account) and _same(self.location, location)

    @property
    def weight(self) -> int:
        """How much these settings count, if others are for the same terminal."""
        return 2 * bool(self.location) + bool(self.account)


@frozen
class LibrarySettings:
    """Settings of one library. `profile` is for terminals without settings of their own."""

    nickname: str
    profile: str = ""
    terminals: tuple[TerminalSettings, ...] = ()
    bins: tuple[BinRule, ...] = ()
    texts: Mapping[str, str] = Factory(dict)
    language: str = ""
    origin: str = ""


@frozen
class Settings:
    """All profiles by name, and all libraries by nickname. A library that is not here has the defaults."""

    profiles: Mapping[str, Named] = BUILT_IN
    libraries: Mapping[str, LibrarySettings] = Factory(dict)

    def of(self, nickname: str) -> LibrarySettings:
        """Return the settings of a library."""
        return self.libraries.get(nickname.strip().lower()) or LibrarySettings(nickname)

    def effective(self, nickname: str, account: str, location: str) -> Effective:
        """Return the profile of the terminal that logs in with `account` and has `location` as its CP."""
        library = self.of(nickname)
        found = [terminal for terminal in library.terminals if terminal.concerns(account, location)]
        found.sort(key=lambda terminal: terminal.weight)
        name, named_by = DEFAULT, "default"
        for wish, origin in (
            (library.profile, library.origin),
            *((one.profile, one.origin) for one in found),
        ):
            if wish:
                name, named_by = wish, origin
        layers = [(one.knobs, one.origin) for one in reversed(list(self._lineage(name)))]
        layers += [(one.knobs, one.origin) for one in found]
        profile, origins = evolve(KIOSK, name=name), dict.fromkeys(KNOBS, "default") | {"name": named_by}
        for knobs, origin in layers:
            profile = changed(profile, knobs)
            origins |= dict.fromkeys(knobs, origin)
        return Effective(profile, origins)

    def _lineage(self, name: str) -> Iterator[Named]:
        """Yield the profile of this name, then the one that it is like, and so on."""
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            yield (named := self.profiles[name])
            name = named.like


def changed(profile: Profile, knobs: Mapping[str, Any]) -> Profile:
    """Return the profile with these knobs. `hide` and `show` add to those of the profile, and the later one counts."""
    hidden, shown = frozenset(knobs.get("hide", ())), frozenset(knobs.get("show", ()))
    new = dict(knobs)
    new["hide"] = _without(profile.hide, shown) | hidden
    new["show"] = _without(profile.show, hidden) | shown
    new["rename"] = {**profile.rename, **knobs.get("rename", {})}
    return evolve(profile, **new)


def _without(entries: frozenset[str], revoked: frozenset[str]) -> frozenset[str]:
    """Return the entries without those that are revoked. To revoke `AA` revokes `10.AA` too."""
    return frozenset(entry for entry in entries if not {entry, entry.rpartition(".")[2]} & revoked)


def _same(configured: str, actual: str) -> bool:
    """Return whether a configured text is empty or the same as the actual one."""
    return not configured or configured.strip().casefold() == actual.strip().casefold()
