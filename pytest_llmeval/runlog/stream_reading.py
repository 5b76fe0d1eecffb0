"""The evidence of a drop over the runs of a log that share a baseline."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pytest_llmeval.records.comparison import Comparison
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.history import StreamEvidence
from pytest_llmeval.runlog.lookup import without_parts
from pytest_llmeval.stats.stream import stream_evidence


@dataclass
class _Stream:
    """The runs that were compared with one baseline, the newest first."""

    baseline_hash: str
    alpha: float
    started: list[str] = field(default_factory=list)
    e_values: list[float] = field(default_factory=list)


def read_evidence(runs: Iterable[Run]) -> tuple[StreamEvidence, ...]:
    """Add up the evidence of the runs since each baseline in use was accepted.

    A baseline that is accepted anew begins a new series. Every run counts that was compared with
    it, a rerun and a part of the cases too, because each is a chance of a false alarm. A series of
    one run is left out: the gate of the run says all there is to say.

    Args:
        runs: The runs, the newest first.
    """
    streams: dict[str, _Stream] = {}
    for run in without_parts(runs):
        for comparison in run.comparisons:
            known = list(_e_values(comparison))
            if not known or not comparison.baseline_hash:
                continue
            alpha = min(metric.result.alpha for metric in comparison.metrics if metric.is_gated)
            fresh = _Stream(comparison.baseline_hash, alpha)
            stream = streams.setdefault(comparison.baseline, fresh)
            if stream.baseline_hash != comparison.baseline_hash:
                continue
            stream.started.append(run.started_at)
            # The mean of e-values is one, however the metrics depend on each other.
            stream.e_values.append(math.fsum(known) / len(known))
    return tuple(_evidence(name, stream) for name, stream in streams.items() if stream.e_values[1:])


def _e_values(comparison: Comparison) -> Iterator[float]:
    for metric in comparison.metrics:
        if metric.is_gated and metric.result.e_value is not None:
            yield metric.result.e_value


def _evidence(baseline: str, stream: _Stream) -> StreamEvidence:
    value = stream_evidence(stream.e_values[::-1])
    runs = len(stream.e_values)
    return StreamEvidence(baseline, runs, stream.started[-1], value, 1 / stream.alpha)
