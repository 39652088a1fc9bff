"""What a terminal's requests showed of its set-up, for the operator: checksums, and its clock."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from sip2gw.sip2 import Request, Trailer


class Habits:
    """Of one session. `checked` and `unchecked` count requests with and without a checksum."""

    __slots__ = ("_said", "_said_at", "checked", "unchecked")

    def __init__(self) -> None:
        self.checked = self.unchecked = 0
        self._said: datetime | None = None
        self._said_at: datetime | None = None

    def note(self, request: Request, trailer: Trailer, now: datetime) -> None:
        """Note a request that came at `now`, which has a zone."""
        if trailer.checked:
            self.checked += 1
        else:
            self.unchecked += 1
        said = getattr(request, "transaction_date", None)
        if said is not None:
            self._said, self._said_at = said, now

    def clock_ahead(self, zone: tzinfo | None) -> float | None:
        """Return by how many seconds the terminal's clock was ahead at last; None if it has not told the time.

        `zone` is the library's, for a time without one.
        """
        if self._said is None or self._said_at is None:
            return None
        said = self._said if self._said.tzinfo else self._said.replace(tzinfo=zone or UTC)
        return (said - self._said_at).total_seconds()
