"""Settings of the demo: a terminal whose location (CP) is the name of a profile gets that profile, in each library."""

from __future__ import annotations

from collections.abc import Iterable

from sip2gw.circulation.profiles import BUILT_IN, DEFAULT, Named
from sip2gw.circulation.settings import LibrarySettings, Settings, TerminalSettings
from sip2gw.circulation.sorting import BinRule

OPEN = "openall"
"""The library of the demo that allows all requests."""

EVERYTHING = Named(
    "everything",
    {"patron_updates": True, "item_updates": True, "overpayment": True},
    DEFAULT,
    "a terminal of the staff that may do all that SIP2 knows",
    "the demo",
)

BINS = (
    BinRule("99", unknown=True),
    BinRule("1", hold=True),
    BinRule("2", transit=True),
    BinRule("8", call_numbers=("800", "899")),
    BinRule("0"),
)
"""Exceptions, reservations, other branches, literature, and the rest."""


def demo_settings(nicknames: Iterable[str]) -> Settings:
    """Return the settings for the terminals of these libraries."""
    profiles = {**BUILT_IN, EVERYTHING.name: EVERYTHING}
    terminals = tuple(
        TerminalSettings(location=name, profile=name, origin=f"the demo, location {name}")
        for name in profiles
    )
    return Settings(profiles, {name: _library(name, terminals) for name in nicknames})


def _library(nickname: str, terminals: tuple[TerminalSettings, ...]) -> LibrarySettings:
    profile = EVERYTHING.name if nickname == OPEN else ""
    kiosk = TerminalSettings(
        account=f"kiosk@{nickname}.example",
        knobs={"library_in": frozenset({"CP"})},
        origin="the demo, the kiosk's account",
    )
    return LibrarySettings(nickname, profile, (*terminals, kiosk), BINS, origin="the demo")
