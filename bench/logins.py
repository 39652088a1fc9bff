"""`make bench-logins`: whether the time until a login is refused reveals why it is refused.

The gateway gets `--samples` logins of each kind over TLS. It runs as in production, but with a short floor, so that a
small difference shows. The library needs some time for a wrong account or password, like one that hashes passwords.
Each login comes from another network, because guesses from one network are throttled. The times of two kinds are
compared by their ranks (Mann and Whitney). Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import ssl
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import combinations
from pathlib import Path
from urllib.request import urlopen

from stage import ACCOUNT, LIBRARY, stage

KINDS = {
    "wrong password": f"9300CN|CO|CPDesk|AO{LIBRARY}|AC{ACCOUNT}:guess-{{0}}|\r",
    "unknown account": f"9300CN|CO|CPDesk|AO{LIBRARY}|ACnobody-{{0}}:guess-{{0}}|\r",
    "unknown library": f"9300CN|CO|CPDesk|AOnowhere-{{0}}|AC{ACCOUNT}:guess-{{0}}|\r",
}
AT_ONCE = 4


def refused(port: int, trusted: ssl.SSLContext, number: int, line: str) -> tuple[float, bytes]:
    """Return the seconds until this login is refused, and the answer."""
    source = (f"127.{1 + number // 250}.{number % 250}.1", 0)
    with (
        socket.create_connection(("127.0.0.1", port), 10, source_address=source) as plain,
        trusted.wrap_socket(plain, server_hostname="127.0.0.1") as terminal,
    ):
        begun = time.perf_counter()
        terminal.sendall(line.format(number).encode())
        said = terminal.recv(4096)
        return time.perf_counter() - begun, said


def slow_down(port: int, seconds: float) -> None:
    """Delay the answers of the sandbox to logins."""
    rule = {"what": "slow", "endpoint": "create_token", "library": LIBRARY, "seconds": seconds}
    with urlopen(f"http://127.0.0.1:{port}/control/misbehave", json.dumps(rule).encode(), 10):
        pass


def chance_of_the_same(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the probability that ranks differ so much, or more, if both samples have one distribution."""
    ranks = {value: rank for rank, value in enumerate(sorted([*one, *other]), 1)}  # no two are the same
    many, more = len(one), len(other)
    above = sum(ranks[value] for value in one) - many * (many + 1) / 2
    spread = statistics.NormalDist(many * more / 2, (many * more * (many + more + 1) / 12) ** 0.5)
    return 2 * min(spread.cdf(above), 1 - spread.cdf(above))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=300, help="logins of each kind")
    parser.add_argument(
        "--floor", type=float, default=0.1, help="login_floor in seconds; 0.001 is almost none"
    )
    parser.add_argument(
        "--hashing", type=float, default=0.03, help="seconds that the library needs to check a password"
    )
    options = parser.parse_args()
    limits = f"login_floor = {options.floor}\n"
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder), terminals=1, limits=limits) as running:
        slow_down(running.sandbox_port, options.hashing)
        trusted = ssl.create_default_context(cafile=running.certificate)
        ask = partial(refused, running.tls_port, trusted)
        kinds = [kind for kind in KINDS for _ in range(options.samples)]
        random.shuffle(kinds)
        with ThreadPoolExecutor(AT_ONCE) as terminals:
            found = list(terminals.map(ask, range(len(kinds)), [KINDS[kind] for kind in kinds]))
    print(f"answers: {', '.join(sorted({repr(said) for _, said in found}))}")
    times = {
        kind: [took for its, (took, _) in zip(kinds, found, strict=True) if its == kind] for kind in KINDS
    }
    for kind, took in times.items():
        low, median, high = statistics.quantiles(took, n=4)
        print(
            f"{kind:16} median {median * 1000:6.1f} ms, half of them within {low * 1000:.1f} to {high * 1000:.1f}"
        )
    for one, other in combinations(KINDS, 2):
        print(f"{one} and {other}: p = {chance_of_the_same(times[one], times[other]):.3g}")


if __name__ == "__main__":
    main()
