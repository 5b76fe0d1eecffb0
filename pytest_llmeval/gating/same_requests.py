"""The cases whose request is that of the baseline, and that were answered anew.

What differs there is no effect of an edit: the provider has changed, or it is chance. The judge's
part shows on the anchors (`baselines.anchors`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_llmeval.gating.pairing import Pair, Paired
from pytest_llmeval.gating.scores import CaseScores
from pytest_llmeval.records.comparison import AnsweringModel, Portion, SameRequests
from pytest_llmeval.stats.paired import PairedScores, paired_change

_FEWEST = 2
"""Cases that a change with a standard error needs."""


def same_requests(paired: Paired) -> SameRequests | None:
    """Return the change of a metric apart, or ``None`` if too few requests were sent again."""
    same = [row for row, pair in enumerate(paired.pairs) if _is_sent_again(*pair)]
    if len(same) < _FEWEST:
        return None
    chosen = set(same)
    others = [row for row in range(len(paired.pairs)) if row not in chosen]
    of_tests = sum(not paired.pairs[row][1].is_row for row in same)
    return SameRequests(_portion(paired.scores, same), _portion(paired.scores, others), of_tests)


def answering_models(pairs: Iterable[Pair]) -> tuple[AnsweringModel, ...]:
    """Return who answered the requests that were sent again, the most frequent first."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for old, new in pairs:
        if old.model and new.model and _is_sent_again(old, new):
            before[old.model] += 1
            after[new.model] += 1
    names = sorted(before | after, key=lambda name: (-after[name], -before[name], name))
    return tuple(AnsweringModel(name, before[name], after[name]) for name in names)


def _is_sent_again(old: CaseScores, new: CaseScores) -> bool:
    return new.is_live and bool(old.request) and old.request == new.request


def _portion(scores: PairedScores, rows: Sequence[int]) -> Portion:
    if not rows:
        return Portion(0)
    before = [scores.before[row] for row in rows]
    after = [scores.after[row] for row in rows]
    clusters = None if scores.clusters is None else [scores.clusters[row] for row in rows]
    change = (math.fsum(after) - math.fsum(before)) / len(rows)
    error = paired_change(PairedScores(before, after, clusters)).error
    return Portion(len(rows), change, error)
