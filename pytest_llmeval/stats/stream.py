"""One error rate for a stream of runs that are each compared with the same baseline.

Thirty nightly runs are thirty chances of a false alarm. The evidence over all of them is the sum of
their e-values, each with a weight that is known before, and all weights together are 1. If nothing
has changed, the expected sum is at most 1 for any number of runs, so it ever reaches ``1 / alpha``
with a probability of at most ``alpha`` (Markov's inequality, and the sum only grows).

It is not the product of the e-values. The runs share the baseline, and one whose scores were lucky
looks better than each run that follows. The product bets on that luck night after night, and was
wrong in up to a quarter of simulated streams in which nothing had changed. A sum needs no
independence: Vovk and Wang, "E-values: calibration, combination and applications", Annals of
Statistics 49 (2021).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from pytest_llmeval.stats.betting import e_value
from pytest_llmeval.stats.paired import PairedScores, paired_change

_HALF_LIFE = 10
"""Number of runs that have half of the weight together."""


def stream_evidence(e_values: Sequence[float]) -> float:
    """Add up the e-values of runs, the oldest first: ``Σ 10 · e / ((t + 9) · (t + 10))``.

    Args:
        e_values: An e-value per run.
    """
    terms = (
        _HALF_LIFE * value / ((number + _HALF_LIFE - 1) * (number + _HALF_LIFE))
        for number, value in enumerate(e_values, start=1)
    )
    return math.fsum(terms)


def evidence_of_drop(scores: PairedScores) -> float:
    """Compute the e-value of a run: how strongly its scores speak for a drop.

    Args:
        scores: At least one case.
    """
    sums = paired_change(scores).sums
    if scores.clusters is None:
        return e_value(sums)
    # Both are in the order of the first case of each cluster.
    sizes = Counter(scores.clusters).values()
    largest = max(sizes)
    return e_value([total / largest for total in sums], [size / largest for size in sizes])
