"""Rows that are open while a terminal writes on the same item: they are joined, or settled before."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from sip2gw.journal import claims
from sip2gw.journal.begin import Join
from sip2gw.journal.calling import Outcome
from sip2gw.journal.codec import Call, Misfit
from sip2gw.journal.crypto import Unreadable
from sip2gw.journal.journal import Journal
from sip2gw.journal.rows import Stored
from sip2gw.journal.settling import given_up, settle
from sip2gw.journal.states import Event, State
from sip2gw.library import Library, PasswordCheck, Refused, Unavailable
from sip2gw.library.still_shown import still_shown
from sip2gw.secret import Secret
from sip2gw.store.port import StoreFailed


def was_answered(journal: Journal, row: Stored, before: str) -> bool:
    """Return whether this process knows the outcome of a row, which was only not stored when it was read.

    A row that was waited for `before` is settled: its outcome could not be stored.
    """
    if row.state is not State.SENT or row.key == before:
        return False
    sending = journal.in_progress.get(row.key)
    return sending is None or sending.outcome is not None


async def joinable(journal: Journal, library: Library, join: Join, password: Secret | None) -> Call | None:
    """Return the call of the row if this write is the same one. A password that was entered again is checked."""
    try:
        call = journal.call(join.row)
    except (Unreadable, Misfit):
        return None
    if join.same_line:
        return call
    if call.occasion.no_block or call.occasion.password_entered != bool(password):
        return None
    if password is not None:
        found = await library.patron(call.arguments["patron_id"], password=password)
        if found.password is not PasswordCheck.RIGHT:
            raise Refused("password_wrong")
    return call


async def holds(library: Library, call: Call) -> bool:
    """Return whether the library still shows what this call has done."""
    named = call.arguments
    item_id, patron_id = named.get("item_id") or "", named.get("patron_id") or ""
    third_party = bool(named.get("third_party"))
    return await still_shown(library, call.method.name, item_id, patron_id, third_party=third_party)


async def settle_before(journal: Journal, library: Library, row: Stored) -> bool:
    """Settle an older row on the item. Return whether it is out of the way."""
    if (sending := journal.in_progress.get(row.key)) is not None:
        await sending.stored.wait()
        return True
    try:
        call = journal.call(row)
    except (Unreadable, Misfit):
        return False
    outcome = await settle_row(journal, library, row, call, None)
    await journal.outcomes.record(
        row.library, row.key, outcome.event, reason=outcome.reason, result=outcome.result
    )
    return outcome.is_decided or outcome.event is Event.GIVEN_UP


async def settle_row(
    journal: Journal, library: Library, row: Stored, call: Call, password: Secret | None
) -> Outcome:
    """Settle a row, with the password that was entered again just now. The try is counted before it is made."""
    change = journal.store.change
    try:
        counted = await change(partial(claims.count_try, row=row))
    except StoreFailed as failed:
        return Outcome(Event.NOT_SENT, error=Unavailable(f"the gateway's store: {failed.kind}"))
    if counted is not None and (over := given_up(counted)) is not None:
        return over
    outcome = await settle(library, call, counted or row, password)
    if outcome.event is Event.NOT_SENT:
        with suppress(StoreFailed):  # it then has one try less
            await change(partial(claims.release, row=row, wait=1.0, counted=False))
    return outcome
