"""Protect the passwords in the process's memory: no core dumps, no access by other processes."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.logger import Logger

_PR_SET_DUMPABLE = 4
_OTHERS = 0o027
"""Rights that are withheld: write from the group, all from others."""

log = Logger()


def keep_memory_private() -> None:
    """Disable core dumps; and on Linux, attaching by other processes of the same user."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        log.warn("the system does not protect the memory of the process from core dumps and other processes")


def keep_files_private(program: Mapping[str, Any]) -> None:
    """Create files unreadable for other users, the log above all; `twistd --umask` overrides this.

    `program` has the options of twistd, which opens the log after this.
    """
    if program.get("umask") is not None:
        return
    os.umask(os.umask(_OTHERS) | _OTHERS)
    name = log_file(program)
    if name is not None:
        with suppress(OSError):  # not there yet, or of another user
            Path(name).chmod(Path(name).stat().st_mode & ~_OTHERS & 0o777)


def log_file(program: Mapping[str, Any]) -> str | None:
    """Return the file that twistd was told to log to, if it is a regular file."""
    name = program.get("logfile")
    return name if name and name != "-" else None
