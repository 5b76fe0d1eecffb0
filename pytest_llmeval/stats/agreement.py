"""Measures of agreement between two raters, each ``None`` where it is not defined.

The quadratic-weighted kappa and Krippendorff's alpha are written in closed form, because the
bootstrap computes them about a thousand times. Libraries build tables of categories first, and
scores with fractions have no categories.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = Sequence[float] | NDArray[np.float64]


_BANDS = (
    (0.20, "slight"), (0.40, "fair"), (0.60, "moderate"), (0.80, "substantial"),
    (1.0, "almost perfect"),
)  # fmt: skip
_SHOWN_AS_ZERO = 0.005
_TIE = 1e-9
"""Share of the largest rating below which two ratings are equal."""
_SPREADLESS = 1e-12
"""Share of the largest value below which a spread is only the rounding of floats."""


def kappa_word(kappa: float) -> str:
    """Return the customary word for a kappa: ``poor`` below 0, then a word for each fifth.

    A kappa that is printed as 0.00 is ``no`` agreement beyond chance, which they call slight.

    Source: Landis and Koch, "The Measurement of Observer Agreement for Categorical Data",
    Biometrics 33 (1977), who call their bounds arbitrary.

    Args:
        kappa: At most 1.
    """
    if kappa < 0:
        return "poor"
    if kappa < _SHOWN_AS_ZERO:
        return "no"
    return next(word for high, word in _BANDS if kappa <= high + _SPREADLESS)


def cohen_kappa(
    first: Sequence[Hashable] | Numbers, second: Sequence[Hashable] | Numbers
) -> float | None:
    """Compute Cohen's kappa, the agreement of two raters beyond that expected by chance.

    ``(p_o - p_e) / (1 - p_e)``. Source: Cohen, "A Coefficient of Agreement for Nominal Scales",
    Educational and Psychological Measurement 20 (1960).

    Args:
        first: The first rater's category of each case.
        second: The second rater's categories, in the same order.

    Returns:
        From -1 to 1; ``None`` without cases, or if both raters use only one category.
    """
    import numpy as np

    n = len(first)
    if n == 0:
        return None
    _, codes = np.unique(
        np.concatenate([np.asarray(first), np.asarray(second)]), return_inverse=True
    )
    first_codes = codes[:n]
    second_codes = codes[n:]
    size = int(codes.max()) + 1
    first_counts = np.bincount(first_codes, minlength=size)
    second_counts = np.bincount(second_codes, minlength=size)
    by_chance = first_counts @ second_counts / n**2
    if by_chance == 1:
        return None
    return float((np.mean(first_codes == second_codes) - by_chance) / (1 - by_chance))


def weighted_kappa(first: Numbers, second: Numbers) -> float | None:
    """Compute Cohen's kappa with quadratic weights, so that large disagreement counts more.

    ``1 - mean((x - y)²) / mean over all pairs((x_i - y_j)²)``, where the second mean is ``var x +
    var y + (x̄ - ȳ)²``. For whole scores that is the weighted kappa of Cohen, "Weighted Kappa",
    Psychological Bulletin 70 (1968), with the weights ``(x - y)²``; see Fleiss and Cohen,
    Educational and Psychological Measurement 33 (1973). The weights need no categories, so
    fractions are not rounded. It equals the concordance coefficient of Lin, Biometrics 45 (1989).

    Args:
        first: The first rater's number for each case.
        second: The second rater's numbers, in the same order.

    Returns:
        From -1 to 1; ``None`` without cases, or if all numbers are the same.
    """
    import numpy as np

    x = np.asarray(first, dtype=float)
    y = np.asarray(second, dtype=float)
    if _is_constant(np.concatenate([x, y])):
        return None
    by_chance = np.var(x) + np.var(y) + (np.mean(x) - np.mean(y)) ** 2
    return float(1 - np.mean((x - y) ** 2) / by_chance)


def krippendorff_alpha(
    ratings: Sequence[Sequence[float]] | NDArray[np.float64], is_ordinal: bool = False
) -> float | None:
    """Compute Krippendorff's alpha for an interval or an ordinal scale.

    It is ``1 - D_o / D_e``, from the observed and the expected disagreement. With ``(x - y)²``
    between two ratings, ``D_o`` is twice the mean over all ratings of the variance within their
    case, and ``D_e`` is twice the variance of all ratings, both with the divisor ``n - 1``. A case
    with one rating is left out. The ordinal distance of two ratings is the number of ratings from
    one to the second, each end counting half. That is the difference of their mean ranks, so the
    ordinal alpha is that of the ranks. For two categories both are the nominal alpha. Source:
    Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011).

    Args:
        ratings: For each rater the ratings of all cases, ``nan`` for a missing one.
        is_ordinal: Whether only the order of the ratings counts.

    Returns:
        At most 1; ``None`` if all ratings are the same, or no case has two ratings.
    """
    import numpy as np

    table = np.asarray(ratings, dtype=float)
    counts = np.sum(~np.isnan(table), axis=0)
    table = table[:, counts > 1]
    counts = counts[counts > 1]
    is_rating = ~np.isnan(table)
    if _is_constant(table[is_rating]):
        return None
    if is_ordinal:
        from scipy import stats

        table = table.copy()
        # Numbers that were moved from one scale to another are equal but for their rounding.
        steps = np.round(table[is_rating] / (_TIE * np.max(np.abs(table[is_rating]))))
        table[is_rating] = stats.rankdata(steps)
    values = table[is_rating]
    within = np.nanvar(table, axis=0, ddof=1)
    return float(1 - (counts @ within / len(values)) / np.var(values, ddof=1))


def pearson(first: Numbers, second: Numbers) -> float | None:
    """Compute Pearson's correlation of two raters' numbers.

    Returns:
        From -1 to 1; ``None`` if one rater always gives the same number.
    """
    import numpy as np

    x = np.asarray(first, dtype=float)
    y = np.asarray(second, dtype=float)
    if _is_constant(x) or _is_constant(y):
        return None
    return float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))


def pearson_within(first: Numbers, second: Numbers, groups: Numbers) -> float | None:
    """Compute Pearson's correlation within groups, from the distances to the means of the groups.

    Groups that differ in their means may correlate over all cases without any correlation inside
    them, and the reverse. Source: Bland and Altman, "Calculating correlation coefficients with
    repeated observations: Part 1", BMJ 310 (1995).

    Args:
        first: The first rater's number for each case.
        second: The second rater's numbers, in the same order.
        groups: The number of the group of each case.

    Returns:
        From -1 to 1; ``None`` if one rater always gives the same number within the groups.
    """
    import numpy as np

    _, codes = np.unique(np.asarray(groups), return_inverse=True)
    sizes = np.bincount(codes)
    residuals = []
    for numbers in (first, second):
        values = np.asarray(numbers, dtype=float)
        rest = values - (np.bincount(codes, weights=values) / sizes)[codes]
        if not len(values) or np.max(np.abs(rest)) <= _SPREADLESS * np.max(np.abs(values)):
            return None
        residuals.append(rest)
    x, y = residuals
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1, 1))


def spearman(first: Numbers, second: Numbers) -> float | None:
    """Compute Spearman's rank correlation; equal numbers share their mean rank.

    Source: Spearman, "The Proof and Measurement of Association between Two Things", American
    Journal of Psychology 15 (1904); ranks by ``scipy.stats.rankdata``.

    Returns:
        From -1 to 1; ``None`` if one rater always gives the same number.
    """
    from scipy import stats

    return pearson(stats.rankdata(first), stats.rankdata(second))


def kendall(first: Numbers, second: Numbers) -> float | None:
    """Compute Kendall's tau-b from the pairs of cases in the same and in the opposite order.

    Source: Kendall, "The Treatment of Ties in Ranking Problems", Biometrika 33 (1945), by
    ``scipy.stats.kendalltau``.

    Returns:
        From -1 to 1; ``None`` if one rater always gives the same number.
    """
    import numpy as np
    from scipy import stats

    x = np.asarray(first, dtype=float)
    y = np.asarray(second, dtype=float)
    if _is_constant(x) or _is_constant(y):
        return None
    # The p-value is not used, so the quickest way to compute it is chosen.
    quick = "asymptotic" if len(x) > 2 else "auto"
    return float(stats.kendalltau(x, y, method=quick).statistic)


def offset(first: Numbers, second: Numbers) -> float | None:
    """Compute how much higher the second rater is: ``mean(second) - mean(first)``.

    Returns:
        In the unit of the scores; ``None`` without cases.
    """
    import numpy as np

    return float(np.mean(second) - np.mean(first)) if len(first) else None


def _is_constant(values: NDArray[np.float64]) -> bool:
    """Return whether the values are the same up to the rounding of floats, or none exist."""
    import numpy as np

    return len(values) == 0 or bool(np.ptp(values) <= _SPREADLESS * np.max(np.abs(values)))
