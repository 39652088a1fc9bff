"""A desk is what the answers to one terminal may use: its library, the library's rules, a clock, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from attrs import frozen

from sip2gw.library import Library, Rules


def utc_now() -> datetime:
    """This moment, aware."""
    return datetime.now(UTC)


def new_key() -> str:
    """A name for one transaction that no other has."""
    return str(uuid4())


@frozen
class Policy:
    """What the operator of the gateway decides for all terminals.

    `timeout` is how long, in seconds, 98 tells a terminal to wait for an answer; `retries` how often to repeat.
    """

    timeout: float = 30.0
    retries: int = 3


@frozen
class Desk:
    """One tenant's desk, as one terminal stands at it.

    `terminal` names the terminal to the library; `location` is where it says it stands (CP); `reader` is the patron
    whom it last asked about, and who is still there as far as is known. `clock` gives aware moments.
    """

    library: Library
    rules: Rules
    terminal: str = ""
    location: str = ""
    reader: str | None = None
    policy: Policy = Policy()
    clock: Callable[[], datetime] = utc_now
    new_key: Callable[[], str] = new_key

    def now(self) -> datetime:
        """This moment in the library's zone; aware."""
        return self.clock().astimezone(self.rules.zone)

    @property
    def branch(self) -> str:
        """The branch that the terminal says it stands in, if that is one; else empty."""
        place = self.location.casefold()
        return next((branch for branch in self.rules.branches if branch.casefold() == place), "")

    def happened(self, moment: datetime | None) -> datetime:
        """A terminal's timestamp as an aware moment. Without one, or if it lies in the future: now."""
        now = self.now()
        if moment is None:
            return now
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.rules.zone)
        return moment.astimezone(self.rules.zone) if moment <= now + timedelta(minutes=5) else now
