from __future__ import annotations

import math
from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats.agreement import (
    cohen_kappa,
    kappa_word,
    kendall,
    krippendorff_alpha,
    offset,
    pearson,
    pearson_within,
    spearman,
    weighted_kappa,
)
from pytest_llmeval.stats.agreement_interval import agreement_interval, difference_interval
from pytest_llmeval.stats.intervals import mean_interval
from pytest_llmeval.stats.raters import mean_between_raters, mean_with_raters

NAN = math.nan
SCORES = st.floats(0, 5, allow_nan=False).map(lambda value: round(value, 2))
PAIRS = st.lists(st.tuples(SCORES, SCORES), min_size=2, max_size=30)


def columns(table: list[list[int]]) -> tuple[list[int], list[int]]:
    """The ratings behind a table of counts: row and column of each case."""
    cells = [
        (row, column)
        for row, column in product(range(len(table)), repeat=2)
        for _ in range(table[row][column])
    ]
    return [row for row, _ in cells], [column for _, column in cells]


def test_kappa_is_that_of_cohens_own_example() -> None:
    """Cohen (1960), table 2: 200 cases in three categories, kappa .492."""
    one, other = columns([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    assert cohen_kappa(one, other) == pytest.approx(0.492, abs=0.0005)


def test_weighted_kappa_is_the_weighted_sum_over_a_table_of_categories() -> None:
    """The same table: 1 - sum(w · observed) / sum(w · expected) with the weights (i - j)², worked out in fractions."""
    table = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    rows, sums = [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]
    observed = sum((i - j) ** 2 * table[i][j] for i, j in product(range(3), repeat=2))
    expected = sum((i - j) ** 2 * rows[i] * sums[j] / 200 for i, j in product(range(3), repeat=2))
    assert weighted_kappa(*columns(table)) == pytest.approx(1 - observed / expected)


def test_alpha_is_that_of_krippendorffs_examples() -> None:
    """Krippendorff (2011): two observers, binary data: .095; four with gaps: interval .849, ordinal .815."""
    two = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
    four = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
    assert krippendorff_alpha(two) == pytest.approx(0.095, abs=0.0005)
    assert krippendorff_alpha(four) == pytest.approx(0.849, abs=0.0005)
    assert krippendorff_alpha(four, is_ordinal=True) == pytest.approx(0.815, abs=0.0005)
    assert krippendorff_alpha(two, is_ordinal=True) == pytest.approx(0.095, abs=0.0005)


@given(PAIRS)
def test_an_ordinal_alpha_counts_the_ratings_between_two(pairs: list[tuple[float, float]]) -> None:
    """Krippendorff's own formula: δ = the ratings from one to the other, each end counting half."""
    ratings = [rating for pair in pairs for rating in pair]
    counts = Counter(ratings)

    def distance(one: float, other: float) -> float:
        low, high = min(one, other), max(one, other)
        inside = sum(number for rating, number in counts.items() if low <= rating <= high)
        return (inside - (counts[low] + counts[high]) / 2) ** 2

    expected = sum(distance(one, other) for one, other in product(ratings, ratings))
    found = krippendorff_alpha([list(column) for column in zip(*pairs, strict=True)], True)
    if not expected:
        assert found is None
        return
    observed = 2 * sum(distance(*pair) for pair in pairs) / len(ratings)
    expected /= len(ratings) * (len(ratings) - 1)
    assert found == pytest.approx(1 - observed / expected)


def test_an_order_does_not_depend_on_the_rounding_of_another_scale() -> None:
    """0.1 + 0.2 is 0.30000000000000004."""
    one, other = [0.3, 0.1, 0.2, 0.5], [0.1 + 0.2, 0.1, 0.4, 0.2]
    assert krippendorff_alpha([one, other], True) == krippendorff_alpha(
        [one, [0.3, 0.1, 0.4, 0.2]], True
    )


def test_systems_that_differ_correlate_without_any_correlation_within_them() -> None:
    """Simpson: two systems, one better by people and judge; within each the judge knows nothing."""
    people, judge = (
        [1.0, 2.0, 1.0, 2.0, 4.0, 5.0, 4.0, 5.0],
        [1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 5.0, 5.0],
    )
    systems = [0.0] * 4 + [1.0] * 4
    assert pearson(people, judge) == pytest.approx(0.9)
    assert pearson_within(people, judge, systems) == pytest.approx(0)
    assert pearson_within(people, judge, [0.0] * 8) == pytest.approx(0.9)
    assert pearson_within(people, judge, list(range(8))) is None
    assert pearson_within([], [], []) is None


def test_people_are_compared_pair_by_pair_and_the_judge_with_each() -> None:
    """Kappas by hand: 0, 0.5 and 0.5 between people; a judge that repeats the first: 1, 0 and 0.5."""
    one, two, three = [1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 1.0, 0.0]
    raters = [one, two, three]
    assert mean_between_raters(cohen_kappa, raters) == pytest.approx(1 / 3)
    assert mean_with_raters(cohen_kappa, raters, one) == pytest.approx((1 + 0 + 0.5) / 3)
    assert mean_between_raters(cohen_kappa, [one, [NAN, NAN, NAN, 0.0]]) is None


def test_correlations_allow_for_ties_and_offset_is_that_of_the_second_rater() -> None:
    """Worked out by hand: ranks 1, 2.5, 2.5, 4 and 1.5, 1.5, 3, 4; of six pairs four go together and two are tied."""
    one, other = [1.0, 2.0, 2.0, 5.0], [0.0, 0.0, 3.0, 4.0]
    assert pearson(one, other) == pytest.approx(8.5 / math.sqrt(9 * 12.75))
    assert spearman(one, other) == pytest.approx(3.75 / 4.5)
    assert kendall(one, other) == pytest.approx(4 / 5)
    assert offset(one, other) == pytest.approx(-0.75)


@given(PAIRS)
def test_raters_who_say_the_same_agree_fully_and_order_does_not_matter(
    pairs: list[tuple[float, float]],
) -> None:
    one, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    is_varied = len(set(one)) > 1
    for figure in (cohen_kappa, weighted_kappa, pearson, spearman, kendall):
        assert figure(one, one) == (pytest.approx(1) if is_varied else None)
        if figure(one, other) is not None:
            assert figure(one, other) == pytest.approx(figure(other, one))
            assert figure(one, other) == pytest.approx(figure(one[::-1], other[::-1]))
    assert krippendorff_alpha([one, one]) == (pytest.approx(1) if is_varied else None)


@given(PAIRS)
def test_figures_stay_in_their_range(pairs: list[tuple[float, float]]) -> None:
    one, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    for figure in (cohen_kappa, weighted_kappa, pearson, spearman, kendall):
        value = figure(one, other)
        assert value is None or -1 - 1e-9 <= value <= 1 + 1e-9
    alpha = krippendorff_alpha([one, other])
    assert alpha is None or alpha <= 1 + 1e-9


@given(PAIRS, st.floats(0.1, 10), st.floats(-5, 5))
def test_an_interval_scale_may_be_stretched_and_moved(
    pairs: list[tuple[float, float]], stretch: float, shift: float
) -> None:
    one, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    moved = [[stretch * value + shift for value in rater] for rater in (one, other)]
    for figure in (weighted_kappa, lambda x, y: krippendorff_alpha([x, y])):
        value = figure(one, other)
        if value is not None:
            assert figure(*moved) == pytest.approx(value, abs=1e-6)


def test_nothing_to_compare_has_no_figure() -> None:
    same, varied = [3.0, 3.0, 3.0], [1.0, 2.0, 3.0]
    for figure in (cohen_kappa, weighted_kappa):
        assert figure([], []) is None
        assert figure(same, same) is None
        assert figure(varied, same) == pytest.approx(0, abs=1e-9) or figure is cohen_kappa
    for figure in (pearson, spearman, kendall):
        assert figure(varied, same) is None
    assert krippendorff_alpha([same, same]) is None
    assert krippendorff_alpha([[1.0, NAN], [NAN, 2.0]]) is None
    assert offset([], []) is None


@pytest.mark.parametrize(
    ("kappa", "word"),
    [
        (-0.1, "poor"),
        (0, "no"),
        (0.01, "slight"),
        (0.2, "slight"),
        (0.21, "fair"),
        (0.6, "moderate"),
        (0.7, "substantial"),
        (1, "almost perfect"),
    ],
)
def test_a_kappa_has_the_word_of_landis_and_koch(kappa: float, word: str) -> None:
    assert kappa_word(kappa) == word


def test_the_interval_of_a_symmetric_mean_is_that_of_student() -> None:
    values = [float(value) for value in range(-6, 7)]
    found = agreement_interval([[0.0] * 13, values], offset, is_bounded=False)
    student = mean_interval(values)
    assert (found.low, found.high) == pytest.approx((student.low, student.high))


def test_a_difference_of_equal_figures_has_a_narrower_interval_if_they_rise_together() -> None:
    """Zou (2007): the distances add as sides of a triangle, 0.1 and 0.1 make 0.1414 or 0.1."""
    figure = Interval(0.5, 0.4, 0.6, 20)
    apart, together = (difference_interval(figure, figure, r) for r in (0.0, 0.5))
    assert (apart.low, apart.high) == pytest.approx((-(0.02**0.5), 0.02**0.5))
    assert (together.low, together.high) == pytest.approx((-0.1, 0.1))
    assert difference_interval(figure, Interval(0.5, None, None, 20), 0.0).low is None
