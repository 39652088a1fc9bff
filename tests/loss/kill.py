"""Kill a gateway with -9 many times under load: python -m loss.kill --rounds 500. Exit status 1 if a write was lost."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .witness import Witness, failures, rounds_of, table


def main() -> int:
    """Run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="how often the gateway is killed (500)")
    parser.add_argument(
        "--workers", type=int, default=1, help="of the gateway (1); of several, one or all are killed too"
    )
    given = parser.parse_args()
    rounds = rounds_of(given.rounds)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        witness = Witness.start(Path(folder), rounds, given.workers)
        try:
            for number, writes in enumerate(rounds, 1):
                witness.round(writes)
                if number % 25 == 0:
                    print(f"{number} of {len(rounds)} kills", flush=True)
            verdicts = list(witness.verdicts())
        finally:
            witness.place.close()
    wrong = failures(verdicts)
    print(table(verdicts))
    print("\n".join(wrong[:40]))
    print(f"{len(wrong)} of {len(verdicts)} writes were lost, doubled or denied")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
