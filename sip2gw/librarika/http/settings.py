"""The timeouts of a call, and limits on calls. A reload replaces each of them whole."""

from __future__ import annotations

from typing import Self

from attrs import field, frozen, validators


@frozen
class Timeouts:
    """How long the parts of a call may take, in seconds. Only `call` is a setting; the parts follow from it."""

    connect: float = field(default=3.0, validator=validators.gt(0))
    """For a connection, with its TLS handshake. A lost packet is sent again after 1 s, and once more after 3 s."""
    headers: float = field(default=10.0, validator=validators.gt(0))
    """Until the answer begins. Half of a call: the other half is for settling a write whose answer was lost."""
    call: float = field(default=20.0, validator=validators.gt(0))
    """For all that one request of a terminal needs, from the first connection to the last byte."""
    probe: float = field(default=3.0, validator=validators.gt(0))
    """For a health check; there may be two in a row. Each is one call."""

    @classmethod
    def within(cls, call: float) -> Self:
        """Return the timeouts of a call of so many seconds. No part takes more than half of it."""
        usual = cls()
        parts = (min(part, call / 2) for part in (usual.connect, usual.headers, usual.probe))
        connect, headers, probe = parts
        return cls(connect, headers, call, probe)

    reserve: float = field(init=False)
    """What must be left of `call` when a write is begun, so that a lost answer can be settled."""

    @reserve.default
    def _quarter(self) -> float:
        return self.call / 4


@frozen
class CallLimits:
    """How many calls are made, and how much of an answer is read. Only the first two are settings."""

    calls: int = field(default=256, validator=validators.ge(1))
    """Calls in progress at the same time, in all."""
    calls_per_library: int = field(default=16, validator=validators.ge(1))
    """Calls in progress to one library; fewer while more than half of all are used (see `bulkhead`)."""
    retry_share: float = field(default=0.1, validator=[validators.ge(0), validators.le(1)])
    """The part of a library's calls that may be retried. More would add to the load of a library that is failing."""
    retry_after: float = field(default=60.0, validator=validators.ge(0))
    """The longest pause, in seconds, of calls to a library that asks for one. A longer one would be an outage."""
    answer_body: int = field(default=2**20, validator=validators.ge(1))
    """Bytes of the longest answer: many times those of a member with a hundred loans."""
    answer_head: int = field(default=2**14, validator=validators.ge(1))
    """Bytes of its status line and headers. Servers and proxies usually allow 8 KiB."""
