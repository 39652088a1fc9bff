"""How long a question may take, and how much is asked or taken at most: values that a reload replaces whole."""

from __future__ import annotations

from attrs import field, frozen, validators


@frozen
class Timeouts:
    """How long things may take, in seconds.

    `call` is for all that one request of a terminal needs, from asking to the last byte; it is what counts.
    `headers` is the most that one request may take until the head of its answer is there, `connect` until a
    connection stands, TLS handshake included; `probe` is for finding out whether a library can be reached.
    """

    connect: float = field(default=3.0, validator=validators.gt(0))
    headers: float = field(default=10.0, validator=validators.gt(0))
    call: float = field(default=20.0, validator=validators.gt(0))
    probe: float = field(default=3.0, validator=validators.gt(0))

    @property
    def reserve(self) -> float:
        """What must be left of `call` when a write is begun, so that a lost answer can be settled."""
        return self.call / 4


@frozen
class CallLimits:
    """What may be asked and taken at most.

    `calls` are under way at the same time in the process, and `calls_per_library` to one library: fewer when more than
    half of all places are taken (see `bulkhead`). Of a library's calls the part `retry_share` is tried again. A library
    that asks to be left alone is, for `retry_after` seconds at most. Of an answer `answer_body` and `answer_head` bytes
    are read.
    """

    calls: int = field(default=256, validator=validators.ge(1))
    calls_per_library: int = field(default=16, validator=validators.ge(1))
    retry_share: float = field(default=0.1, validator=[validators.ge(0), validators.le(1)])
    retry_after: float = field(default=60.0, validator=validators.ge(0))
    answer_body: int = field(default=2**20, validator=validators.ge(1))
    answer_head: int = field(default=2**14, validator=validators.ge(1))
