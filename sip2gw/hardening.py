"""Passwords are in the process's memory, so it is nobody else's: no core dumps, and no looking in from outside."""

from __future__ import annotations

import ctypes
import resource
import sys

from twisted.logger import Logger

_PR_SET_DUMPABLE = 4

log = Logger()


def keep_memory_private() -> None:
    """Leave no core dump from now on; and on Linux no other process of this user may attach to this one."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        log.warn("the system does not let the process keep its memory to itself")
