"""The steps from the first connection to the first loan, in words: what is right, what is wrong, and the fix."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


@frozen
class Step:
    """One step. `about` is for the page of help. `manual` is a page of the manual, and a heading on it."""

    name: str
    title: str
    right: str
    wrong: str
    fix: str
    about: str
    manual: str = "install: What to type in at the terminal"


STEPS = (
    Step(
        "connection", "Connection", "It arrived.", "", "check host, port and firewall",
        "The terminal opens a connection to the gateway's host and port. While nothing arrives, the host or port is "
        "wrong, a firewall is between, or this page looks at another network.",
    ),
    Step(
        "tls", "TLS", "TLS is right.", "The TLS handshake failed.",
        "check host name, port and TLS at the terminal; if it can't do TLS 1.2, use stunnel",
        "Terminal and gateway agree on encryption (TLS 1.2 or 1.3), and the terminal checks the gateway's certificate. "
        "The host name at the terminal must be one of those in the certificate, and the terminal must trust the root "
        "that has issued it.",
        "install: A kiosk that can't do TLS",
    ),
    Step(
        "lines", "Lines", "Its lines can be read.", "No whole line of SIP2 came.",
        "set protocol SIP2, end of message CR, charset UTF-8",
        "Each message is one line that ends with CR. Its bytes must be text in the charset of the terminal's profile, "
        "and a checksum must be over the bytes that are sent.",
        "wire: What is accepted",
    ),
    Step(
        "form", "Login", "It sends a login.", "It has sent no login.",
        "switch the login on, or put the account into the terminal password (AC)",
        "The terminal logs in with message 93: user name (CN), password (CO), perhaps location (CP) and institution id "
        "(AO). A terminal without these boxes sends the account in its terminal password (AC).",
    ),
    Step(
        "library", "Library", "The library was found.", "The library was not found.",
        "type the library's nickname as institution id (AO)",
        "The institution id (AO) names the library: the part of its address before .librarika.com.",
    ),
    Step(
        "account", "Account", "The account is right.", "User name or password is wrong.",
        "type the account's e-mail address and password again",
        "Librarika checks the account of the terminal. The user name is the whole e-mail address. After many wrong "
        "passwords the gateway waits before it asks again.",
        "errors: 94 says 0: the login was refused",
    ),
    Step(
        "permission", "Permission", "It has the Library Staff permission.", "It lacks the Library Staff permission.",
        "give the account the Library Staff permission in Librarika",
        "The account must have the Library Staff permission in Librarika.",
        "errors: 94 says 0: the login was refused",
    ),
    Step(
        "activation", "Activation", "It is activated for SIP2.", "It is not activated for SIP2.",
        "activate the account for SIP2 in Librarika",
        "Librarika activates an account for SIP2, and the library's plan must have it.",
        "errors: 94 says 0: the login was refused",
    ),
    Step(
        "seats", "Seats", "A seat is free.", "All seats of the licence are taken.",
        "switch a terminal off, or extend the licence",
        "Each connected terminal takes one of the library's licences. Two terminals with one account and one location "
        "take each other's seat.",
        "errors: 94 says 0: the login was refused",
    ),
    Step(
        "location", "Location", "Nothing is odd about it.", "The location is not known.",
        "type a branch, or a location of the configuration, as location (CP)",
        "The location (CP) says where the terminal stands: a branch of the library, or a name in the configuration.",
        "profiles: Which terminal has which profile",
    ),
    Step(
        "profile", "Profile", "It has its profile.", "", "",
        "The profile says how the terminal wants its messages: charset, end of line, and which fields it gets.",
        "profiles: Which terminal has which profile",
    ),
    Step(
        "status", "Status (99)", "It asked what is allowed.", "It did not get what it asked for.", "",
        "The terminal asks with 99 what is allowed, and is told in 98. It shows \"ACS offline\" if 98 says so, or "
        "if it can't read the answers.",
        "errors: The terminal says something else",
    ),
    Step(
        "reader", "First reader (23 or 63)", "A reader was shown.", "It did not get what it asked for.",
        "try a card that is not blocked",
        "The terminal sends the number of a card, perhaps with a PIN. The number must be that of the member in "
        "Librarika, with its prefix and its zeros.",
        "errors: The terminal says something else",
    ),
    Step(
        "loan", "First loan (11)", "An item was lent.", "The item was not lent.", "try an item that is not on loan",
        "The terminal lends an item. The number on its label must be that of the copy in Librarika.",
        "errors: The terminal says something else",
    ),
    Step(
        "back", "First return (09)", "An item came back.", "The return was refused.", "try an item of this library",
        "The terminal returns an item.",
        "errors: The terminal says something else",
    ),
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
    "no_card_named": "scan a card, and look for a CR or LF inside a value of the line",
    "nothing_named": "scan an item, and look for a CR or LF inside a value of the line",
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
    "port": "connection",
    "proxy": "connection",
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
