"""The steps from the first connection to the first loan, in words: what is right, what is wrong, and the fix."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


@frozen
class Step:
    """One step. `manual` is a page of the manual, and the place on it."""

    name: str
    title: str
    right: str
    wrong: str
    fix: str
    manual: str = "install: What to type in at the terminal"


STEPS = (
    Step("connection", "Connection", "It arrived.", "", ""),
    Step(
        "tls", "TLS", "TLS is right.", "The TLS handshake failed.",
        "check host name, port and TLS at the terminal; if it can't do TLS 1.2, use stunnel",
        "install: A kiosk that can't do TLS",
    ),
    Step(
        "lines", "Lines", "Its lines can be read.", "No whole line of SIP2 came.",
        "set protocol SIP2, end of message CR, charset UTF-8", "wire",
    ),
    Step(
        "form", "Login", "It sends a login.", "It has sent no login.",
        "switch the login on, or put the account into the terminal password (AC)",
    ),
    Step("library", "Library", "The library was found.", "The library was not found.",
         "type the library's nickname as institution id (AO)"),
    Step("account", "Account", "The account is right.", "User name or password is wrong.",
         "type the account's e-mail address and password again"),
    Step("permission", "Permission", "It has the Library Staff permission.", "It lacks the Library Staff permission.",
         "give the account the Library Staff permission in Librarika", "errors"),
    Step("activation", "Activation", "It is activated for SIP2.", "It is not activated for SIP2.",
         "activate the account for SIP2 in Librarika", "errors"),
    Step("seats", "Seats", "A seat is free.", "All seats of the licence are taken.",
         "switch a terminal off, or extend the licence", "errors"),
    Step("location", "Location", "Nothing is odd about it.", "The location is not known.",
         "type a branch, or a location of the configuration, as location (CP)", "profiles"),
    Step("profile", "Profile", "It has its profile.", "", "", "profiles"),
    Step("status", "Status (99)", "It asked what is allowed.", "It did not get what it asked for.", "", "errors"),
    Step("reader", "First reader (23 or 63)", "A reader was shown.", "It did not get what it asked for.",
         "try a card that is not blocked", "errors"),
    Step("loan", "First loan (11)", "An item was lent.", "The item was not lent.",
         "try an item that is not on loan", "errors"),
    Step("back", "First return (09)", "An item came back.", "The return was refused.", "try an item of this library",
         "errors"),
)  # fmt: skip
"""In the order in which a terminal takes them."""

FIRST = frozenset({"location", "status", "reader", "loan", "back"})
"""Steps that are not known to have gone well only because a later one did."""

LOGIN_STEPS: Mapping[str, str] = {
    "form": "form",
    "library": "library",
    "unavailable": "library",
    "account": "account",
    "throttled": "account",
    "bug": "account",
    "permission": "permission",
    "activation": "activation",
    "seats": "seats",
}
"""The step at which a login failed, by the rung of its event."""

_NO_API = "wait until the library's API answers; ask the operator if it takes long"
FIXES: Mapping[str, str] = {
    "bad_checksum": "look at the step Lines",
    "other_library": "set AO to the library's nickname in all messages",
    "not_logged_in": "look at the step Login",
    "member_not_found": "try a card that Librarika has, and compare the number that the reader sends with it",
    "copy_not_found": "try an item that Librarika has, and compare the number that the reader sends with it",
    "password_wrong": "enter the reader's password (PIN) again",
    "not_offered": "allow this message in the terminal's profile, or switch it off at the terminal",
    "unavailable": _NO_API,
    "too_late": _NO_API,
}
"""What to do about a request, by the code of its refusal or its outcome; for others the step has the fix."""

NUMBERS: Mapping[str, str] = {"card": "reader", "label": "loan"}
"""The step of a number that was nearly right, by the kind of its notice, where no step was refused."""

OF_NOTICE: Mapping[str, str] = {
    "server_name": "tls",
    "language": "tls",
    "no_library": "library",
    "account": "account",
    "library": "library",
    "location": "location",
    "seat": "seats",
    "no_login": "form",
    "99": "status",
    "23": "reader",
    "63": "reader",
    "11": "loan",
    "09": "back",
}
"""The step of a notice, by its kind, and of a request, by its code. Any other notice is about lines."""
