"""The table `[terminals]`: how long terminals wait for an answer, and how they log in."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from sip2gw.limits import Between


@frozen
class Terminals:
    """`[terminals]`: settings for all terminals."""

    # Three digits of 98 have the tenths of a second; 99.9 would mean "unknown". So would 999 tries.
    timeout: Annotated[float, Between(1, 99.8, "seconds, such as 30")] = 30.0
    """Seconds that a terminal should wait for an answer, as stated in 98."""
    retries: Annotated[int, Between(0, 998)] = 3
    """How often a terminal should ask again, as stated in 98."""
    deferred_login: bool = True
    """Whether a terminal that names no library when it logs in may name it with its first request."""
