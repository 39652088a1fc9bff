"""What is wrong at the library's API, and looks like a mistake at the terminal."""

from __future__ import annotations

from .kiosk import Kiosk, login, patron
from .place import Place

OPENALL = {"user": "kiosk@openall.example", "password": "open-secret", "library": "openall"}


def api_gone(place: Place) -> None:
    kiosk = place.logged_in()
    place.demo.misbehave(what="refuse", library="riverside")
    kiosk.ask(patron("M-1004", "2222"))


def api_hangs(place: Place) -> None:
    kiosk = place.logged_in()
    place.demo.misbehave(what="hang", library="riverside")
    kiosk.ask(patron("M-1005"))


def api_unknown(place: Place) -> None:
    with Kiosk.plain(place.lost.ports[0]) as kiosk:
        kiosk.ask(login(**OPENALL))
        kiosk.ask("9900802.00")
