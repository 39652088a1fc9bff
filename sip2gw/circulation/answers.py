"""The dispatch of requests to the functions that answer them, and the refusal of each request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from sip2gw.circulation.desk import Desk
from sip2gw.circulation.hidden_fields import for_terminal
from sip2gw.circulation.profile import Profile
from sip2gw.circulation.speech import Speaker
from sip2gw.library import LibraryError, Unavailable
from sip2gw.sip2 import Request, Response, local, refusal

R = TypeVar("R", bound=Request)
Answer = Callable[[R, Desk], Awaitable[Response]]
Detail = Callable[[Any, LibraryError], Response]

ANSWERS: dict[type[Request], Answer[Any]] = {}
"""The function that answers each request."""
_DETAILS: dict[type[Request], Detail] = {}
SESSION_CODES = frozenset({"93", "97"})
"""Requests that the session answers itself."""
ALWAYS_ALLOWED = SESSION_CODES | {"99"}
"""Requests that a profile can't forbid."""


def answers(request: type[R], *, declined: Detail | None = None) -> Callable[[Answer[R]], Answer[R]]:
    """Declare a function as the answer to a request; `declined` adds fields to the refusal after a library error.

    Both return complete responses. Fields that this terminal does not get are removed afterwards.
    """

    def declare(function: Answer[R]) -> Answer[R]:
        ANSWERS[request] = function
        if declined is not None:
            _DETAILS[request] = declined
        return function

    return declare


def _allows(profile: Profile, code: str) -> bool:
    return profile.messages is None or code in profile.messages or code in ALWAYS_ALLOWED


def is_offered(request: Request, profile: Profile) -> bool:
    """Return whether terminals with this profile may make this request."""
    return type(request) in ANSWERS and _allows(profile, request.code)


async def answer(request: Request, desk: Desk) -> Response:
    """Return the response to a request. Raises `Refused`, `Unavailable` and `InDoubt`, which are for `decline`."""
    place = desk.place
    _note_addressee(request, desk)
    meaning = ANSWERS.get(type(request))
    if meaning is None or not _allows(place.profile, request.code):
        text = _speaker(request, desk).say("not_offered")
        return for_terminal(refusal(request, local(desk.now()), [text]), place.fields)
    rules = desk.library.fresh_rules()
    if rules is None:
        # The request can be answered by the old rules, and it finds out itself whether the library answers.
        with suppress(Unavailable):
            rules = await desk.library.rules()
    if rules is not None and rules is not place.rules:
        place.use(rules)
    response = await meaning(request, desk)
    if place.fields[type(response)] or response.extensions:
        return for_terminal(response, place.fields)
    return response


def decline(request: Request, desk: Desk, error: LibraryError) -> Response:
    """Return the refusal of a request after `error`, with the reason for the patron."""
    _note_addressee(request, desk)
    now = desk.now()
    response = refusal(request, local(now), [_speaker(request, desk).why(error, today=now.date())])
    if not desk.place.profile.patron_password and "valid_patron_password" in response.members:
        response = response.but(valid_patron_password=None)
    detail = _DETAILS.get(type(request))
    return for_terminal(detail(response, error) if detail else response, desk.place.fields)


def _note_addressee(request: Request, desk: Desk) -> None:
    """Note who reads the answer: the patron that the request names, else the one at the terminal."""
    desk.addressee = (getattr(request, "patron_identifier", None) or "").strip() or desk.reader or ""


def _speaker(request: Request, desk: Desk) -> Speaker:
    """Return the speaker for a refusal, which also goes by the language in the request."""
    return desk.speaker(getattr(request, "language", ""))
