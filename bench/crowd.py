"""`make bench-idle`: the cost of idle, silent and hostile connections, and whether other terminals notice them.

Terminals log in over TLS and stay idle. Then many strangers connect at once and send nothing. Then hostile peers come,
one after the other. Memory is the growth of the gateway's process. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen
from peers import ASK, HOSTILE, be
from stage import (
    ACCOUNT,
    ITEM,
    LIBRARY,
    MEMBER,
    PASSWORD,
    ROOT,
    Process,
    Stage,
    environment,
    program,
    report,
    stage,
)

RATE = 250
"""Requests a second of all terminals together, while strangers are connected."""
LOOK = 0.05
SETTLED = 3.5
"""Seconds after which connections without a slot are closed, and no deadline has passed yet."""


@contextmanager
def idle_terminals(stage: Stage, count: int, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Run `count` terminals that are logged in, and ask now and then for `seconds`."""
    command = program(
        "-c", "from sip2gw.tools.cli import main; main(prog_name='sip2gw')",
        "load", "--json", f"--port={stage.tls_port}", f"--ca-file={stage.certificate}",
        f"--library={LIBRARY}", f"--account={ACCOUNT}", f"--terminals={count}", f"--seconds={seconds}",
        f"--rate={RATE}", "--mix=99:1", f"--patrons={MEMBER.format(1)}", f"--items={ITEM.format(1)}",
        "--timeout=20",
    )  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        if "logged in" not in said:
            raise SystemExit(f"the terminals did not log in: {said}{process.stderr.read()}")
        yield process


@frozen
class Silence:
    """The fate of the silent strangers."""

    held: int
    """How many stayed connected after those without a slot had been closed."""
    gone_after: float
    """Seconds from the first connection until all were closed."""
    mib: float
    """MiB by which the process had grown then: with ended connections that Python has not freed yet."""


def be_silent(stage: Stage, count: int, seconds: float) -> Silence:
    """Open `count` connections at once, from as many addresses as necessary, and send nothing for at most `seconds`."""
    before, began = stage.gateway.resident(), time.monotonic()
    waiting = select.poll()
    connections = {}
    for number in range(count):
        connection = socket.socket()
        connection.setblocking(False)
        connection.bind((f"127.0.1.{1 + number // 16}", 0))
        connection.connect_ex(("127.0.0.1", stage.tls_port))
        connections[connection.fileno()] = connection
        waiting.register(connection, select.POLLIN)
    held = resident = 0
    last = began
    while connections and time.monotonic() - began < seconds:
        closed = waiting.poll(LOOK * 1000)
        for descriptor, _ in closed:
            waiting.unregister(descriptor)
            connections.pop(descriptor).close()
        if closed:
            last = time.monotonic()
        if not held and time.monotonic() - began > SETTLED:
            held, resident = sum(map(is_connected, connections.values())), stage.gateway.resident()
    for connection in connections.values():
        connection.close()
    if connections:
        print(f"{len(connections)} silent connections were not closed")
    return Silence(held, last - began, (resident - before) / 1024)


def is_connected(connection: socket.socket) -> bool:
    """Return whether a connection is open."""
    try:
        connection.getpeername()
    except OSError:
        return False
    return True


@frozen
class Disturbance:
    """The cost of one hostile peer."""

    cpu: float
    """The share of the time in which the gateway kept the processor busy."""
    kib: int
    """Growth of the gateway's memory, in KiB."""
    p50: float
    p99: float
    """Milliseconds that an honest terminal waits for its answers meanwhile."""


def wait_until_calm(gateway: Process) -> None:
    """Wait until the gateway has read the bytes that a disconnected peer left in the buffers."""
    for _ in range(60):
        before = gateway.cpu()
        time.sleep(0.2)
        if gateway.cpu() - before < 0.04:
            return


