"""Make each mistake at the demo and print what its log and its installer's page say of it: python -m mistakes.

Exit status 1 if more than three of them are not explained within ten seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from . import MISTAKES, played
from .place import Place

UNEXPLAINED = 3
"""So many may be, of all."""


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="numbers of mistakes (all)")
    parser.add_argument("--lines", action="store_true", help="all lines that the log has of each")
    given = parser.parse_args()
    chosen = [one for one in MISTAKES if not given.only or one.number in given.only]
    explained = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        place = Place.start(Path(folder))
        try:
            for mistake in chosen:
                result = played(mistake, place)
                explained += result.explained
                print(result.row(all_lines=given.lines), flush=True)
        finally:
            place.stop()
    print(f"{explained} of {len(chosen)} say what is wrong and what to do")
    return 0 if explained >= len(chosen) - UNEXPLAINED else 1


if __name__ == "__main__":
    sys.exit(main())
