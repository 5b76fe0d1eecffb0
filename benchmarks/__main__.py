"""``python -m benchmarks [NAME…]``: take the measures and print the table.

The exit code is 1 where a bar is missed or a figure could not be measured. A bar whose shortfall
is known and no larger than stated does not count: the table says "missed, known".
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.measures import MEASURES
from benchmarks.processes import NotMeasured
from benchmarks.setup import Setup, Size
from benchmarks.table import Row, show


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, take the measures, print the table.

    Returns:
        The exit code.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(MEASURES))
    if unknown:
        parser.error(f"no measure {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    names = options.names or [name for name, measure in MEASURES.items() if not measure.is_long]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        for name in names:
            size = Size(options.rows, options.pairs, latency_ms=options.latency_ms)
            if options.smoke:
                size = MEASURES[name].smoke
            rows += _taken(name, Setup(Path(folder), size))
    show(rows)
    print()
    for name in names:
        print(f"{name:13}  {MEASURES[name].command}")
    left_out = [name for name in MEASURES if name not in names]
    if left_out:
        print(f"\nnot taken: {', '.join(left_out)}")
    return int(any(row.is_failure for row in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    usual = [name for name, measure in MEASURES.items() if not measure.is_long]
    long = [name for name, measure in MEASURES.items() if measure.is_long]
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(usual)} (default: all), {', '.join(long)} (only if named)",
    )
    parser.add_argument("--rows", type=int, help="golden rows, for all measures")
    parser.add_argument("--pairs", type=int, help="repetitions, for all measures")
    parser.add_argument(
        "--latency-ms", type=float, default=200, help="milliseconds until a reply (%(default)s)"
    )
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="the small sizes of the test suite, at which times have no meaning",
    )
    return parser


def _taken(name: str, setup: Setup) -> Iterator[Row]:
    print(f"{name} …", file=sys.stderr, flush=True)
    try:
        yield from MEASURES[name].take(setup)
    except NotMeasured as error:
        print(error, file=sys.stderr)
        yield Row(name, "", None, "", detail=str(error).partition("\n")[0].rstrip(":"))


if __name__ == "__main__":
    sys.exit(main())
