"""A patron's password counts wherever a terminal sends one: unless it is right, nothing is done and nothing is told.

An empty one is no try: 3M requires the field in 23, and terminals that ask for no PIN send it so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from attrs import evolve

from sip2gw.circulation.desk import Desk
from sip2gw.library import Found, Listing, PasswordCheck, Refused
from sip2gw.sip2 import Request, Secret

T = TypeVar("T")

_WRONG = "password_wrong"
_IMPOSSIBLE = frozenset({"no_password_set", "sso_only"})
"""The library can't compare any password with this patron's."""


class _NotCompared(Exception):
    """It is neither right nor wrong, so it is no try."""


def entered(request: Request, desk: Desk) -> Secret | None:
    """The password that counts: None where none was sent, an empty one, or where the profile has none checked."""
    given: Secret | None = getattr(request, "patron_password", None)
    return given if given and desk.place.profile.patron_password else None


async def look_up(patron_id: str, password: Secret | None, desk: Desk, listing: Listing | None) -> Found:
    """The patron, and what came of the password. After too many wrong ones the library isn't asked about it."""
    if password is None:
        return await desk.library.patron(patron_id, listing=listing)
    found: list[Found] = []

    async def ask() -> bool:
        found.append(await desk.library.patron(patron_id, password=password, listing=listing))
        if found[0].password is PasswordCheck.IMPOSSIBLE:
            raise _NotCompared
        return found[0].password is PasswordCheck.RIGHT

    with suppress(_NotCompared):
        await _counted(patron_id, password, desk, ask)
    return found[0] if found else evolve(await desk.library.patron(patron_id), password=PasswordCheck.WRONG)


async def with_password(
    request: Request, patron_id: str, desk: Desk, write: Callable[[Secret | None], Awaitable[T]]
) -> T:
    """Write with the password that the request brings. `Refused("password_wrong")` if it is not right."""
    password = entered(request, desk)
    if password is None:
        return await write(None)
    done: list[T] = []

    async def ask() -> bool:
        try:
            done.append(await write(password))
        except Refused as refused:
            if refused.code == _WRONG:
                return False
            raise
        return True

    try:
        await _counted(patron_id, password, desk, ask)
    except Refused as refused:
        if refused.code in _IMPOSSIBLE:
            raise Refused(_WRONG, refused.code) from None
        raise
    if not done:
        raise Refused(_WRONG)
    return done[0]


async def _counted(patron_id: str, password: Secret, desk: Desk, ask: Callable[[], Awaitable[bool]]) -> None:
    """Ask, unless too many wrong ones were tried."""
    if desk.place.pins is None:
        await ask()
    else:
        await desk.place.pins.check(
            desk.library.nickname, patron_id, password.reveal(), desk.place.asker(), ask
        )
