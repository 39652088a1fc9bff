"""A call that was made to a library's system, for the operator who looks for it in that system's log."""

from __future__ import annotations

from typing import NamedTuple


class Made(NamedTuple):
    """One call: `status` is 0 if no answer came, `ms` is how long it took, and `id` the one that was sent with it."""

    operation: str
    status: int
    ms: float
    id: str
