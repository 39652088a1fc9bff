"""What was found for an item a moment ago serves the return that follows at once, and nothing else.

A sorter asks for an item's status (17) and then takes it back (09): the second needn't look the copy up again. Only a
loan that was seen is trusted, since the write itself says if it has ended meanwhile; a copy that was free may have been
lent since, so that is asked anew. Of who has it, or waits for it, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import evolve

from sip2gw.librarika.records import Copy, MemberLabel
from sip2gw.librarika.resolution import Wanted

LIFE = 5.0
"""Seconds for which a glance counts."""
_MOST = 256


class Glances:
    """What one account has seen in the last seconds, by label. `now` is in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: dict[Wanted, tuple[float, list[Copy]]] = {}

    def __repr__(self) -> str:
        return f"<Glances: {len(self._seen)}>"

    def keep(self, wanted: Wanted, copies: Sequence[Copy]) -> None:
        """Remember what a label meant, for a moment."""
        now = self._now()
        self._seen.pop(wanted, None)
        for old in [key for key, (until, _) in self._seen.items() if until <= now]:
            del self._seen[old]
        if len(self._seen) >= _MOST:
            del self._seen[next(iter(self._seen))]
        self._seen[wanted] = (now + LIFE, [_without_patrons(copy) for copy in copies])

    def take(self, wanted: Wanted) -> list[Copy] | None:
        """What it meant a moment ago; once."""
        until, copies = self._seen.pop(wanted, (0.0, []))
        return copies if copies and self._now() < until else None

    def forget(self, copy_id: int) -> None:
        """Something was written that has to do with this copy."""
        stale = [key for key, (_, copies) in self._seen.items() if any(copy.id == copy_id for copy in copies)]
        for key in stale:
            del self._seen[key]


_NOBODY = MemberLabel(0, "")


def _without_patrons(copy: Copy) -> Copy:
    loan = copy.current_booking
    return evolve(
        copy, current_booking=None if loan is None else evolve(loan, member=_NOBODY), next_reservation=None
    )
