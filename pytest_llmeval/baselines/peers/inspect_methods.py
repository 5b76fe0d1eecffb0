"""How a log of inspect_ai made its scores: reducer and epochs, and the options of the scorer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from pytest_llmeval.baselines.peers.document import Node
from pytest_llmeval.gating.file_facts import Method
from pytest_llmeval.gating.sampling import MEAN, Sampling

_JUDGE = ("model", "model_role")
"""Options that name the judge, which is known by itself."""


def inspect_methods(header: Node, metrics: Iterable[str], epochs: int) -> dict[str, Method]:
    """Return how the scores of a log were made, by metric.

    Args:
        header: The head of the log.
        metrics: Names of its metrics.
        epochs: The most samples that one test has.
    """
    config = header.member("eval").member("config")
    planned = max(epochs, int(config.member("epochs").number() or 1))
    options = _options(header)
    sampling = Sampling.of(planned, first_reducer(header) or MEAN)
    return {metric: Method(sampling, of_metric(options, metric)) for metric in metrics}


def first_reducer(header: Node) -> str:
    """Return the reducer that makes the value of a sample; empty if the log names none."""
    reducers = header.member("eval").member("config").member("epochs_reducer").items()
    return reducers[0].text() if reducers else ""


def scorer_names(header: Node) -> list[tuple[str, Node]]:
    """Return the scorers by the name of their scores: the second of one name gets a number."""
    taken: list[tuple[str, Node]] = []
    names: set[str] = set()
    for scorer in header.member("eval").member("scorers").items():
        base = scorer.member("name").text().rpartition("/")[2]
        name, number = base, 0
        while name in names:
            number += 1
            name = f"{base}{number}"
        names.add(name)
        taken.append((name, scorer))
    return taken


def of_metric(by_scorer: Mapping[str, str], metric: str) -> str | None:
    """Return what is known of the scorer of a metric, of which it may have several."""
    return by_scorer.get(metric) or by_scorer.get(metric.partition(".")[0])


def _options(header: Node) -> dict[str, str]:
    """Return the options of each scorer as text."""
    options: dict[str, str] = {}
    for name, scorer in scorer_names(header):
        chosen = {
            key: value
            for key, value in scorer.member("options").members().items()
            if key not in _JUDGE
        }
        options[name] = json.dumps(chosen, sort_keys=True)
    return options
