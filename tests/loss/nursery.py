"""Starts gateways fast: `python -m loss.nursery` imports everything once, and forks a process for each gateway.

It reads orders from its standard input, one JSON object a line: {"id", "config", "crash", "log", "hand", "jumps"}.
It writes what happens, the same way: {"id", "pid"}, {"id", "ready"}, {"id", "ended"}.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from loss import clock, crashes

clock.make_movable()

import sip2gw.service  # noqa: E402  # after the clock is set
from sip2gw.store import threads  # noqa: E402

DAY = 86_400.0
MODULES = ("sip2gw.wiring.gateway", "sip2gw.wiring.reloading", "twisted.web.http", "treq.client")


def main() -> None:
    """Fork a gateway for each order, until there are no more."""
    for name in MODULES:
        __import__(name)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(order)
        tell(id=order["id"], pid=pid)
        threading.Thread(target=_wait, args=(order["id"], pid), daemon=True).start()


def tell(**what: Any) -> None:
    """Write one line at once; two processes never mix their lines."""
    os.write(1, json.dumps(what).encode() + b"\n")


def _wait(number: int, pid: int) -> None:
    tell(id=number, ended=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _run(order: dict[str, Any]) -> None:
    """Be a gateway, to the end."""
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(log, 2)
        os.close(0)
        clock.hand = clock.Hand(Path(order["hand"]))
        if order["jumps"]:  # a change in progress would look as if it took that long
            threads.LIMIT = DAY
        _serve(order)
    except BaseException as failure:  # it must not go on as its parent
        print(repr(failure), file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def _serve(order: dict[str, Any]) -> None:
    from twisted.internet import reactor as running
    from twisted.logger import globalLogBeginner, textFileLogObserver

    reactor: Any = running
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)], redirectStandardIO=False)
    clock.look_often(reactor)
    crashes.set_up(order["crash"])
    options = sip2gw.service.Options()
    options.parseOptions(["--config", order["config"]])
    service: Any = sip2gw.service.makeService(options)
    service.privilegedStartService()
    service.startService()
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.callWhenRunning(lambda: tell(id=order["id"], ready=True))
    reactor.run()


if __name__ == "__main__":
    main()
