"""A request has a meaning when a function answers it; every other request is politely refused.

What the terminals are told to be supported (BX) is read off these tables, so that it can't promise what is not there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from attrs import evolve

from sip2gw.circulation import texts
from sip2gw.circulation.desk import Desk
from sip2gw.library import LibraryError, Unavailable
from sip2gw.sip2 import Request, Response, local, refusal

R = TypeVar("R", bound=Request)
Answer = Callable[[R, Desk], Awaitable[Response]]
Detail = Callable[[Any, LibraryError], Response]

_ANSWERS: dict[type[Request], Answer[Any]] = {}
_DETAILS: dict[type[Request], Detail] = {}
_THE_SESSIONS = frozenset({"93", "97"})
"""Requests that the conversation itself answers."""


def answers(request: type[R], *, declined: Detail | None = None) -> Callable[[Answer[R]], Answer[R]]:
    """Declare a function as the meaning of a request. `declined` completes the refusal when the library says no."""

    def declare(function: Answer[R]) -> Answer[R]:
        _ANSWERS[request] = function
        if declined is not None:
            _DETAILS[request] = declined
        return function

    return declare


def supported() -> frozenset[str]:
    """The codes of all requests that have a meaning."""
    return frozenset(request.code for request in _ANSWERS) | _THE_SESSIONS


async def answer(request: Request, desk: Desk) -> Response:
    """What the library makes of a request. Raises `Refused`, `Unavailable` and `InDoubt`: see `decline`."""
    meaning = _ANSWERS.get(type(request))
    if meaning is None:
        return refusal(request, local(desk.now()), [texts.NOT_OFFERED])
    # Without an answer the rules known at login will do; the request itself finds out whether the library is there.
    with suppress(Unavailable):
        desk = evolve(desk, rules=await desk.library.rules())
    return await meaning(request, desk)


def decline(request: Request, desk: Desk, error: LibraryError) -> Response:
    """The refusal that tells a terminal of `error`, in the form that its request expects."""
    response = refusal(request, local(desk.now()), [texts.why(error)])
    detail = _DETAILS.get(type(request))
    return detail(response, error) if detail else response
