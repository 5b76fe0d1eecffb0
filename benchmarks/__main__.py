"""``python -m benchmarks [NAME…] [--rows N] [--latency-ms MS]``: take the measures and print the table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measures import MEASURES
from benchmarks.processes import NotMeasured
from benchmarks.setup import Setup
from benchmarks.table import Row, show


def main() -> int:
    """Read the command line, take the measures, print the table.

    Returns:
        0, or 1 where a bar is missed.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASURES)} (default: all)"
    )
    parser.add_argument(
        "--rows", type=int, help="golden rows, instead of as many as each measure needs"
    )
    parser.add_argument(
        "--latency-ms", type=float, default=200, help="milliseconds until a reply (%(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(MEASURES):
        parser.error(f"no measure {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    names = options.names or list(MEASURES)
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        setup = Setup(Path(folder), options.rows, options.latency_ms)
        rows = [row for name in names for row in _taken(name, setup)]
    show(rows, {name: MEASURES[name].command for name in names})
    return int(any(row.kept is False for row in rows))


def _taken(name: str, setup: Setup) -> Iterator[Row]:
    print(f"{name} …", file=sys.stderr, flush=True)
    try:
        yield from MEASURES[name].take(setup)
    except NotMeasured as error:
        print(error, file=sys.stderr)
        yield Row(name, "not measured", str(error).partition("\n")[0].rstrip(":"), kept=False)


if __name__ == "__main__":
    sys.exit(main())
