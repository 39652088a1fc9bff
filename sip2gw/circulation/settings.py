"""What the operator has settled for each terminal: layer upon layer, and each value remembers where it comes from.

A terminal is named by the account it logs in with and by where it says it stands (CP). What is said of the place
counts more than what is said of the account, that more than what is said of the library, and that more than the
defaults.
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
    """The profile that a terminal has in the end, and by knob (and `name`) where the value was said."""

    profile: Profile
    origins: Mapping[str, str]


@frozen
class TerminalSettings:
    """What is said of the terminals with this account, at this location (CP), or both. An empty one means any."""

    account: str = ""
    location: str = ""
    profile: str = ""
    knobs: Mapping[str, Any] = Factory(dict)
    origin: str = ""

    def concerns(self, account: str, location: str) -> bool:
        """Whether a terminal is one of these."""
        return _same(self.account, account) and _same(self.location, location)

    @property
    def weight(self) -> int:
        """How much it counts against another that concerns the same terminal."""
        return 2 * bool(self.location) + bool(self.account)


@frozen
class LibrarySettings:
    """What is said of one library. `profile` is for the terminals that nothing else is said of."""

    nickname: str
    profile: str = ""
    terminals: tuple[TerminalSettings, ...] = ()
    bins: tuple[BinRule, ...] = ()
    texts: Mapping[str, str] = Factory(dict)
    language: str = ""
    origin: str = ""


@frozen
class Settings:
    """All profiles by name, and all libraries by nickname; a library without settings has the defaults."""

    profiles: Mapping[str, Named] = BUILT_IN
    libraries: Mapping[str, LibrarySettings] = Factory(dict)

    def of(self, nickname: str) -> LibrarySettings:
        """What is said of a library."""
        return self.libraries.get(nickname.strip().lower()) or LibrarySettings(nickname)

    def effective(self, nickname: str, account: str, location: str) -> Effective:
        """The profile of the terminal that logs in with `account` and says that it stands at `location`."""
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
        """The named profile and those that it is like, ever more general."""
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            yield (named := self.profiles[name])
            name = named.like


def changed(profile: Profile, knobs: Mapping[str, Any]) -> Profile:
    """The profile with these knobs laid over it. `hide` and `show` add to what is there; the later word counts."""
    hidden, shown = frozenset(knobs.get("hide", ())), frozenset(knobs.get("show", ()))
    new = dict(knobs)
    new["hide"] = _without(profile.hide, shown) | hidden
    new["show"] = _without(profile.show, hidden) | shown
    new["rename"] = {**profile.rename, **knobs.get("rename", {})}
    return evolve(profile, **new)


def _without(entries: frozenset[str], revoked: frozenset[str]) -> frozenset[str]:
    """The entries but for those that are revoked; to revoke `AA` revokes `10.AA` too."""
    return frozenset(entry for entry in entries if not {entry, entry.rpartition(".")[2]} & revoked)


def _same(said: str, actual: str) -> bool:
    return not said or said.strip().casefold() == actual.strip().casefold()
