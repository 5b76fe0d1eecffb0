"""Every metric on hostile texts: how long each takes, and how long it keeps other calls waiting.

``python -m benchmarks.hostile LENGTH [METRIC…]`` takes the figures in one process and prints them
as JSON, one line for each metric and text.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.hostile_texts import hostile_texts
from benchmarks.processes import run
from benchmarks.setup import Setup
from benchmarks.table import Row, guarantee, performance
from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.registry import MetricRegistry
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source

USUAL = 1000
"""Rows of a thousand characters."""
LONGEST_S, LONGEST_HOLD_S = 6, 1.5
TICK_S = 0.005
UNLOADED = ("toxicity", "latency", "cost")
"""Metrics that need weights from the network, or read no text."""
PARAMETERS: dict[str, dict[str, Any]] = {"regex": {"pattern": r"(a|aa)+$"}}
SCHEMA = {"type": "array", "items": {"$ref": "#"}}


def hostile(setup: Setup) -> Iterator[Row]:
    """Seconds of each metric for the slowest of thirty texts of a megabyte."""
    length = setup.rows(USUAL) * 1000
    folder = setup.folder / "hostile"
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.hostile", str(length)]
    finished = run(command, folder).expect(0)
    rows = [json.loads(line) for line in finished.output.splitlines() if line.startswith("{")]
    for metric in dict.fromkeys(row["metric"] for row in rows):
        mine = [row for row in rows if row["metric"] == metric]
        slowest = max(mine, key=lambda row: float(row["seconds"]))
        held = max(mine, key=lambda row: float(row["held"]))
        yield performance(
            "hostile", metric, slowest["seconds"], "<=", LONGEST_S, "s", detail=slowest["text"]
        )
        yield performance(
            "hostile",
            f"{metric}, holding others",
            held["held"],
            "<=",
            LONGEST_HOLD_S,
            "s",
            detail=held["text"],
        )
    unexplained = [row for row in rows if not row["is_explained"]]
    yield guarantee("hostile", "texts without score and reason", len(unexplained), "=", 0, "texts")


def main(length: int, names: Sequence[str]) -> None:
    """Score every text by every metric, and print a line for each."""
    registry = MetricRegistry()
    texts = hostile_texts(length)
    infos = [info for info in registry.describe() if info.extra.missing == ()]
    known = [info.name for info in infos if info.family != "readability"]
    for name in names or [*known, "text_quality", "lexicon_count"]:
        if name in UNLOADED:
            continue
        metric = registry.create(name, PARAMETERS.get(name, {}))
        _score(metric, "It is 42.")  # what is loaded late is no part of the figure
        for title, text in texts.items():
            print(json.dumps({"metric": name, "text": title, **_figures(metric, text)}), flush=True)


def _figures(metric: BaseScorer, text: str) -> dict[str, Any]:
    with _Watch() as watch:
        started = time.perf_counter()
        is_explained = _score(metric, text)
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "held": watch.longest_s, "is_explained": is_explained}


def _score(metric: BaseScorer, text: str) -> bool:
    """Score a text, and return whether there is a value or a reason for none."""
    case = Case(
        "c",
        "Where is it?",
        Source("g.csv", 2),
        expected="It is 42 metres.",
        metadata={"json_schema": SCHEMA, "contains_none": ["a"]},
    )
    try:
        result: Any = metric.score(case, Completion(text))
        if not hasattr(result, "value"):
            result = asyncio.run(_wait(result))
    except InputError as error:
        return bool(str(error))
    return result.value is not None or bool(result.error)


async def _wait(result: Any) -> Any:
    return await result


class _Watch:
    """A thread that notes how long it could not run, because a call held the interpreter."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        last = time.perf_counter()
        while not self._is_over.is_set():
            time.sleep(TICK_S)
            now = time.perf_counter()
            self.longest_s = max(self.longest_s, now - last - TICK_S)
            last = now


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
