"""A library to try: its account, and some of its cards and items, from the sandbox's data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import field, frozen

from sip2gw.secret import Secret

MOST = 8
"""Cards, and items, of a library that are shown."""


@frozen
class TrialLibrary:
    """A library that can be tried. The demo invents its readers, and prints their passwords when it starts."""

    library: str
    """Its nickname."""
    name: str
    account: str = field(repr=False)
    password: Secret
    cards: tuple[tuple[str, str, str], ...] = field(repr=False)
    """Card number, PIN and name of readers."""
    items: tuple[tuple[str, str], ...]
    """Number and title of items."""

    def as_object(self) -> dict[str, Any]:
        """Return what the page may know: all but the account."""
        return {
            "library": self.library,
            "name": self.name,
            "cards": [{"number": number, "pin": pin, "name": name} for number, pin, name in self.cards],
            "items": [{"number": number, "title": title} for number, title in self.items],
        }


def trial_library(
    library: str, name: str, account: tuple[str, str], cards: Iterable[tuple[str, str, str]],
    items: Iterable[tuple[str, str]],
) -> TrialLibrary:  # fmt: skip
    """Return a library to try, with the first few cards and items. `account` is user name and password."""
    user, password = account
    return TrialLibrary(library, name, user, Secret(password), tuple(cards)[:MOST], tuple(items)[:MOST])
