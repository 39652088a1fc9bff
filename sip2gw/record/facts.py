"""What the record needs from other rooms at a question: it is looked up then, and not kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import Factory, frozen


@frozen
class API:
    """How the API of a library is."""

    library: str
    online: bool
    breaker: str
    since: float
    failure: str = ""


@frozen
class Facts:
    """The state of one process by now."""

    apis: tuple[API, ...] = ()
    seats: Mapping[str, tuple[int, int | None]] = Factory(dict)
    """Used and licensed, by library; None is no limit."""
    warnings: tuple[str, ...] = ()
    """Sentences of the operator's health page: certificates, the store."""
    journal: Mapping[str, int] = Factory(dict)
    """Rows by state, as `journal.states.State` spells it."""
    journal_oldest: float = 0.0
    """Seconds since the oldest open row was begun."""
    lag: float = 0.0
    """The longest delay of the event loop within a minute, in seconds."""
    libraries: frozenset[str] = frozenset()
    """Libraries that the configuration names."""


def no_session(_: str) -> Mapping[str, Any] | None:
    """Know nothing of the session of a connection."""
    return None


@frozen
class GatewayAccess:
    """What the record looks up in the gateway, or has done there, at a question.

    `session` returns what the session of a live connection knows of its terminal; `disconnect` ends a connection, and
    returns whether there was one. `held` returns the sessions of a library that hold a seat, by connection; `free`
    disconnects the terminal of such a session, whose seat is another's from now on, and returns whether there was one.
    """

    facts: Callable[[], Facts] = Facts
    session: Callable[[str], Mapping[str, Any] | None] = no_session
    disconnect: Callable[[str], bool] = lambda _: False
    held: Callable[[str], Mapping[str, str]] = lambda _: {}
    free: Callable[[str], bool] = lambda _: False
