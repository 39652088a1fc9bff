"""A request has a meaning when a function answers it; every other request is politely refused.

What the terminals are told to be supported (BX) is read off these tables, so that it can't promise what is not there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from sip2gw.circulation.desk import Desk
from sip2gw.circulation.profile import Profile
from sip2gw.circulation.shaping import shaped
from sip2gw.library import LibraryError, Rules, Unavailable
from sip2gw.sip2 import Request, Response, local, refusal

R = TypeVar("R", bound=Request)
Answer = Callable[[R, Desk], Awaitable[Response]]
Detail = Callable[[Any, LibraryError], Response]

_ANSWERS: dict[type[Request], Answer[Any]] = {}
_DETAILS: dict[type[Request], Detail] = {}
_THE_SESSIONS = frozenset({"93", "97"})
"""Requests that the conversation itself answers."""
FOR_EVERYBODY = _THE_SESSIONS | {"99"}
"""Requests that no profile can take away."""


def answers(request: type[R], *, declined: Detail | None = None) -> Callable[[Answer[R]], Answer[R]]:
    """Declare a function as the meaning of a request. `declined` completes the refusal when the library says no.

    What either gives is the whole answer; what this terminal is not to be told is taken out of it afterwards.
    """

    def declare(function: Answer[R]) -> Answer[R]:
        _ANSWERS[request] = function
        if declined is not None:
            _DETAILS[request] = declined
        return function

    return declare


def language(request: Request) -> str:
    """The language that a request asks for, in SIP2's three digits; empty where it can't."""
    return getattr(request, "language", "")


def supported() -> frozenset[str]:
    """The codes of all requests that have a meaning."""
    return frozenset(request.code for request in _ANSWERS) | _THE_SESSIONS


def allowed(rules: Rules, profile: Profile) -> frozenset[str]:
    """The codes of the requests that have a meaning, and that this library and this terminal's profile allow."""
    patron_updates = rules.patron_updates and profile.patron_updates
    forbidden = {
        "11": not rules.checkouts,
        "09": not rules.checkins,
        "15": not rules.holds,
        "37": not rules.fees,
        "29": not rules.renewals,
        "65": not rules.renewals,
        "01": not patron_updates,
        "25": not patron_updates,
        "19": not (rules.item_updates and profile.item_updates),
    }
    usable = supported() if profile.messages is None else supported() & (profile.messages | FOR_EVERYBODY)
    return usable - {code for code, forbids in forbidden.items() if forbids}


def _may_use(profile: Profile, code: str) -> bool:
    return profile.messages is None or code in profile.messages or code in FOR_EVERYBODY


def _face(request: Request, desk: Desk) -> None:
    """Have the desk speak to the patron that a request names; to the reader who stands there if it names none."""
    named = (getattr(request, "patron_identifier", None) or "").strip()
    desk.facing = named or desk.reader or ""


def is_offered(request: Request, profile: Profile) -> bool:
    """Whether terminals with this profile may make this request."""
    return type(request) in _ANSWERS and _may_use(profile, request.code)


async def answer(request: Request, desk: Desk) -> Response:
    """What the library makes of a request. Raises `Refused`, `Unavailable` and `InDoubt`: see `decline`."""
    _face(request, desk)
    meaning = _ANSWERS.get(type(request))
    if meaning is None or not _may_use(desk.place.profile, request.code):
        words = [desk.speaker(language(request)).say("not_offered")]
        return shaped(refusal(request, local(desk.now()), words), desk.place.profile)
    # Without an answer the rules known at login will do; the request itself finds out whether the library is there.
    with suppress(Unavailable):
        desk.rules = await desk.library.rules()
    return shaped(await meaning(request, desk), desk.place.profile)


def decline(request: Request, desk: Desk, error: LibraryError) -> Response:
    """The refusal that tells a terminal of `error`, in the form that its request expects."""
    _face(request, desk)
    words = desk.speaker(language(request)).why(error, today=desk.now().date())
    response = refusal(request, local(desk.now()), [words])
    if not desk.place.profile.patron_password and "valid_patron_password" in response.members:
        response = response.but(valid_patron_password=None)
    detail = _DETAILS.get(type(request))
    return shaped(detail(response, error) if detail else response, desk.place.profile)
