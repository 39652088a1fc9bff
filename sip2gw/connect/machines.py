"""Whether other machines have the same store: their attempts are not on this machine's page."""

from __future__ import annotations

from functools import partial

from sip2gw.store.port import Store, Transaction


async def other_machines(store: Store, processes: int) -> bool:
    """Return whether more processes than these, which this machine has, write to a store. Raises `StoreFailed`.

    A process that has died counts until its lease ends, for ten seconds at most.
    """
    return store.shared and await store.read(partial(_more, processes=processes))


def _more(tx: Transaction, processes: int) -> bool:
    (row,) = tx.rows("SELECT count(*) AS here FROM owners WHERE until > :now", now=tx.now)
    return int(row["here"]) > processes
