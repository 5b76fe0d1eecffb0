from __future__ import annotations

from pytest_llmeval.cases.thresholds import in_force
from pytest_llmeval.records.threshold import Threshold


def bound(metric: str, value: float, origin: str = "", **params: str) -> Threshold:
    return Threshold(metric, ">=", value, params, origin)


def test_the_first_group_that_names_a_scorer_wins() -> None:
    row, marker = [bound("rubric", 3)], [bound("rubric", 4), bound("lix", 30)]

    assert in_force([row, marker]) == (row[0], marker[1])


def test_a_group_may_bound_one_scorer_twice() -> None:
    both = [Threshold("lix", ">=", 10), Threshold("lix", "<=", 40)]

    assert in_force([both, [bound("lix", 0)]]) == tuple(both)


def test_a_lower_and_an_upper_bound_of_two_groups_add_up() -> None:
    upper, lower, weaker = (
        Threshold("rubric", "<=", 4.9),
        Threshold("rubric", ">=", 4),
        Threshold("rubric", "<", 4.5),
    )

    assert in_force([[upper], [lower, weaker]]) == (upper, lower)


def test_an_equality_is_a_lower_and_an_upper_bound() -> None:
    equal, lower, upper = (
        Threshold("numeric", "==", 1),
        Threshold("numeric", ">=", 0.5),
        Threshold("numeric", "<=", 2),
    )

    assert in_force([[lower], [equal]]) == (lower, Threshold("numeric", "<=", 1))
    assert in_force([[upper], [equal]]) == (upper, Threshold("numeric", ">=", 1))
    assert in_force([[equal], [lower, upper]]) == (equal,)
    assert in_force([[lower, upper], [equal]]) == (lower, upper)


def test_parameters_tell_scorers_apart() -> None:
    refund, bike = bound("contains", 1, text="refund"), bound("contains", 1, text="bike")

    assert in_force([[refund], [bike, bound("contains", 0, text="refund")]]) == (refund, bike)
