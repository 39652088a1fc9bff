"""`[profiles.NAME]`: the operator's own profiles, each based on another one."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from attrs import field, frozen

from sip2gw.circulation.profile import Profile
from sip2gw.circulation.profiles import BUILT_IN, DEFAULT, Named
from sip2gw.circulation.settings import LibrarySettings, Settings, changed
from sip2gw.config.contradictory_knobs import contradictions
from sip2gw.config.knobs import given, table
from sip2gw.config.scalars import is_one_line, label, say
from sip2gw.config.tables import Tables
from sip2gw.config.words import plain_text
from sip2gw.faults import Fault

_ProfileTable = table("ProfileTable", {"like": lambda value: label(value, '"sorter-cl"'), "why": plain_text})


@frozen
class Profiles:
    """All profiles by name."""

    named: Mapping[str, Named]
    _made: dict[str, Profile] = field(factory=dict)

    def of(self, name: str) -> Profile:
        """Return the profile of this name; the default if there is none, which is reported elsewhere."""
        if name not in self._made:
            library = LibrarySettings("", name if name in self.named else DEFAULT)
            self._made[name] = Settings(self.named, {"": library}).effective("", "", "").profile
        return self._made[name]

    def changed(self, name: str, knobs: Mapping[str, Any]) -> Profile:
        """Return the profile of this name with these knobs changed."""
        return changed(self.of(name), knobs) if knobs else self.of(name)

    def check_name(self, name: str | None, place: str, tables: Tables) -> None:
        """Check that a profile of this name exists, if a name is given."""
        if name is not None and name not in self.named:
            tables.add(unknown_profile(place, name, self.named))


def read_profiles(raw: Any, tables: Tables) -> Profiles:
    """Return all profiles, with those built in; their faults are added to those of `tables`."""
    if not isinstance(raw, dict):
        tables.fault("profiles", f"is {say(raw)}", "write [profiles.NAME] and a line for each knob")
        return Profiles(BUILT_IN)
    known = dict(BUILT_IN)
    for name, one in raw.items():
        place = f"profiles.{name}"
        read = tables.read(one, _ProfileTable, place)
        if name in BUILT_IN:
            tables.fault(place, "is built in", f'give it another name, and like = "{name}"')
        elif not name.strip() or name != name.strip() or not is_one_line(name):
            known[name] = Named(name)
            tables.fault(
                place, f"is called {say(name)}, which is not a valid name", "call it hall-sorter, for example"
            )
        elif read is not None:
            known[name] = Named(name, given(read), read.like or DEFAULT, read.why or "", place)
        else:
            known[name] = Named(name)
    for name in sorted(raw.keys() - BUILT_IN.keys()):
        _check_lineage(name, known, tables)
    profiles = Profiles(known)
    for name in sorted(raw.keys() - BUILT_IN.keys()):
        check_knobs(known[name].knobs, profiles.of(name), f"profiles.{name}", tables)
    return profiles


def _check_lineage(name: str, known: dict[str, Named], tables: Tables) -> None:
    like = known[name].like
    if like not in known:
        tables.add(unknown_profile(f"profiles.{name}.like", like, known))
        known[name] = Named(name)
        return
    seen = {name}
    while like:
        if like in seen:
            tables.fault(f"profiles.{name}.like", f"leads back to {like}", "end it at a built-in profile")
            return
        seen.add(like)
        like = known[like].like if like in known else ""


def unknown_profile(place: str, name: str, known: Mapping[str, Named]) -> Fault:
    """Return the fault of an unknown profile name."""
    close = get_close_matches(name.lower(), known, n=1)
    fix = f'did you mean "{close[0]}"?' if close else f"there are {', '.join(sorted(known))}"
    return Fault(place, f"names no profile: {say(name)}", fix)


def check_knobs(knobs: Mapping[str, Any], profile: Profile, place: str, tables: Tables) -> None:
    """Add a fault for each knob of a table that has no effect. `profile` is the result of all knobs."""
    for wrong in contradictions(knobs, profile):
        if tables.is_sound(f"{place}.{wrong.knob}"):
            tables.fault(f"{place}.{wrong.knob}", wrong.problem, wrong.fix)
