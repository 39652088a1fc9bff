"""Settle one row: make its call again under its key, and find out what became of it.

The first call of a write settles nothing: it is `calling.make_call` alone.
"""

from __future__ import annotations

from attrs import evolve

from sip2gw.journal.calling import Outcome, make_call
from sip2gw.journal.codec import Call
from sip2gw.journal.rows import Stored
from sip2gw.journal.states import Event, State, Told
from sip2gw.library import InDoubt, Library, PasswordMissing, Refused, Unavailable
from sip2gw.library.errors import ACCOUNT_REFUSED, PROVES_NOTHING
from sip2gw.secret import Secret

ARRIVED = 300.0
"""Seconds after which a request that was sent is no longer on its way. A library that has not done a write by then, and
can't do it without a password, will not do it."""

KEY_KEPT = 23 * 3600.0
"""Seconds for which a library surely knows a key; the contract says 24 hours. Nothing is sent again after that."""

NOT_SETTLED = "not settled within a day"
"""Why a row is given up whose key may be forgotten."""
MOST_TRIES = 50
"""How often a write is sent, by the forwarder and for terminals together. One that the library can't answer then never
ends its doubt, and the next writes on the item wait for it."""


def given_up(row: Stored) -> Outcome | None:
    """Return how a row ends that is not sent any more; None for others. This try is counted already.

    Its key may be forgotten, or it was sent often enough. A person may have one sent again that was never in doubt:
    then this is its first try.
    """
    if row.tries > MOST_TRIES:
        return Outcome(Event.GIVEN_UP, error=InDoubt(f"not settled in {MOST_TRIES} tries"))
    afresh = row.state is State.UNKNOWN and row.tries == 1
    if row.age <= KEY_KEPT or afresh:
        return None
    return Outcome(Event.GIVEN_UP, error=InDoubt(NOT_SETTLED))


async def settle(library: Library, call: Call, row: Stored, password: Secret | None = None) -> Outcome:
    """Settle the call of a row, which may have been made before.

    `password` is the one that was entered again just now, for a call that had one.
    """
    call = evolve(call, occasion=evolve(call.occasion, waited=row.waited))
    outcome = await _made_again(library, call, row, password)
    if outcome.event is Event.REFUSED and outcome.reason in ACCOUNT_REFUSED:
        return Outcome(Event.NOT_SENT, error=Unavailable(outcome.reason))
    if outcome.event is Event.REFUSED and outcome.reason in PROVES_NOTHING:
        return Outcome(Event.GIVEN_UP, error=InDoubt(outcome.reason))
    return outcome


async def _made_again(library: Library, call: Call, row: Stored, password: Secret | None) -> Outcome:
    had_one = call.occasion.password_entered
    outcome = await make_call(library, call, password if had_one else None)
    if not had_one:
        return outcome
    not_done = isinstance(outcome.error, PasswordMissing)
    if row.told is Told.OK and (not_done or outcome.reason == "idempotency_key_reused"):
        # The terminal was told yes for what had happened already, so no password may stop it.
        return await make_call(library, evolve(call, occasion=evolve(call.occasion, password_entered=False)))
    if not_done and row.age > ARRIVED:
        return Outcome(
            Event.REFUSED,
            error=Refused("not_done", "the library can't do it without the password"),
        )
    return outcome
