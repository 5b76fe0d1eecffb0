"""How well two raters agree, for example a judge and people. Each figure is ``None`` where it is not defined.

The quadratic-weighted kappa and Krippendorff's alpha stand here in closed form, because the
bootstrap takes them some thousand times: libraries build tables of categories first, which scores
with fractions do not have.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = Sequence[float] | NDArray[np.float64]


BANDS = (
    (0.0, "poor"), (0.20, "slight"), (0.40, "fair"), (0.60, "moderate"), (0.80, "substantial"), (1.0, "almost perfect"),
)  # fmt: skip
SPREADLESS = 1e-12
"""A spread below this share of the largest value is the rounding of floats: the values are all the same."""


def kappa_word(kappa: float) -> str:
    """What a kappa is called: ``poor`` below 0, then a word for each fifth.

    Source: Landis and Koch, "The Measurement of Observer Agreement for Categorical Data",
    Biometrics 33 (1977). They call their bounds arbitrary; they are the customary ones.

    Args:
        kappa: At most 1.
    """
    return (
        "poor"
        if kappa < 0
        else next(word for high, word in BANDS[1:] if kappa <= high + SPREADLESS)
    )


def cohen_kappa(
    one: Sequence[Hashable] | Numbers, other: Sequence[Hashable] | Numbers
) -> float | None:
    """Cohen's kappa: the share of cases on which two raters agree, beyond what chance would give.

    ``(p_o - p_e) / (1 - p_e)``. Source: Cohen, "A Coefficient of Agreement for Nominal Scales",
    Educational and Psychological Measurement 20 (1960).

    Args:
        one: The category that the first rater gives to each case.
        other: That of the second rater, in the same order.

    Returns:
        From -1 to 1; ``None`` where both know only one category, or there is no case.
    """
    import numpy as np

    n = len(one)
    if n == 0:
        return None
    _, codes = np.unique(np.concatenate([np.asarray(one), np.asarray(other)]), return_inverse=True)
    first, second = codes[:n], codes[n:]
    size = int(codes.max()) + 1
    shares = np.bincount(first, minlength=size) @ np.bincount(second, minlength=size) / n**2
    return None if shares == 1 else float((np.mean(first == second) - shares) / (1 - shares))


def weighted_kappa(one: Numbers, other: Numbers) -> float | None:
    """Cohen's kappa with quadratic weights: far disagreement counts more than near one.

    ``1 - mean((x - y)²) / mean over all pairs((x_i - y_j)²)``, where the second mean is ``var x +
    var y + (x̄ - ȳ)²``. For whole scores that is the weighted kappa of Cohen, "Weighted Kappa",
    Psychological Bulletin 70 (1968), with the weights ``(x - y)²``; see Fleiss and Cohen,
    Educational and Psychological Measurement 33 (1973). The weights need no categories, so
    fractions are not rounded. It is the concordance coefficient of Lin, Biometrics 45 (1989), too.

    Args:
        one: A number for each case.
        other: The second rater's, in the same order.

    Returns:
        From -1 to 1; ``None`` where both give one and the same number, or there is no case.
    """
    import numpy as np

    x, y = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if _is_constant(np.concatenate([x, y])):
        return None
    by_chance = np.var(x) + np.var(y) + (np.mean(x) - np.mean(y)) ** 2
    return float(1 - np.mean((x - y) ** 2) / by_chance)


def krippendorff_alpha(ratings: Sequence[Sequence[float]] | NDArray[np.float64]) -> float | None:
    """Krippendorff's alpha for an interval scale: ``1 - D_o / D_e``, observed over expected disagreement.

    With ``(x - y)²`` between two ratings, ``D_o`` is twice the mean over all ratings of the
    variance within their case, and ``D_e`` is twice the variance of all ratings, both with the
    divisor ``n - 1``. A case with one rating has nothing to compare and is left out. Source:
    Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011).

    Args:
        ratings: For each rater the ratings of all cases, ``nan`` where one has none.

    Returns:
        At most 1; ``None`` where all ratings are the same, or none can be compared.
    """
    import numpy as np

    table = np.asarray(ratings, dtype=float)
    counts = np.sum(~np.isnan(table), axis=0)
    table, counts = table[:, counts > 1], counts[counts > 1]
    values = table[~np.isnan(table)]
    if _is_constant(values):
        return None
    within = np.nanvar(table, axis=0, ddof=1)
    return float(1 - (counts @ within / len(values)) / np.var(values, ddof=1))


def pearson(one: Numbers, other: Numbers) -> float | None:
    """Pearson's correlation: how near the pairs are to a straight line.

    Args:
        one: A number for each case.
        other: The second rater's, in the same order.

    Returns:
        From -1 to 1; ``None`` where one of them gives always the same number.
    """
    import numpy as np

    x, y = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if _is_constant(x) or _is_constant(y):
        return None
    return float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))


def spearman(one: Numbers, other: Numbers) -> float | None:
    """Spearman's rank correlation: Pearson's of the ranks, equal numbers sharing their mean rank.

    Source: Spearman, "The Proof and Measurement of Association between Two Things", American
    Journal of Psychology 15 (1904); ranks by ``scipy.stats.rankdata``.

    Args:
        one: A number for each case.
        other: The second rater's, in the same order.

    Returns:
        From -1 to 1; ``None`` where one of them gives always the same number.
    """
    from scipy import stats

    return pearson(stats.rankdata(one), stats.rankdata(other))


def kendall(one: Numbers, other: Numbers) -> float | None:
    """Kendall's tau-b: pairs of cases put in the same order less those put in the opposite one, ties allowed for.

    Source: Kendall, "The Treatment of Ties in Ranking Problems", Biometrika 33 (1945), by
    ``scipy.stats.kendalltau``.

    Args:
        one: A number for each case.
        other: The second rater's, in the same order.

    Returns:
        From -1 to 1; ``None`` where one of them gives always the same number.
    """
    import numpy as np
    from scipy import stats

    x, y = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if _is_constant(x) or _is_constant(y):
        return None
    quick = "asymptotic" if len(x) > 2 else "auto"  # how to make the p-value, which nobody reads
    return float(stats.kendalltau(x, y, method=quick).statistic)


def offset(one: Numbers, other: Numbers) -> float | None:
    """How much higher the second rater is on average: ``mean(other) - mean(one)``.

    Args:
        one: A number for each case.
        other: The second rater's, in the same order.

    Returns:
        In the unit of the scores; ``None`` where there is no case.
    """
    import numpy as np

    return float(np.mean(other) - np.mean(one)) if len(one) else None


def _is_constant(values: NDArray[np.float64]) -> bool:
    """Whether there is no value, or all are the same up to the rounding of floats."""
    import numpy as np

    return len(values) == 0 or bool(np.ptp(values) <= SPREADLESS * np.max(np.abs(values)))
