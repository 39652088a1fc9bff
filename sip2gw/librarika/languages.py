"""Remember the language of patrons for some minutes, by a keyed digest of the card number, and nothing else."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from secrets import token_bytes

_KEY = token_bytes(32)

LIFE = 600.0
"""Seconds: about as long as a patron stands at a terminal."""
_MOST = 1024


class Languages:
    """The languages of the patrons that one account has met. `now` is in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._known: OrderedDict[bytes, tuple[float, str]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Languages: {len(self._known)}>"

    def meet(self, patron_id: str, language: str) -> None:
        """Remember the language of a patron; forget it if `language` is empty."""
        if not (language or self._known):
            return
        tag = _tag(patron_id)
        self._known.pop(tag, None)
        if language:
            self._known[tag] = (self._now() + LIFE, language)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)

    def of(self, patron_id: str) -> str:
        """Return the language of a patron; empty if it is not known."""
        until, language = self._known.get(_tag(patron_id), (0.0, "")) if self._known else (0.0, "")
        return language if self._now() < until else ""


def _tag(patron_id: str) -> bytes:
    """Return a digest that tells patrons apart in this process and does not show their numbers."""
    return blake2b(patron_id.encode("utf-8", "replace"), key=_KEY, digest_size=16).digest()
