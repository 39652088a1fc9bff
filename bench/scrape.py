"""`make bench-scrape`: what a scrape of /metrics costs when 5,000 libraries have series.

The page is asked for over a socket of this process, which notes how long its reactor is kept from other work: a
terminal would wait as long. It is counted in time of the processor, so that a busy machine changes little. Nothing is
asserted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from stage import report
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.utils import getProcessOutput
from twisted.web.resource import Resource
from twisted.web.server import Site

from sip2gw.admin.figures import MetricsPage
from sip2gw.metrics import Metrics
from sip2gw.process.interpreter import settle

MESSAGES = "09", "11", "17", "23", "35", "63", "99"
ASK = """
import json, sys, time, urllib.request
def ask():
    began = time.perf_counter()
    size = len(urllib.request.urlopen(sys.argv[1]).read())
    return time.perf_counter() - began, size
print(json.dumps([ask() for _ in range(int(sys.argv[2]))]))
"""
"""Another process asks, so that reading the page takes nothing from this one."""
STEP = 0.002
"""Seconds between two looks at the clock."""


def filled(libraries: int) -> Metrics:
    """Return metrics of so many libraries, each with the series of an ordinary day."""
    metrics = Metrics(libraries=libraries)
    for name in (f"library{number}" for number in range(libraries)):
        metrics.logins.inc(metrics.library(name), "ok")
        for message in MESSAGES:
            metrics.messages.inc(name, message, "answered")
        metrics.messages.inc(name, "11", "refused")
        metrics.line_faults.inc(name, "resent")
        metrics.calls.inc(name, "answered")
        metrics.calls.inc(name, "refused")
        metrics.last_activity.note(name, time.time())
        metrics.terminals.set(name, 3)
        metrics.seats.set(name, 3, "used")
        metrics.seats.set(name, 5, "licensed")
        for gauge in (metrics.breakers, metrics.calls_failed_in_a_row, metrics.offline):
            gauge.set(name, 0)
    return metrics


def measure(progress: Callable[[str], None], libraries: int, times: int) -> dict[str, Any]:
    """Return the seconds of a scrape, its size, and the longest time that the reactor was kept from its work."""
    progress(f"{times} scrapes of {libraries:,} libraries")
    settle()
    metrics, root = filled(libraries), Resource()
    root.putChild(b"metrics", MetricsPage(lambda: metrics.registry))  # type: ignore[no-untyped-call]
    port = reactor.listenTCP(0, Site(root), interface="127.0.0.1")  # type: ignore[attr-defined, no-untyped-call]
    url = f"http://127.0.0.1:{port.getHost().port}/metrics"
    gaps: dict[str, float] = {}

    async def blocked(name: str, work: Deferred[Any]) -> Any:
        """Return what the work comes to; note the most of a processor between two looks meanwhile."""
        last = [time.thread_time()]

        def look() -> None:
            last.append(time.thread_time())
            gaps[name] = max(gaps.get(name, 0.0), last[-1] - last.pop(0))

        looking = LoopingCall(look)
        looking.start(STEP)
        found = await work
        looking.stop()
        return found

    async def run() -> list[Any]:
        await blocked("idle", deferLater(reactor, 3.0))
        asked = getProcessOutput(sys.executable, ["-c", ASK, url, str(times)], env=None)
        return json.loads(await blocked("scraped", asked))

    results: list[Any] = []

    def begin() -> None:
        asked = Deferred.fromCoroutine(run()).addCallback(results.extend)
        asked.addBoth(lambda _: reactor.stop())  # type: ignore[attr-defined]

    reactor.callWhenRunning(begin)  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]
    return {
        "libraries": libraries,
        "mib": round(results[-1][1] / 2**20, 1),
        "seconds": [round(took, 2) for took, _ in results],
        "blocked_ms": {name: round(1000 * one, 1) for name, one in gaps.items()},
    }


def show(result: dict[str, Any]) -> None:
    """Print the result for people."""
    print(f"{result['libraries']:,} libraries: {result['mib']} MiB in {max(result['seconds'])} s at most")
    blocked = result["blocked_ms"]
    print(f"  other work waited {blocked['scraped']} ms at most, and {blocked['idle']} ms without a scrape")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--libraries", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=5)
    report(parser, measure, show)
