"""`make bench`: the cost of the gateway, beside the cost of its REST calls alone, from one run.

Sandbox, gateway, load and floors are separate processes. On several cores, the gateway has one core alone. Compare
ratios, and figures of one run; never figures of different days or machines. So gateway and floors are measured in
turns, and a ratio is the median of the rounds. With `--beside`, the gateway of another checkout takes turns too, with
its own sandbox: `git worktree add ../before REV` makes one.

Latency is that of the whole stage, in which load and sandbox share a core. So the same load is run at the floor, and at
a gateway without its journal, in turns: what is added to that is the gateway's, and the journal's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from attrs import evolve, frozen
from stage import (
    ACCOUNT,
    ITEM,
    LIBRARY,
    MEMBER,
    PASSWORD,
    ROOT,
    Process,
    Stage,
    alone,
    beside,
    environment,
    free_port,
    program,
    report,
    running,
    stage,
)

MIXES = {"usual": "99:1,23:4,11:2,09:2", "equal": "99:1,23:1,11:1,09:1"}
FLOORS = {"floor": "twisted", "own floor": "own"}
"""Bare treq loops: over Twisted's own agent, and over the agent of this checkout (see `floor.py`)."""

PLAIN = f"import runpy; runpy.run_path({str(Path(__file__).with_name('plain.py'))!r}, run_name='__main__')"
"""Python code that runs the gateway without its journal."""

TERMINALS = (1, 50, 200)
COMPARED = 50
"""The number of terminals with which the processor time is compared."""
IDLE = 1000
ROUNDS = 3
"""How many times gateway and floors are compared."""


@frozen
class Load:
    """The result of one load, and the resources that the gateway used."""

    found: dict[str, Any]
    cpu: float
    """Seconds of the gateway's processor time."""
    resident: int
    """KiB of the gateway's memory when all terminals were logged in."""

    @property
    def cpu_per_message(self) -> float:
        """Milliseconds of processor time for one message."""
        return self.cpu * 1000 / max(self.found["messages"], 1)


def load(stage: Stage, terminals: int, seconds: float, *options: str, mix: str = "usual") -> Load:
    """Run a load over TLS. The gateway's processor time counts from when all terminals are logged in."""
    command = program(
        "-c", "from sip2gw.tools.cli import main; main(prog_name='sip2gw')",
        "load", "--json", f"--port={stage.tls_port}", f"--ca-file={stage.certificate}",
        f"--library={LIBRARY}", f"--account={ACCOUNT}", f"--terminals={terminals}", f"--seconds={seconds}",
        f"--mix={MIXES[mix]}", f"--patrons={_names(MEMBER, terminals)}", f"--items={_names(ITEM, terminals)}",
        "--timeout=20", *options,
    )  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
    ) as process:
        beside(process.pid)
        assert process.stderr is not None
        assert process.stdout is not None
        said = process.stderr.readline()
        if "logged in" not in said:
            raise SystemExit(f"the load did not start: {said}{process.stderr.read()}")
        before = stage.gateway.cpu()
        # Only while the terminals ask, and not while they return their items and disconnect.
        time.sleep(seconds)
        cpu, resident = stage.gateway.cpu() - before, stage.gateway.resident()
        found = json.loads(process.stdout.read() or "{}")
        complaints = process.stderr.read()
    if not found or found["errors"] or found["refused"]:
        raise SystemExit(
            f"the load met with errors: {found.get('errors')} {found.get('refused')} {complaints}"
        )
    return Load(found, cpu, resident)


def _names(form: str, upto: int) -> str:
    """Write the names 1 to `upto` as the load reads them."""
    before, _, after = form.partition("{:05d}")
    return f"{before}{{00001..{upto:05d}}}{after}"


@contextmanager
def floor(on_stage: Stage, agent: str) -> Iterator[Stage]:
    """Run a floor before the sandbox of this stage. It takes the gateway's place."""
    port = free_port()
    command = program(
        str(Path(__file__).with_name("floor.py")), f"--agent={agent}", f"--tls-port={port}",
        f"--tls={on_stage.certificate.parent}", "--host=127.0.0.1", f"--port={on_stage.sandbox_port}",
        f"--library={LIBRARY}", f"--account={ACCOUNT}", f"--password={PASSWORD}", f"--at-once={max(TERMINALS)}",
    )  # fmt: skip
    with running(command, on_stage.certificate.parent, f"floor-{agent}", environment(), (port,)) as process:
        alone(process.pid)
        yield evolve(on_stage, gateway=Process(process.pid), tls_port=port)


