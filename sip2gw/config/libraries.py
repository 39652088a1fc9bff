"""`[profiles.NAME]` and `[[libraries]]`: which terminal has which profile, and the settings of each library."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any

from attrs import field, frozen

from sip2gw.circulation import speech, translations
from sip2gw.circulation.profile import Profile
from sip2gw.circulation.settings import LibrarySettings, Settings, TerminalSettings
from sip2gw.circulation.sorting import BinRule
from sip2gw.circulation.texts import TEXTS
from sip2gw.config import profiles
from sip2gw.config.accounts import AccountName, Nickname, PasswordFile, ServiceAccount
from sip2gw.config.bins import read_bins
from sip2gw.config.checks import Checked
from sip2gw.config.contradictory_knobs import LOOKED_AT
from sip2gw.config.knobs import given, language, table
from sip2gw.config.profiles import check_knobs
from sip2gw.config.scalars import is_one_line, label, say
from sip2gw.config.sendable import check_delimiter
from sip2gw.config.tables import Tables
from sip2gw.config.words import plain_text
from sip2gw.faults import Wrong

_SAME: tuple[tuple[str, Any], ...] = ()
_SPELLING = ("charset", "delimiter", "max_length", "sort_bin")
"""The knobs that decide whether a bin is sent to a terminal, and how it is spelled."""

_LIBRARY = 'begin each library with [[libraries]] and nickname = "...", and what belongs to it below that'


def _name(value: Any) -> str:
    return label(value, '"sorter-cl"')


def _tables(value: Any) -> Any:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Wrong(
            f"must be a list of tables, not {say(value)}",
            "write a table for each, in double brackets or in [{...}]",
        )
    return value


def _texts(value: Any) -> dict[str, str]:
    """Return texts by id, or by id and language, however deep TOML has nested `renewed.bn`."""
    if not isinstance(value, dict):
        raise Wrong(f"must be a table, not {say(value)}", 'write for example renewed = "Again yours."')
    texts: dict[str, str] = {}
    for key, found in value.items():
        inner = (
            {f"{key}.{tag}": own for tag, own in found.items()} if isinstance(found, dict) else {key: found}
        )
        for whole, own in inner.items():
            if not isinstance(own, str):
                raise Wrong(f"has {whole} = {say(own)}, which is not text", "write it in quotes")
            if not is_one_line(own):
                raise Wrong(f"has {whole} = {say(own)}, with a control character", "write it in one line")
            texts[whole] = own
    return texts


@frozen
class _Library:
    nickname: Nickname
    profile: Annotated[str, Checked(_name)] | None = None
    language: Annotated[str, Checked(language)] | None = None
    terminals: Annotated[list[dict[str, Any]], Checked(_tables)] | None = None
    bins: Annotated[list[dict[str, Any]], Checked(_tables)] | None = None
    texts: Annotated[dict[str, str], Checked(_texts)] | None = None
    account: AccountName | None = None
    password_file: PasswordFile | None = None


_TerminalTable = table("TerminalTable", {"account": plain_text, "location": plain_text, "profile": _name})


def read_settings(
    raw_profiles: Any, raw_libraries: Any, tables: Tables
) -> tuple[Settings, dict[str, ServiceAccount]]:
    """Return the settings in the two tables, and the service accounts by place; faults are added to `tables`."""
    known = profiles.read_profiles(raw_profiles, tables)
    libraries = _Libraries(tables, known)
    return Settings(known.named, libraries.read(raw_libraries)), libraries.accounts


@frozen
class _Libraries:
    """Read the libraries."""

    tables: Tables
    profiles: profiles.Profiles
    seen: dict[str, str] = field(factory=dict)
    accounts: dict[str, ServiceAccount] = field(factory=dict)

    def read(self, raw: Any) -> dict[str, LibrarySettings]:
        """Return all libraries by nickname."""
        if not isinstance(raw, list):
            self.tables.fault("libraries", f"must be a list of tables, not {say(raw)}", _LIBRARY)
            return {}
        found = [self._library(one, f"libraries[{number}]") for number, one in enumerate(raw)]
        return {library.nickname: library for library in found if library is not None}

    def _library(self, raw: Any, place: str) -> LibrarySettings | None:
        read = self.tables.read(raw, _Library, place)
        if read is None and isinstance(raw, dict):
            # Without a valid nickname, the rest of the table is still checked.
            sound = {key: value for key, value in raw.items() if self.tables.is_sound(f"{place}.{key}")}
            read = self.tables.read({**sound, "nickname": f"nameless-{len(self.seen)}"}, _Library, place)
        if read is None:
            return None
        if read.nickname in self.seen:
            self.tables.fault(
                f"{place}.nickname",
                f'is "{read.nickname}", as in {{other}}',
                "put all settings of a library in one table",
                self.seen[read.nickname],
            )
        self.seen.setdefault(read.nickname, place)
        self.profiles.check_name(read.profile, f"{place}.profile", self.tables)
        self._account(read, place)
        terminals = self._terminals(read, f"{place}.terminals")
        if read.texts:
            self._check_texts(read.texts, self._profiles_of(read, terminals), f"{place}.texts")
        return LibrarySettings(
            read.nickname,
            read.profile or "",
            terminals,
            self._bins(read, terminals, f"{place}.bins"),
            read.texts or {},
            read.language or "",
            f"library {read.nickname}",
        )

    def _account(self, library: _Library, place: str) -> None:
        """Add the service account. Account and password file come together."""
        if library.account is not None and library.password_file is not None:
            account = ServiceAccount(library.nickname, library.account, library.password_file)
            self.accounts[place] = account
            return
        for key, other in (("account", "password_file"), ("password_file", "account")):
            if getattr(library, key) is not None and self.tables.is_sound(f"{place}.{other}"):
                problem = f"means nothing without {other}"
                self.tables.fault(f"{place}.{key}", problem, "add it, or leave it out")

    def _terminals(self, library: _Library, place: str) -> tuple[TerminalSettings, ...]:
        found: list[TerminalSettings] = []
        taken: dict[tuple[str, str], str] = {}
        for number, one in enumerate(library.terminals or ()):
            here = f"{place}[{number}]"
            read = self.tables.read(one, _TerminalTable, here)
            if read is None:
                continue
            who = (read.account or "").casefold(), (read.location or "").casefold()
            if who == ("", "") and all(map(self.tables.is_sound, (f"{here}.account", f"{here}.location"))):
                self.tables.fault(
                    here, "names no terminal", "add account or location (CP), or set it for the library"
                )
            elif who in taken:
                problem = "names the terminals of {other}"
                self.tables.fault(here, problem, "put all of them in one table", taken[who])
            taken.setdefault(who, here)
            self.profiles.check_name(read.profile, f"{here}.profile", self.tables)
            self._check_terminal(read, read.profile or library.profile or "", here)
            whom = " at ".join(filter(None, [read.account, read.location]))
            origin = f"library {library.nickname}, terminal {whom}"
            found.append(
                TerminalSettings(
                    read.account or "", read.location or "", read.profile or "", given(read), origin
                )
            )
        return tuple(found)

    def _bins(
        self, library: _Library, terminals: tuple[TerminalSettings, ...], place: str
    ) -> tuple[BinRule, ...]:
        profiles = self._profiles_of(library, terminals) if library.bins else []
        with_bins = [one for one in profiles if one.sort_bin]
        return read_bins(library.bins or (), with_bins or profiles, place, self.tables)

    def _profiles_of(self, library: _Library, terminals: tuple[TerminalSettings, ...]) -> list[Profile]:
        """Return the profiles of a library's terminals, one for each way in which they spell bins and texts."""
        ways = {(library.profile or "", _SAME)}
        for one in terminals:
            knobs = tuple((knob, one.knobs[knob]) for knob in _SPELLING if knob in one.knobs)
            ways.add((one.profile or library.profile or "", knobs))
        return [self.profiles.changed(name, dict(knobs)) for name, knobs in sorted(ways)]

    def _check_terminal(self, read: Any, name: str, place: str) -> None:
        knobs = given(read)
        profile = self.profiles.of(name)
        if not knobs.keys().isdisjoint(LOOKED_AT | {"delimiter"}):  # thousands of terminals have none of them
            profile = self.profiles.changed(name, knobs)
            check_knobs(knobs, profile, place, self.tables)
        for key in ("account", "location"):
            with self.tables.faults_at(f"{place}.{key}"):
                check_delimiter(getattr(read, key) or "", profile)

    def _check_texts(self, texts: Mapping[str, str], profiles: list[Profile], place: str) -> None:
        for key in texts:
            with self.tables.faults_at(f"{place}.{key}"):
                for profile in profiles:
                    check_delimiter(texts[key], profile)
            if not self.tables.is_sound(f"{place}.{key}"):
                continue
            if wrong := speech.faults({key: texts[key]}):
                problems = "; ".join(fault.removeprefix(f"{key}: ") for fault in wrong)
                self.tables.fault(f"{place}.{key}", problems, _text_meant(key))


def _text_meant(key: str) -> str:
    """Return the fix for an unusable id of a text, perhaps with a language."""
    text, _, tag = key.partition(".")
    if text in translations.LANGUAGES and tag:
        text, tag = tag, text
    close = get_close_matches(text, TEXTS, n=1)
    meant = ".".join(filter(None, [*close, tag]))
    if close and meant != key:
        return f"did you mean {meant}?"
    return "docs/errors.md lists the texts and what they may name"
