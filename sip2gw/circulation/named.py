"""Whom and what a request names. A request that names neither is not whole, and the library is not asked."""

from __future__ import annotations

from sip2gw.circulation.desk import Desk
from sip2gw.library import Refused


def named_card(request: object) -> str:
    """Return AA as the library gets it. `Refused("no_card_named")` if it is missing or empty."""
    card: str = (getattr(request, "patron_identifier", None) or "").strip()
    if not card:
        raise Refused("no_card_named", "AA is missing or empty")
    return card


def named_item(request: object, desk: Desk) -> str:
    """Return AB as the library gets it. `Refused("nothing_named")` if it is missing or empty."""
    item = read_label(getattr(request, "item_identifier", None), desk)
    if not item:
        raise Refused("nothing_named", "AB is missing or empty")
    return item


def read_label(scanned: str | None, desk: Desk) -> str:
    """Return AB as the library gets it: without the profile's prefix. The answer has AB as it was sent.

    What else a label may have that does not count, such as spaces, is for the library's adapter to say.
    """
    text, prefix = (scanned or "").strip(), desk.place.profile.strip_prefix.strip()
    begins = prefix and text.casefold().startswith(prefix.casefold())
    return (text[len(prefix) :].strip() or text) if begins else text