def measure(
    say: Callable[[str], None], seconds: float, rounds: int, beside: Path | None, only: bool, workers: int
) -> dict[str, Any]:
    """Measure memory, throughput, latency, processor time and floors one after the other."""
    with ExitStack() as staged:

        def ready(tree: Path, workers: int = 1, **more: Any) -> Stage:
            folder = staged.enter_context(tempfile.TemporaryDirectory(prefix="sip2gw-bench-"))
            return staged.enter_context(
                stage(Path(folder), terminals=max(IDLE, *TERMINALS), tree=tree, workers=workers, **more)
            )

        ours = ready(ROOT)
        turns = {"gateway": ours}
        turns |= {name: staged.enter_context(floor(ours, agent)) for name, agent in FLOORS.items()}
        turns["without journal"] = ready(ROOT, gateway=PLAIN)
        if beside:
            turns["before"] = ready(beside.resolve())
        if workers > 1:
            turns["workers"] = ready(ROOT, workers)
        result: dict[str, Any] = {}
        if not only:
            result = _measure_ours(say, ours, seconds)
            half = result["loads"][str(COMPARED)]["messages_per_second"] / 2
            alike = {name: turns[name] for name in ("floor", "without journal", "gateway")}
            result["half"] = _latencies(say, alike, half, seconds, rounds)
        if workers > 1:
            say(f"{COMPARED} terminals at {workers} workers, and at one process ...")
            rows = {f"{COMPARED}, {workers} workers": turns["workers"], f"{COMPARED}, 1 process": ours}
            loads = {name: _row(load(one, COMPARED, seconds)) for name, one in rows.items()}
            result = {**result, "workers": loads}
        found: dict[str, list[dict[str, float]]] = {mix: [] for mix in MIXES}
        for number in range(1, rounds + 1):
            say(f"{COMPARED} terminals in turns, {number} of {rounds} ...")
            for mix, rows in found.items():
                loads = {name: load(one, COMPARED, seconds, mix=mix) for name, one in turns.items()}
                costs = {name: one.cpu_per_message for name, one in loads.items()}
                rates = {name: one.found["messages_per_second"] for name, one in loads.items()}
                rows.append(
                    costs
                    | {f"to {name}": costs["gateway"] / costs[name] for name in costs if name != "gateway"}
                    | {"throughput to without journal": rates["gateway"] / rates["without journal"]}
                )
    return {
        "optimized_python": "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        **result,
        "mixes": {mix: _middle(rows) for mix, rows in found.items()},
    }


def _measure_ours(say: Callable[[str], None], ours: Stage, seconds: float) -> dict[str, Any]:
    """Measure the gateway alone."""
    load(ours, 1, 1.0)
    empty = ours.gateway.resident()
    say(f"memory at {IDLE} idle terminals ...")
    idle = load(ours, IDLE, 2.0, "--rate=0")
    loads = {}
    for terminals in TERMINALS:
        say(f"{terminals} terminals ...")
        loads[str(terminals)] = _row(load(ours, terminals, seconds))
    return {"loads": loads, "kib_per_idle_terminal": round((idle.resident - empty) / IDLE, 1)}


def _latencies(
    say: Callable[[str], None], turns: dict[str, Stage], rate: float, seconds: float, rounds: int
) -> dict[str, dict[str, float]]:
    """Measure all at the same load, in messages a second; return the median of the rounds for each."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in turns}
    for number in range(1, rounds + 1):
        say(f"{COMPARED} terminals at {rate:.0f} messages a second in turns, {number} of {rounds} ...")
        for name, rows in found.items():
            rows.append(_row(load(turns[name], COMPARED, 2 * seconds, f"--rate={rate}")))
    return {name: _middle(rows) for name, rows in found.items()}


def _middle(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(median(row[name] for row in rounds), 3) for name in rounds[0]}


def _row(load: Load) -> dict[str, Any]:
    return {
        "messages_per_second": load.found["messages_per_second"],
        "p50_ms": load.found["latency_ms"]["p50"],
        "p99_ms": load.found["latency_ms"]["p99"],
        "cpu_ms_per_message": round(load.cpu_per_message, 3),
    }


def show(result: dict[str, Any]) -> None:
    """Print the result for people."""
    print(f"Python built with optimizations: {'yes' if result['optimized_python'] else 'no'}")
    if "loads" in result:
        print(f"mix {MIXES['usual']}, TLS, closed loop")
        _show_loads(result["loads"])
        half = result["half"]
        print(f"at half of the load of {COMPARED} terminals:")
        _show_loads(half)
        bare, without, whole = (half[name]["p99_ms"] for name in ("floor", "without journal", "gateway"))
        print(f"p99 added to the floor by the gateway without journal: {without - bare:.1f} ms (aim: 3)")
        print(f"p99 added by the journal: {whole - without:.1f} ms (aim: 5)")
        print(f"memory per idle TLS terminal at {IDLE}: {result['kib_per_idle_terminal']} KiB (aim: 34)")
    if "workers" in result:
        print("on all cores, beside one process on one core:")
        _show_loads(result["workers"])
    for mix, row in result["mixes"].items():
        figures = ", ".join(f"{name} {figure:.3f}" for name, figure in row.items())
        print(f"mix {MIXES[mix]}, {COMPARED} terminals, CPU ms per message and ratios: {figures}")


def _show_loads(loads: dict[str, Any]) -> None:
    print(f"{'terminals':>13}   messages/s   p50 ms   p99 ms   CPU ms per message")
    for terminals, row in loads.items():
        print(
            f"{terminals:>13}   {row['messages_per_second']:10.1f}   {row['p50_ms']:6.1f}   {row['p99_ms']:6.1f}"
            f"   {row['cpu_ms_per_message']:18.3f}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the gateway.")
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds for each number of terminals")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of comparison")
    parser.add_argument("--only", action="store_true", help="compare processor time only")
    parser.add_argument("--workers", type=int, default=1, help="compare with so many workers, on all cores")
    parser.add_argument(
        "--beside", type=Path, help="another checkout: its gateway is measured in turns with this one"
    )
    report(parser, measure, show)


if __name__ == "__main__":
    main()
