"""Reserve file descriptors for all but terminals: the library's API, health, the log.

If descriptors run out, only new terminals are rejected.
"""

from __future__ import annotations

import resource

from twisted.logger import Logger

KEPT = 512
"""Descriptors that are reserved; where there are few, half of them."""

_log = Logger()


def places(files: int) -> int:
    """Return how many connections fit with this many file descriptors."""
    return files - min(KEPT, files // 2)


def ceiling(wanted: int, before: int = 0) -> int | None:
    """Return how many connections fit in this process, or None for any number.

    Fewer than `wanted` are logged, but not again if as many were wanted `before`.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return None
    if (most := places(files)) < wanted != before:
        _log.warn(
            "only {most} connections fit, not the {wanted} of limits.connections: "
            "only {files} files may be open (LimitNOFILE)",
            most=most, wanted=wanted, files=files,
        )  # fmt: skip
    return most
