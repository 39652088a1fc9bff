"""Seconds to read a configuration of many libraries, to start with it, and to reload it.

python bench/configuration.py [LIBRARIES]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet import reactor

from sip2gw.config import load
from sip2gw.faults import ConfigFaults
from sip2gw.wiring.gateway import Gateway

TERMINALS = BINS = 4


def written(libraries: int) -> str:
    """Write a configuration of `libraries` libraries, each with terminals and bin rules."""
    parts = ['[[listen]]\nendpoint = "tcp:0:interface=127.0.0.1"\n']
    for number in range(libraries):
        parts.append(f'[[libraries]]\nnickname = "library{number}"\nprofile = "generic-kiosk"\n')
        for terminal in range(TERMINALS):
            parts.append(f'[[libraries.terminals]]\nlocation = "Hall {terminal}"\nprofile = "sorter-cl"\n')
        for rule in range(1, BINS):
            parts.append(f'[[libraries.bins]]\ncall_numbers = ["{rule}00", "{rule}99"]\nbin = "{rule}"\n')
        parts.append('[[libraries.bins]]\nbin = "0"\n')
    return "".join(parts)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print the duration of a step."""
    begun, used = time.perf_counter(), time.process_time()
    yield
    print(f"{what:<10}{time.perf_counter() - begun:6.2f} s, {time.process_time() - used:.2f} s of CPU")


def main() -> None:
    """Measure each step and print it."""
    libraries = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    with TemporaryDirectory() as folder:
        file = Path(folder) / "sip2gw.toml"
        file.write_text(written(libraries), encoding="utf-8")
        print(f"{libraries} libraries with {TERMINALS} terminals and {BINS} bins each")
        with timed("read"):
            config = load(file)
        with timed("start"):
            gateway = Gateway(config, reactor)
        with timed("take up"):
            gateway.reload(config)
        file.write_text(file.read_text().replace('"sorter-cl"', '"sorter-lc"'), encoding="utf-8")
        with timed("faults"), suppress(ConfigFaults):
            load(file)


if __name__ == "__main__":
    main()
