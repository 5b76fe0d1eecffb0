"""The change of a random part of the cases, corrected by the baseline's scores of all cases.

A part that happens to hold easier cases than the whole has more to lose. The baseline says which
cases are easy, for all of them, so this chance can be taken out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmeval.stats.paired import Change, PairedScores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FEWEST = 50
"""Cases below which the slope is too uncertain, and a permutation would have to agree."""

_FEWEST_PASS_FAIL = 100
"""Cases with pass/fail scores below which McNemar's exact test shows more than the correction."""

_FOLDS = 10
_LEAST_GAIN = 0.95
"""Share of the standard error that the correction has to reach to be used."""


@dataclass(frozen=True)
class CorrectedChange:
    """A corrected change.

    Attributes:
        change: The change with the corrected mean and error.
        narrowed: The share by which its standard error is smaller, from 0 to 1.
    """

    change: Change
    narrowed: float


def corrected_change(scores: PairedScores, change: Change) -> CorrectedChange | None:
    """Correct a change by the baseline's scores, as a control variate.

    With the differences d of the n cases that ran, their baseline scores x, and the mean x̄ of the
    baseline over all N cases:

        θ = mean(d - β · (x - x̄))
        SE² = var(d - βx) / n · (n-1)/(n-2) + β² · var(x over all) / N

    The slope β of each case is fitted by least squares without the tenth of the cases to which it
    belongs (cross-fitting), so that no case corrects itself. For a random part of the cases the
    mean stays unbiased. Sources: Deng et al., "Improving the Sensitivity of Online Controlled
    Experiments by Utilizing Pre-Experiment Data" (CUPED), WSDM 2013; for evaluations Zhou et al.,
    arXiv 2502.10563.

    Args:
        scores: The paired scores of the part, with the baseline's scores of all cases.
        change: Their change without correction.

    Returns:
        ``None`` where the correction does not hold or does not pay: without the scores of all
        cases, for fewer than 50 cases (100 with pass/fail scores), for clusters, and if the error
        is hardly smaller.
    """
    import numpy as np

    everything = np.asarray(scores.everything, dtype=float)
    n = len(scores.before)
    fewest = _FEWEST_PASS_FAIL if scores.is_pass_fail else _FEWEST
    if len(everything) <= n or n < fewest or scores.clusters is not None or not change.error:
        return None
    covariate = np.asarray(scores.before, dtype=float)
    differences = np.asarray(scores.after, dtype=float) - covariate
    slopes = _cross_fitted(differences, covariate)
    corrected = differences - slopes * (covariate - everything.mean())
    slope = float(slopes.mean())
    error = math.sqrt(
        float(corrected.var(ddof=1)) / n * (n - 1) / (n - 2)
        + slope**2 * float(everything.var(ddof=1)) / len(everything)
    )
    if error > _LEAST_GAIN * change.error:
        return None
    moved = replace(
        change,
        mean=float(corrected.mean()),
        error=error,
        sums=tuple(corrected.tolist()),
        is_corrected=True,
    )
    return CorrectedChange(moved, 1 - error / change.error)


def _cross_fitted(
    differences: NDArray[np.float64], covariate: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the slope for each case, fitted without its fold."""
    import numpy as np

    folds = np.arange(len(differences)) % _FOLDS
    slopes = np.zeros(len(differences))
    for fold in range(_FOLDS):
        rest = folds != fold
        design = np.column_stack([np.ones(rest.sum()), covariate[rest]])
        slopes[~rest] = np.linalg.lstsq(design, differences[rest], rcond=None)[0][1]
    return slopes
