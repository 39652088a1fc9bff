"""Invitations: a code that lives 8 hours, and the sessions of the browsers that brought it. They are kept in memory.

A restart ends them. Only digests of codes and sessions are kept.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from secrets import token_urlsafe

from attrs import define

NICKNAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""What may be the nickname of a library."""

LIFE = 8 * 3600.0
"""Seconds."""
BROWSERS = 5
"""Browsers that one invitation lets in."""
MOST = 1_000
"""Invitations that are kept; the oldest ends first."""


@define
class Invitation:
    """A library, the time at which it ends, and how many browsers may still come."""

    library: str
    ends: float
    left: int = BROWSERS


class Invitations:
    """All invitations of this process. `now` returns seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._codes: OrderedDict[bytes, Invitation] = OrderedDict()
        self._sessions: OrderedDict[bytes, Invitation] = OrderedDict()

    def invite(self, library: str) -> str:
        """Return the code of a new invitation."""
        code = token_urlsafe(24)
        self._codes[_digest(code)] = Invitation(library, self._now() + LIFE)
        if len(self._codes) > MOST:
            self._codes.popitem(last=False)
        return code

    def enter(self, code: str) -> str | None:
        """Return the token of a session for a code; None if the code is wrong, used up or has ended."""
        invitation = self._codes.get(_digest(code))
        if invitation is None or not invitation.left or invitation.ends <= self._now():
            return None
        invitation.left -= 1
        token = token_urlsafe(24)
        self._sessions[_digest(token)] = invitation
        if len(self._sessions) > MOST * BROWSERS:
            self._sessions.popitem(last=False)
        return token

    def library(self, token: str) -> str | None:
        """Return the library of a session; None if there is none."""
        invitation = self._sessions.get(_digest(token))
        if invitation is None:
            return None
        if invitation.ends <= self._now():
            del self._sessions[_digest(token)]
            return None
        return invitation.library


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
