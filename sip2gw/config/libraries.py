"""`[profiles.NAME]` and `[[libraries]]`: which terminal has which profile, and what else is said of a library."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from attrs import field, frozen

from sip2gw.circulation import speech
from sip2gw.circulation.profiles import BUILT_IN, DEFAULT, Named
from sip2gw.circulation.settings import LibrarySettings, Settings, TerminalSettings
from sip2gw.circulation.sorting import BinRule
from sip2gw.circulation.texts import TEXTS
from sip2gw.config.knobs import Check, given, language, one_of, plain_text, table
from sip2gw.config.values import Tables, flag, say, text
from sip2gw.faults import Fault, Wrong
from sip2gw.library import Medium
from sip2gw.tenants import nickname


class _Text(str): ...


class _Name(str): ...


class _Nickname(str): ...


class _Language(str): ...


class _Range(tuple[str, str]): ...


class _Medium: ...


class _Tables(list[dict[str, Any]]): ...


class _Words(dict[str, str]): ...


@frozen
class _Library:
    nickname: _Nickname
    profile: _Name | None = None
    language: _Language | None = None
    terminals: _Tables | None = None
    bins: _Tables | None = None
    texts: _Words | None = None


@frozen
class _Bin:
    bin: _Name
    branch: _Text | None = None
    location: _Text | None = None
    call_numbers: _Range | None = None
    medium: _Medium | None = None
    hold: bool | None = None
    transit: bool | None = None
    unknown: bool | None = None
    alert: bool | None = None

    def rule(self) -> BinRule:
        """What the table means."""
        names = {name: getattr(self, name) for name in ("bin", *_CONDITIONS)}
        return BinRule(**names)

    def always(self) -> bool:
        """Whether the rule matches whatever comes."""
        return all(getattr(self, name) is None for name in _CONDITIONS)


_LIBRARY = 'begin each library with [[libraries]] and nickname = "...", and what belongs to it below that'
_CONDITIONS = ("branch", "location", "call_numbers", "medium", "hold", "transit", "unknown", "alert")


def _name(value: Any) -> str:
    return text(value, '"sorter-cl"').strip()


def _nickname(value: Any) -> str:
    label = nickname(value) if isinstance(value, str) else None
    if label is None:
        raise Wrong(
            f"is {say(value)}, no nickname", "write the part of the library's address before .librarika.com"
        )
    return label


def _tables(value: Any) -> Any:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Wrong(
            f"is {say(value)}, no list of tables", "write a table for each, in double brackets or in [{...}]"
        )
    return value


def _range(value: Any) -> tuple[str, str]:
    if (
        not isinstance(value, list)
        or len(value) != 2
        or not all(isinstance(end, str) and end for end in value)
    ):
        raise Wrong(f"is {say(value)}", 'write the first and the last call number, such as ["500", "599"]')
    return value[0], value[1]


def _words(value: Any) -> dict[str, str]:
    """Texts by id, or by id and language, however deep TOML has nested `renewed.bn`."""
    if not isinstance(value, dict):
        raise Wrong(f"is {say(value)} and no table", 'write for example renewed = "Again yours."')
    words: dict[str, str] = {}
    for key, said in value.items():
        inner = {f"{key}.{tag}": own for tag, own in said.items()} if isinstance(said, dict) else {key: said}
        for whole, own in inner.items():
            if not isinstance(own, str):
                raise Wrong(f"has {whole} = {say(own)}, no text", "write it in quotes")
            words[whole] = own
    return words


_ProfileTable, _PROFILE_KINDS = table("ProfileTable", {"like": _name, "why": plain_text})
_TerminalTable, _TERMINAL_KINDS = table(
    "TerminalTable", {"account": plain_text, "location": plain_text, "profile": _name}
)
KINDS: Mapping[Any, Check] = {
    _Text: plain_text,
    _Name: _name,
    _Nickname: _nickname,
    _Language: language,
    _Range: _range,
    _Medium: one_of(Medium),
    _Tables: _tables,
    _Words: _words,
    bool: flag,
    **_PROFILE_KINDS,
    **_TERMINAL_KINDS,
}
"""The kinds of values in these tables."""


def read_settings(profiles: Any, libraries: Any, tables: Tables) -> Settings:
    """What the two tables mean; their faults are added to those of `tables`."""
    known = _profiles(profiles, tables)
    return Settings(known, _Libraries(tables, known).read(libraries))


def _profiles(raw: Any, tables: Tables) -> Mapping[str, Named]:
    if not isinstance(raw, dict):
        tables.fault("profiles", f"is {say(raw)}", "write [profiles.NAME] and a line for each knob")
        return BUILT_IN
    known = dict(BUILT_IN)
    for name, one in raw.items():
        place = f"profiles.{name}"
        read = tables.read(one, _ProfileTable, place)
        if name in BUILT_IN:
            tables.fault(place, "is built in", f'give it another name, and like = "{name}"')
        elif read is not None:
            _check_contradictions(read, place, tables)
            known[name] = Named(name, given(read), read.like or DEFAULT, read.why or "", place)
        else:
            known[name] = Named(name)
    for name in raw.keys() - BUILT_IN.keys():
        _check_lineage(name, known, tables)
    return known


def _check_lineage(name: str, known: dict[str, Named], tables: Tables) -> None:
    like = known[name].like
    if like not in known:
        tables.add(unknown_profile(f"profiles.{name}.like", like, known))
        known[name] = Named(name)
        return
    seen = {name}
    while like:
        if like in seen:
            tables.fault(
                f"profiles.{name}.like", f"goes round in a circle to {like}", "end it at a built-in profile"
            )
            return
        seen.add(like)
        like = known[like].like if like in known else ""


def unknown_profile(place: str, name: str, known: Mapping[str, Named]) -> Fault:
    """The fault of a name that no profile has."""
    close = get_close_matches(name.lower(), known, n=1)
    fix = f'did you mean "{close[0]}"?' if close else f"there are {', '.join(sorted(known))}"
    return Fault(place, f"names no profile: {say(name)}", fix)


def _check_contradictions(read: Any, place: str, tables: Tables) -> None:
    if both := sorted((read.hide or frozenset()) & (read.show or frozenset())):
        tables.fault(f"{place}.show", f"and hide both name {', '.join(both)}", "name it in one of them")


@frozen
class _Libraries:
    """Reads the libraries; `known` are the profiles."""

    tables: Tables
    known: Mapping[str, Named]
    seen: dict[str, str] = field(factory=dict)

    def read(self, raw: Any) -> dict[str, LibrarySettings]:
        """All libraries by nickname."""
        if not isinstance(raw, list):
            self.tables.fault("libraries", f"is {say(raw)} and no list of tables", _LIBRARY)
            return {}
        found = [self._library(one, f"libraries[{number}]") for number, one in enumerate(raw)]
        return {library.nickname: library for library in found if library is not None}

    def _library(self, raw: Any, place: str) -> LibrarySettings | None:
        read = self.tables.read(raw, _Library, place)
        if read is None and isinstance(raw, dict):
            # Whatever it should be called, the rest of it is looked at now, too.
            sound = {key: value for key, value in raw.items() if self.tables.is_sound(f"{place}.{key}")}
            read = self.tables.read({**sound, "nickname": f"nameless-{len(self.seen)}"}, _Library, place)
        if read is None:
            return None
        if read.nickname in self.seen:
            self.tables.fault(
                f"{place}.nickname",
                f'is "{read.nickname}", as in {{other}}',
                "say all of a library in one table",
                self.seen[read.nickname],
            )
        self.seen.setdefault(read.nickname, place)
        self._check_profile(read.profile, f"{place}.profile")
        self._check_words(read.texts or {}, f"{place}.texts")
        return LibrarySettings(
            read.nickname,
            read.profile or "",
            self._terminals(read.nickname, read.terminals or (), f"{place}.terminals"),
            self._bins(read.bins or (), f"{place}.bins"),
            read.texts or {},
            read.language or "",
            f"library {read.nickname}",
        )

    def _terminals(self, library: str, raw: Any, place: str) -> tuple[TerminalSettings, ...]:
        found: list[TerminalSettings] = []
        taken: dict[tuple[str, str], str] = {}
        for number, one in enumerate(raw):
            here = f"{place}[{number}]"
            read = self.tables.read(one, _TerminalTable, here)
            if read is None:
                continue
            who = (read.account or "").casefold(), (read.location or "").casefold()
            if who == ("", "") and all(map(self.tables.is_sound, (f"{here}.account", f"{here}.location"))):
                self.tables.fault(
                    here, "names no terminal", "add account or location (CP), or say it of the library"
                )
            elif who in taken:
                self.tables.fault(
                    here, "names the terminals of {other}", "say all of them in one table", taken[who]
                )
            taken.setdefault(who, here)
            self._check_profile(read.profile, f"{here}.profile")
            _check_contradictions(read, here, self.tables)
            whom = " at ".join(filter(None, [read.account, read.location]))
            origin = f"library {library}, terminal {whom}"
            found.append(
                TerminalSettings(
                    read.account or "", read.location or "", read.profile or "", given(read), origin
                )
            )
        return tuple(found)

    def _bins(self, raw: Any, place: str) -> tuple[BinRule, ...]:
        rules: list[BinRule] = []
        last = ""
        for number, one in enumerate(raw):
            here = f"{place}[{number}]"
            if last:
                self.tables.fault(
                    here, "is never reached: the rule in {other} takes everything", "put that one last", last
                )
                break
            read = self.tables.read(one, _Bin, here)
            if read is not None:
                rules.append(read.rule())
                last = here if read.always() and len(one) == 1 else ""
        return tuple(rules)

    def _check_profile(self, name: str | None, place: str) -> None:
        if name is not None and name not in self.known:
            self.tables.add(unknown_profile(place, name, self.known))

    def _check_words(self, words: Mapping[str, str], place: str) -> None:
        for key in words:
            if wrong := speech.faults({key: words[key]}):
                problems = "; ".join(fault.removeprefix(f"{key}: ") for fault in wrong)
                text, _, tag = key.partition(".")
                close = get_close_matches(text, TEXTS, n=1) if text not in TEXTS else []
                meant = ".".join(filter(None, [*close, tag]))
                fix = (
                    f"did you mean {meant}?"
                    if close
                    else "docs/errors.md lists the texts and what they may name"
                )
                self.tables.fault(f"{place}.{key}", problems, fix)
