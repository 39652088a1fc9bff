"""A process that starts twistd in a moment: `python starter.py FD` imports the product once, and forks for each order.

An order comes over the socket FD: JSON (`arguments`, `directory`, `environment`) with two descriptors. The program
prints to the first one. Its process id is written to the second one when it starts, and its exit status when it has
ended.
"""

from __future__ import annotations

import gc
import json
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module

from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
from twisted.scripts.twistd import run

MODULES = "sip2gw.service", "sip2gw.demo", "sip2gw.sandbox.service", "twisted.scripts._twistd_unix"
"""What the programs would import by themselves."""
REACTOR = "twisted.internet.reactor"
MOST = 1 << 18
"""Bytes of an order."""


def prepare() -> None:
    """Import what all programs need, but not the reactor, which each process needs for itself."""
    list(getPlugins(IServiceMaker))
    for name in MODULES:
        import_module(name)
    assert REACTOR not in sys.modules
    gc.collect()
    gc.freeze()


def next_order(orders: socket.socket) -> bool:
    """Fork for each order. Return True in a new process, and False in this one when there are no more orders."""
    running: dict[int, Callable[[], None]] = {}
    while True:
        # Not a thread for each process: a process that has threads should not fork.
        ready, _, _ = select.select([orders, *running], [], [])
        for ended in set(ready) & running.keys():
            running.pop(ended)()
            os.close(ended)
        if orders in ready:
            data, given, *_ = socket.recv_fds(orders, MOST, 2)
            if not data:
                return False
            printed, told = given
            process = os.fork()
            if not process:
                become(json.loads(data), printed)
                return True
            os.close(printed)
            os.write(told, b"%d\n" % process)
            running[os.pidfd_open(process)] = partial(tell_end, process, told)


def tell_end(process: int, told: int) -> None:
    """Write its exit status, as `subprocess` has it."""
    with open(told, "w") as file:
        file.write(f"{os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])}\n")


def become(order: dict[str, object], printed: int) -> None:
    """Take over what distinguishes this process from others."""
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(order["directory"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = [path for path in paths if path not in sys.path]
    sys.argv = order["arguments"]


if __name__ == "__main__":
    prepare()
    if next_order(socket.socket(fileno=int(sys.argv[1]))):
        sys.exit(run())
