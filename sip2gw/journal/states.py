"""The states of a row and the table of its transitions. The journal moves a row by this table alone.

`SENT`, `QUEUED` and `UNKNOWN` rows are open: the gateway goes on with them. `DEAD` and `MISMATCH` rows wait for a
person. The other states are final.

In a rolling restart an older version meets the rows of a newer one. A word that it does not know (of `State`, `Told`,
or a method) it reads as `NEWER`, and leaves the row alone. A version that adds a state also migrates the store: only
then does an older version look for states that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class State(StrEnum):
    """What is known of a write."""

    SENT = "SENT"
    """It is being sent by a living process."""
    QUEUED = "QUEUED"
    """It was accepted for later."""
    UNKNOWN = "UNKNOWN"
    """It may have been done."""
    DONE = "DONE"
    FAILED = "FAILED"
    """The library refused it, or it was never sent; the terminal has no yes."""
    DEAD = "DEAD"
    """It can't be settled, or the library refused what the terminal was told yes for."""
    MISMATCH = "MISMATCH"
    """It is done, and the terminal was told no, or is not known to have a yes."""
    CLOSED = "CLOSED"
    """A person has closed it."""
    NEWER = "NEWER"
    """A state that this version does not know. It is never stored, and leads nowhere."""


class Event(StrEnum):
    """What happens to a row."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not sent"
    """The library was not asked."""
    LOST = "lost"
    """The library was asked, and its answer was lost."""
    ORPHANED = "orphaned"
    """The process that was sending it is gone."""
    ACCEPTED = "accepted"
    """It was not sent, and the terminal is told yes."""
    GIVEN_UP = "given up"
    TOLD = "told"
    """A terminal got an answer that is not of the library: the stored result, or a no while the outcome is open."""
    UNHEARD = "unheard"
    """It is not known that a terminal got an answer, and none has asked again in its time."""
    RETRY = "retry"
    APPLIED = "applied"
    DISCARDED = "discarded"


class Told(StrEnum):
    """What was sent to a terminal on a connection that was open, as far as is known."""

    NOTHING = ""
    """None is known: its connection had ended, or its process."""
    NO = "no"
    """Also "see a member of staff"."""
    OK = "ok"
    BOTH = "both"
    """A yes is stored, and a no was given in its place: if the write is done or refused, a person looks at it."""
    NEWER = "newer"
    """A word that this version does not know. It is never stored."""


WHAT_TOLD: Mapping[Told, str] = {
    Told.NOTHING: "it is not known that the terminal has an answer",
    Told.NO: "the terminal was told no",
    Told.OK: "the terminal was told yes",
    Told.BOTH: "the terminal was told no",
    Told.NEWER: "only a newer version knows what the terminal was told",
}
"""What the terminal was told, for people."""

OPEN = frozenset({State.SENT, State.QUEUED, State.UNKNOWN})
FOR_PEOPLE = frozenset({State.DEAD, State.MISMATCH})
SHOWN = OPEN | FOR_PEOPLE | {State.NEWER}
"""What people see in a list."""
ANY = (Told.NOTHING, Told.NO, Told.OK, Told.BOTH)
NOT_OK, NOT_NO = (Told.NOTHING, Told.NO), (Told.NOTHING, Told.OK)
A_NO, A_YES = (Told.NO, Told.BOTH), (Told.OK, Told.BOTH)
PEOPLE = (Event.RETRY, Event.APPLIED, Event.DISCARDED)
"""Events that only a person causes."""

_TABLE: tuple[tuple[tuple[State, ...], Event, tuple[Told, ...], State], ...] = (
    ((State.SENT,), Event.NOT_SENT, ANY, State.FAILED),
    ((State.SENT,), Event.LOST, ANY, State.UNKNOWN),
    ((State.SENT,), Event.ORPHANED, ANY, State.UNKNOWN),
    ((State.SENT,), Event.ACCEPTED, A_YES, State.QUEUED),
    ((State.QUEUED,), Event.NOT_SENT, ANY, State.QUEUED),
    ((State.QUEUED,), Event.LOST, ANY, State.UNKNOWN),
    ((State.QUEUED,), Event.ACCEPTED, A_YES, State.QUEUED),
    ((State.UNKNOWN,), Event.NOT_SENT, ANY, State.UNKNOWN),
    ((State.UNKNOWN,), Event.LOST, ANY, State.UNKNOWN),
    ((State.UNKNOWN,), Event.ACCEPTED, A_YES, State.UNKNOWN),
    ((State.QUEUED, State.UNKNOWN), Event.GIVEN_UP, ANY, State.DEAD),
    # What the library says counts, however late it comes, and to any process.
    ((State.SENT, State.QUEUED, State.UNKNOWN, State.FAILED, State.DEAD), Event.DONE, NOT_NO, State.DONE),
    ((State.SENT, State.QUEUED, State.UNKNOWN, State.FAILED, State.DEAD), Event.DONE, A_NO, State.MISMATCH),
    ((State.SENT, State.QUEUED, State.UNKNOWN), Event.REFUSED, NOT_OK, State.FAILED),
    ((State.SENT, State.QUEUED, State.UNKNOWN), Event.REFUSED, A_YES, State.DEAD),
    # Another process has settled it meanwhile, and the terminal was told otherwise by this one.
    ((State.DONE,), Event.DONE, A_NO, State.MISMATCH),
    ((State.DONE,), Event.LOST, A_NO, State.MISMATCH),
    ((State.DONE,), Event.NOT_SENT, A_NO, State.MISMATCH),
    ((State.FAILED,), Event.LOST, A_YES, State.DEAD),
    ((State.FAILED,), Event.ACCEPTED, A_YES, State.DEAD),
    ((State.DONE,), Event.TOLD, A_NO, State.MISMATCH),
    ((State.DONE,), Event.UNHEARD, (Told.NOTHING,), State.MISMATCH),
    ((State.DONE, State.MISMATCH), Event.TOLD, (Told.OK,), State.DONE),
    ((State.MISMATCH,), Event.DONE, (Told.OK,), State.DONE),
    ((State.DEAD,), Event.RETRY, ANY, State.UNKNOWN),
    ((State.DEAD, State.MISMATCH), Event.APPLIED, ANY, State.CLOSED),
    ((State.DEAD, State.MISMATCH), Event.DISCARDED, ANY, State.CLOSED),
)  # fmt: skip


def _spread() -> Iterable[tuple[tuple[State, Event, Told], State]]:
    for states, event, tolds, then in _TABLE:
        for state in states:
            for told in tolds:
                yield (state, event, told), then


TRANSITIONS: Mapping[tuple[State, Event, Told], State] = dict(_spread())
"""The next state, by state, event and what the terminal was told. What is not here changes nothing."""


def answered(event: Event, before: Told, told: Told, knew: Told = Told.NOTHING) -> Told:
    """Return what a terminal was told, with this event. A no after a yes makes `BOTH`: the terminal asked again.

    `before` is what the row says, `knew` what it said when the try began that tells this answer. A yes ends each no
    that its try knew, and the stored result ends all. If another try has told a no meanwhile, the terminal has changed
    its connection, and it is not known which answer it has.
    """
    if told is Told.NOTHING:
        return before
    if told is Told.NO:
        return Told.BOTH if before in A_YES else told
    return Told.BOTH if before in A_NO and event is not Event.TOLD and knew is not before else told


def after(state: State, event: Event, told: Told) -> State:
    """Return the state after this event. `told` is what the terminal was told, with this event: see `answered`."""
    return TRANSITIONS.get((state, event, told), state)