def disturb(stage: Stage, hostile: Callable[[int], None] | None, seconds: float) -> Disturbance:
    """Run a hostile peer for `seconds`, while an honest terminal sends one request after the other."""
    peer = multiprocessing.Process(target=be, args=(hostile, stage.plain_port), daemon=True)
    gateway: Process = stage.gateway
    cpu, resident, began = gateway.cpu(), gateway.resident(), time.monotonic()
    waited = []
    if hostile:
        peer.start()
    with socket.create_connection(("127.0.0.1", stage.plain_port)) as honest:
        # It belongs to a library, because a stranger with so many requests is slowed down.
        patron = f"2300020260301    101500AO{LIBRARY}|AA{MEMBER.format(1)}|AC|\r"
        for line, yes in ((f"9300CN{ACCOUNT}|CO{PASSWORD}|\r", b"941"), (patron, b"24")):
            honest.sendall(line.encode())
            if not honest.recv(1000).startswith(yes):
                raise SystemExit(f"the honest terminal was refused {line[:2]}")
        while time.monotonic() - began < seconds:
            asked = time.monotonic()
            honest.sendall(ASK)
            honest.recv(1000)
            waited.append((time.monotonic() - asked) * 1000)
            time.sleep(0.005)
    result = gateway.cpu() - cpu, gateway.resident() - resident
    if hostile:
        peer.terminate()
        peer.join()
        wait_until_calm(gateway)
    waited.sort()
    return Disturbance(
        result[0] / seconds, result[1], waited[len(waited) // 2], waited[len(waited) * 99 // 100]
    )


def measure(say: Callable[[str], None], terminals: int, strangers: int) -> dict[str, Any]:
    """Measure idle, silent and hostile connections one after the other."""
    with (
        tempfile.TemporaryDirectory(prefix="sip2gw-bench-") as folder,
        stage(Path(folder), terminals=1) as on_stage,
    ):
        with idle_terminals(on_stage, 1, 1.0) as one:
            one.communicate()
        empty = on_stage.gateway.resident()
        say(f"{terminals} idle terminals over TLS ...")
        with idle_terminals(on_stage, terminals, 12.0) as load:
            idle = on_stage.gateway.resident()
            say(f"and {strangers} silent strangers ...")
            silence = be_silent(on_stage, strangers, 11.0)
            found = json.loads(load.communicate()[0] or "{}")
        hostile = {}
        for name, peer in HOSTILE.items():
            say(f"hostile: {name} ...")
            hostile[name] = disturb(on_stage, peer, 3.0)
    return {
        "idle_terminals": terminals,
        "kib_per_idle_terminal": round((idle - empty) / terminals, 1),
        "strangers": strangers,
        "held_at_once": silence.held,
        "mib_of_silent_connections": round(silence.mib, 1),
        "gone_after_s": round(silence.gone_after, 1),
        "answers_meanwhile": found.get("messages", 0),
        "errors_meanwhile": found.get("errors", {}),
        "latency_ms": found.get("latency_ms", {}),
        "hostile": {
            name: {
                "cpu": round(one.cpu, 2),
                "kib": one.kib,
                "p50_ms": round(one.p50, 1),
                "p99_ms": round(one.p99, 1),
            }
            for name, one in hostile.items()
        },
    }


def show(result: dict[str, Any]) -> None:
    """Print the result for people."""
    print(f"{result['idle_terminals']} idle terminals over TLS: {result['kib_per_idle_terminal']} KiB each")
    print(
        f"{result['strangers']} silent strangers at once: {result['held_at_once']} were held (at most 512), "
        f"the process grew by {result['mib_of_silent_connections']} MiB; all closed after {result['gone_after_s']} s "
        "(deadline 5 s)"
    )
    latency = result["latency_ms"]
    print(
        f"meanwhile the terminals got {result['answers_meanwhile']} answers, p50 {latency.get('p50')} ms, "
        f"p99 {latency.get('p99')} ms, errors: {result['errors_meanwhile'] or 'none'}"
    )
    print("hostile peer     busy   memory KiB   an honest terminal waits: p50 ms   p99 ms")
    for name, one in result["hostile"].items():
        print(f"{name:14} {one['cpu']:6.0%}   {one['kib']:10}   {one['p50_ms']:32}   {one['p99_ms']:6}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure idle, silent and hostile connections.")
    parser.add_argument(
        "--terminals", type=int, default=2000, help="idle terminals; each takes a file descriptor"
    )
    parser.add_argument("--strangers", type=int, default=3000)
    report(parser, measure, show)


if __name__ == "__main__":
    main()
