"""A connection takes a file descriptor, and some are left for everything else: the library's API, health, the log.

So when there are more terminals than descriptors it is terminals that find no place, and everything else goes on.
"""

from __future__ import annotations

import resource

from twisted.logger import Logger

KEPT = 512
"""For everything else; where there are few, half of them."""

_log = Logger()


def places(files: int) -> int:
    """How many connections there can be with this many file descriptors."""
    return files - min(KEPT, files // 2)


def ceiling(wanted: int) -> int | None:
    """How many connections there can be in this process, or None for any number. Fewer than `wanted` are logged."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return None
    if (most := places(files)) < wanted:
        _log.warn(
            "only {most} connections fit, not the {wanted} of limits.connections: "
            "only {files} files may be open (LimitNOFILE)",
            most=most, wanted=wanted, files=files,
        )  # fmt: skip
    return most
