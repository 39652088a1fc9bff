"""Faults of a network, as values; the names are those of Toxiproxy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from attrs import define, fields

Kind = Literal[
    "latency", "bandwidth", "slicer", "limit_data", "reset_peer", "timeout", "slow_close", "drop_reply"
]

FAULTS: Mapping[str, str] = {
    "latency": "each answer comes `seconds` later",
    "bandwidth": "answers come at `size` bytes a second",
    "slicer": "answers come in pieces of `size` bytes, `seconds` apart",
    "limit_data": "the connection is closed after `size` bytes of answers",
    "reset_peer": "the connection is reset, `seconds` after the request came; the request goes no further",
    "timeout": "the request goes no further, and the connection is closed after `seconds`; 0 means never",
    "slow_close": "the connection is closed only `seconds` after the server has closed it",
    "drop_reply": "the request is delivered, its answer is not; the connection is closed after `seconds`, 0: never",
}


@define
class Fault:
    """One fault. It applies to connections from the request on that has the text `when` in it, to `times` of them."""

    what: Kind
    seconds: float = 0.0
    size: int = 1
    when: str = ""
    times: int | None = None
    """None: to all."""

    def take(self, request: bytes) -> bool:
        """Return whether it applies to bytes of a client, and count one of its `times`."""
        if self.times == 0 or self.when.encode() not in request:
            return False
        if self.times is not None:
            self.times -= 1
        return True


def read(text: str) -> Fault:
    """Read a fault from a command line: `latency:seconds=2`, `drop_reply:when=POST:times=1`. Raises `ValueError`."""
    what, *settings = text.split(":")
    if what not in get_args(Kind):
        raise ValueError(f"there is no fault {what!r}; there are {', '.join(FAULTS)}")
    fault = Fault(what)  # type: ignore[arg-type]  # it is one of them
    kinds = {"seconds": float, "size": int, "when": str, "times": int}
    assert set(kinds) == {one.name for one in fields(Fault)} - {"what"}  # noqa: S101 (else it could not be set)
    for setting in settings:
        name, given, value = setting.partition("=")
        if not given or name not in kinds:
            raise ValueError(f"{what}: {setting!r} is none of {', '.join(f'{one}=' for one in kinds)}")
        setattr(fault, name, kinds[name](value))
    if fault.seconds < 0 or fault.size < 1:
        raise ValueError(f"{what}: seconds must not be negative, and size at least 1")
    return fault


assert set(FAULTS) == set(get_args(Kind))  # noqa: S101 (the table above is complete, or nothing starts)
