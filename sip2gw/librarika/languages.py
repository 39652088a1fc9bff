"""Which language a patron speaks is remembered for some minutes, and nothing else of them: texts are told in it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

LIFE = 600.0
"""Seconds: about as long as a reader stands at a terminal."""
_MOST = 1024


class Languages:
    """The languages of the patrons that one account has met lately. `now` is in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._known: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Languages: {len(self._known)}>"

    def meet(self, patron_id: str, language: str) -> None:
        """A patron who speaks this, or of whom it is not known (empty)."""
        self._known.pop(patron_id, None)
        if language:
            self._known[patron_id] = (self._now() + LIFE, language)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)

    def of(self, patron_id: str) -> str:
        """The language of a patron; empty if it is not known."""
        until, language = self._known.get(patron_id, (0.0, ""))
        return language if self._now() < until else ""
