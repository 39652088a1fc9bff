"""`make fuzz`: each target in another process, for a given time. Inputs that break it are kept in `var/fuzz/TARGET/`.

usage: python fuzz/run.py [--seconds N] [TARGET...]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import corpus

HERE = Path(__file__).parent
WORK = HERE.parent / "var/fuzz"
TARGETS = ("framer", "codec", "proxy", "adapter", "login", "decoder")
LONGEST = {"framer": 8192, "codec": 2048, "proxy": 600, "adapter": 4096, "login": 1024, "decoder": 512}
"""The longest input, in bytes."""


def main() -> int:
    """Run the targets one after the other, and return how many broke."""
    parser = argparse.ArgumentParser(description="Fuzz with atheris.")
    parser.add_argument("--seconds", type=int, default=60, help="seconds for each target")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    arguments = parser.parse_args()
    unknown = set(arguments.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if arguments.one:
        fuzz(arguments.targets[0], arguments.seconds)
    broken = 0
    for target in arguments.targets or TARGETS:
        print(f"== {target}", flush=True)
        command = [sys.executable, __file__, "--one", "--seconds", str(arguments.seconds), target]
        if subprocess.run(command, check=False).returncode:
            broken += 1
            print(
                f"{target} broke: see above, and {WORK / target}; put the file into {HERE / 'found' / target}"
            )
    return min(broken, 1)


def fuzz(target: str, seconds: int) -> None:
    """Fuzz one target in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["sip2gw", "json"]):
        from targets import TARGETS as FUNCTIONS

    folder = WORK / target
    corpus.write(target, folder / "corpus")
    options = (
        f"-max_total_time={seconds}", f"-max_len={LONGEST[target]}", f"-artifact_prefix={folder}/",
        "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1", "-verbosity=1", "-close_fd_mask=0",
    )  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(folder / "corpus")], FUNCTIONS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    raise SystemExit(main())
