"""A line and its answer as they went over the wire, for a trace. Read only while a trace runs."""

from __future__ import annotations

from attrs import field, frozen


@frozen
class LinesSeen:
    """One line of a connection, and the answer to it; `answer` is empty if there was none. Both without terminator.

    `patron` is the tag of the patron in it. `charset` and `delimiter` are those of the terminal.
    """

    at: float
    conn: str
    seq: int
    library: str
    terminal: str
    patron: str
    charset: str
    delimiter: str
    line: bytes = field(repr=False)
    answer: bytes = field(repr=False)
