"""Passwords are in the process's memory, so it is nobody else's: no core dumps, and no looking in from outside."""

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
"""What the group may not do, and others: write, and anything."""

log = Logger()


def keep_memory_private() -> None:
    """Leave no core dump from now on; and on Linux no other process of this user may attach to this one."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        log.warn("the system does not protect the memory of the process from core dumps and other processes")


def keep_files_private(program: Mapping[str, Any]) -> None:
    """Make no file that every user may read, the log above all; unless `twistd --umask` says otherwise.

    `program` has the options of twistd. It opens the log after this.
    """
    if program.get("umask") is not None:
        return
    os.umask(os.umask(_OTHERS) | _OTHERS)
    name = log_file(program)
    if name is not None:
        with suppress(OSError):  # not there yet, or somebody else's
            Path(name).chmod(Path(name).stat().st_mode & ~_OTHERS & 0o777)


def log_file(program: Mapping[str, Any]) -> str | None:
    """The file that twistd was told to log to, if it is one."""
    name = program.get("logfile")
    return name if name and name != "-" else None
