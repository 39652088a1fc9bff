"""What to type in at a terminal, from the boxes that it has. The devices are the built-in profiles."""

from __future__ import annotations

from collections.abc import Collection

from sip2gw.addresses import read
from sip2gw.circulation.profiles import BUILT_IN

DEVICES = {name: named.why for name, named in BUILT_IN.items()}
"""What each device is, by the name of its profile."""

PLAIN = next(iter(DEVICES))
"""The device that needs no profile of its own."""

BOXES = {
    "AO": "institution id",
    "AC": "terminal password",
    "CN": "login user",
    "CO": "login password",
    "CP": "location",
}
"""The boxes that a terminal may have, by the field that they fill."""

USUAL = frozenset({"AO", "CN", "CO", "CP"})
"""The boxes of most terminals."""

_ACCOUNT, _PASSWORD = "the account's e-mail address", "the account's password"
_BOTH = f"{_ACCOUNT}:{_PASSWORD}"


def form(library: str, boxes: Collection[str], location: str = "") -> dict[str, str]:
    """Return what to type into each box; empty if these boxes can't say library and account.

    It is the first form of login of the manual that fits.
    """
    has = frozenset(boxes)
    where = {"CP": location or "where it stands, such as a branch"} if "CP" in has else {}
    if {"CN", "CO", "AO"} <= has:
        return {"AO": library, "CN": _ACCOUNT, "CO": _PASSWORD, **where}
    if {"AO", "AC"} <= has:
        return {"AO": library, "AC": _BOTH, **where}
    if {"CN", "CO"} <= has:
        return {"CN": library, "CO": _BOTH, **where}
    return {}


def stunnel(host: str, port: int) -> str:
    """Return the configuration of stunnel on the kiosk's own machine. It checks the gateway's certificate."""
    check = "checkIP" if read(host) else "checkHost"
    return (
        "[sip2]\nclient = yes\naccept = 127.0.0.1:6001\n"
        f"connect = {host}:{port}\n"
        "# On Windows: ca-certs.pem, which comes with stunnel.\n"
        f"CAfile = /etc/ssl/certs/ca-certificates.crt\nverifyChain = yes\n{check} = {host}\n"
    )
