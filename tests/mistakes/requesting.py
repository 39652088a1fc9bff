"""Mistakes in the lines: their end, their bytes, their checksum, their dates, and the labels in them."""

from __future__ import annotations

from .kiosk import checked, checkout, login, patron
from .place import Place


def checksum_off(place: Place) -> None:
    assert place.logged_in().ask(patron("M-1001", "1234")).startswith("24")


def checksum_over_utf_8(place: Place) -> None:
    """Its bytes are Latin-1; its checksum is over what they were before."""
    line = patron("Ren\u00e9-1", "1234")
    place.logged_in().send(checked(line.encode("latin-1"), line.encode()))


def checksum_wrong(place: Place) -> None:
    line = patron("M-1001", "1234").encode()
    place.logged_in().send(checked(line, line + b"!"))


def latin_1(place: Place) -> None:
    place.logged_in().send(patron("Ren\u00e9-1", "1234").encode("latin-1") + b"\r")


def utf_16(place: Place) -> None:
    place.plain().send(f"{login()}\r".encode("utf-16-le"))


def waits_for_cr_lf(place: Place) -> None:
    """It reads until CR LF, and says nothing more."""
    place.plain().ask(login())


def no_terminator(place: Place) -> None:
    """It gives up without an answer, as terminals do."""
    kiosk = place.plain()
    kiosk.send(login().encode())
    kiosk.close()


def etx(place: Place) -> None:
    kiosk = place.plain()
    kiosk.send(b"\x02" + login().encode() + b"\x03")
    kiosk.close()


def prefix(place: Place) -> None:
    place.logged_in().ask(checkout("M-1001", "A10002"))


def zeros_lost(place: Place) -> None:
    place.logged_in(user="kiosk@hillcrest.example", password="hill-secret", library="hillcrest").ask(
        patron("0007", library="hillcrest")
    )


def clock_behind(place: Place) -> None:
    place.logged_in().ask(patron("M-1001", "1234", moment="19990101    120000"))


def too_many_pins(place: Place) -> None:
    """The reader reads it on the screen."""
    kiosk = place.logged_in(location="North")
    for number in range(8):
        place.seen(kiosk.ask(patron("M-1002", f"000{number}")))


def wrong_pin(place: Place) -> None:
    """The reader reads it on the screen."""
    place.seen(place.logged_in(location="Main").ask(patron("M-1001", "0001")))


def too_long(place: Place) -> None:
    place.logged_in().send(patron("M" * 5000).encode() + b"\r")
