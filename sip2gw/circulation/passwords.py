"""Patrons' passwords (AD): checked in every request that has one, if the profile wants that.

With a wrong password nothing is done, and nothing about the patron is sent. An empty one is not a try: 3M requires the
field in 23, and terminals that ask for no PIN send it empty.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from attrs import evolve

from sip2gw.circulation.desk import Desk
from sip2gw.circulation.wrong_passwords import Attempt
from sip2gw.library import Found, Listing, PasswordCheck, Refused
from sip2gw.sip2 import Request, Secret

T = TypeVar("T")

_WRONG = "password_wrong"
_IMPOSSIBLE = frozenset({"no_password_set", "sso_only"})
"""The patron has no password in the library, so none can be compared."""


def entered(request: Request, desk: Desk) -> Secret | None:
    """Return the password to check; None if the request has none or an empty one, or if the profile checks none."""
    given: Secret | None = getattr(request, "patron_password", None)
    return given if given and desk.place.profile.patron_password else None


async def look_up(patron_id: str, password: Secret | None, desk: Desk, listing: Listing | None) -> Found:
    """Return a patron and the result of the password check.

    After too many wrong passwords the result is wrong, and the library does not get the password.
    """
    if password is None:
        return await desk.library.patron(patron_id, listing=listing)
    attempt = _attempt(patron_id, password, desk)
    if not attempt.allowed:
        return evolve(await desk.library.patron(patron_id), password=PasswordCheck.WRONG)
    try:
        found = await desk.library.patron(patron_id, password=password, listing=listing)
    except Exception:  # any error: the password was not compared
        attempt.forgive()
        raise
    match found.password:
        case PasswordCheck.RIGHT:
            attempt.right()
        case PasswordCheck.IMPOSSIBLE:
            attempt.forgive()
        case _:
            attempt.wrong()
    return found


async def with_password(
    request: Request, patron_id: str, desk: Desk, write: Callable[..., Awaitable[T]]
) -> T:
    """Return what `write(password=...)` returns with the password of the request.

    Raises `Refused("password_wrong")` if the password is wrong, or after too many wrong ones.
    """
    password = entered(request, desk)
    if password is None:
        return await write(password=None)
    attempt = _attempt(patron_id, password, desk)
    if not attempt.allowed:
        raise Refused(_WRONG)
    try:
        done = await write(password=password)
    except Refused as refused:
        if refused.code == _WRONG:
            attempt.wrong()
            raise Refused(_WRONG) from None
        attempt.forgive()
        if refused.code in _IMPOSSIBLE:
            raise Refused(_WRONG, refused.code) from None
        raise
    except Exception:  # any other error: the password was not compared
        attempt.forgive()
        raise
    attempt.right()
    return done


def _attempt(patron_id: str, password: Secret, desk: Desk) -> Attempt:
    """Return the attempt of this password at this terminal, counted if the gateway counts them."""
    place = desk.place
    if place.pins is None:
        return Attempt()
    return place.pins.attempt(desk.library.nickname, patron_id, password.reveal(), place.asker())
