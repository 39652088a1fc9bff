"""Rows that are open while a terminal writes on the same item: they are joined, or settled before."""

from __future__ import annotations

from sip2gw.journal.begin import Join
from sip2gw.journal.calling import Outcome
from sip2gw.journal.codec import Call, Misfit
from sip2gw.journal.crypto import Unreadable
from sip2gw.journal.journal import Journal
from sip2gw.journal.rows import Stored
from sip2gw.journal.settling import settle
from sip2gw.journal.states import State
from sip2gw.library import Library, PasswordCheck, Refused
from sip2gw.secret import Secret


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
    return outcome.is_decided


async def settle_row(
    journal: Journal, library: Library, row: Stored, call: Call, password: Secret | None
) -> Outcome:
    """Settle a row, with the password that was entered again just now."""
    age = max(journal.now() - row.created, 0.0)
    return await settle(library, call, told=row.told, age=age, password=password)
