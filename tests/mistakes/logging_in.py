"""Mistakes in the login: account, password, library and location."""

from __future__ import annotations

from .kiosk import PASSWORD, checkin, login, patron
from .place import Place


def refused(place: Place, **how: str) -> None:
    """A login that fails."""
    assert place.plain().ask(login(**how)).startswith("940"), how


def accepted(place: Place, **how: str) -> None:
    """A login that succeeds."""
    place.logged_in(**how)


def ac_without_colon(place: Place) -> None:
    place.plain().ask(patron("M-1001", more=f"AC{PASSWORD}|"))


def ao_misspelt_later(place: Place) -> None:
    place.logged_in().ask(checkin("10001", library="riversid"))


def cp_misspelt(place: Place) -> None:
    """The account's library is in CP alone. Such a login may wait for the library's name in the first request."""
    kiosk = place.plain()
    kiosk.ask(login(library="", location="riversid"))
    kiosk.ask(patron("M-1001", "1234", library=""))


def licence_full(place: Place) -> None:
    how = {"user": "kiosk@hillcrest.example", "password": "hill-secret", "library": "hillcrest"}
    place.logged_in(**how, location="Hall")
    refused(place, **how, location="Lobby")


def no_login(place: Place) -> None:
    kiosk = place.plain()
    kiosk.ask("9900802.00")
    kiosk.ask(patron("M-1001"))


def alike(place: Place) -> None:
    """Where one licence is free the second takes the first one's seat."""
    how = {"user": "kiosk@hillcrest.example", "password": "hill-secret", "library": "hillcrest"}
    place.logged_in(**how).ask("9900802.00")
    place.logged_in(**how).ask("9900802.00")


def throttled(place: Place) -> None:
    how = {"user": "kiosk@openall.example", "library": "openall"}
    for _ in range(13):
        refused(place, **how, password="wrong")
    assert place.plain().ask(login(**how, password="open-secret")).startswith("941")


def second_login(place: Place) -> None:
    kiosk = place.logged_in()
    kiosk.ask(login("kiosk@openall.example", "open-secret", "openall"))
