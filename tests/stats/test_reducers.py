"""From the scores of samples to one number: published formulas, and properties that always hold."""

from __future__ import annotations

import itertools
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import SettingError
from pytest_llmeval.stats.reducers import parse_reducer
from pytest_llmeval.stats.voting import Vote, vote

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=7)
NAMES = ("mean", "median", "min", "max", "majority", "pass@1", "pass^1", "pass@3", "pass^3")


def reduced(how: str, numbers: list[float], higher_is_better: bool = True) -> float:
    return parse_reducer(how, len(numbers)).reduce(numbers, higher_is_better)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("mean", 2.6),
        ("median", 3),
        ("min", 0),
        ("max", 5),
        ("majority", 3),
        ("pass@5", 5),
        ("pass^5", 0),
    ],
)
def test_five_scores_become_one(how: str, expected: float) -> None:
    assert reduced(how, [3, 0, 5, 1, 4]) == expected


def test_of_four_samples_three_are_the_majority() -> None:
    assert reduced("majority", [5, 5, 0, 0]) == 0
    assert reduced("majority", [5, 5, 5, 0]) == 5
    assert reduced("majority", [0.1, 0.1, 0.1, 0.9], higher_is_better=False) == 0.1


@given(values, st.floats(-1e6, 1e6), st.booleans())
def test_a_bound_on_the_majority_is_kept_just_if_more_than_half_keep_it(
    numbers: list[float], bound: float, higher_is_better: bool
) -> None:
    keep = [number >= bound if higher_is_better else number <= bound for number in numbers]
    value = reduced("majority", numbers, higher_is_better)
    assert (value >= bound if higher_is_better else value <= bound) is (
        sum(keep) > len(numbers) / 2
    )


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))
    )
)
def test_for_passes_and_failures_the_estimators_are_the_published_ones(
    which: tuple[int, int, int],
) -> None:
    n, c, k = which
    scores = [1.0] * c + [0.0] * (n - c)
    chen = 1 - math.comb(n - c, k) / math.comb(n, k)  # arXiv 2107.03374, equation 1
    yao = math.comb(c, k) / math.comb(n, k)  # arXiv 2406.12045, section 4
    assert reduced(f"pass@{k}", scores) == pytest.approx(chen, abs=1e-15)
    assert reduced(f"pass^{k}", scores) == pytest.approx(yao, abs=1e-15)


@given(
    values.flatmap(lambda them: st.tuples(st.just(them), st.integers(1, len(them)))), st.booleans()
)
def test_they_are_the_expected_best_and_worst_of_every_draw(
    drawn: tuple[list[float], int], higher_is_better: bool
) -> None:
    numbers, k = drawn
    best, worst = (max, min) if higher_is_better else (min, max)
    every = list(itertools.combinations(numbers, k))
    assert reduced(f"pass@{k}", numbers, higher_is_better) == pytest.approx(
        statistics.fmean(map(best, every))
    )
    assert reduced(f"pass^{k}", numbers, higher_is_better) == pytest.approx(
        statistics.fmean(map(worst, every))
    )


@pytest.mark.parametrize("how", NAMES)
@given(value=st.floats(-1e6, 1e6), n=st.integers(3, 40), better=st.booleans())
def test_equal_scores_are_that_score_to_the_last_bit(
    how: str, value: float, n: int, better: bool
) -> None:
    assert reduced(how, [value] * n, better) == value


@pytest.mark.parametrize("how", NAMES)
@given(numbers=st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=9), better=st.booleans())
def test_the_one_lies_among_the_many_in_any_order(
    how: str, numbers: list[float], better: bool
) -> None:
    value = reduced(how, numbers, better)
    assert min(numbers) <= value <= max(numbers)
    assert reduced(how, numbers[::-1], better) == value


@pytest.mark.parametrize(
    ("how", "better", "worse"),
    [("min", True, True), ("pass^2", True, True), ("max", False, True), ("mean", False, False)],
)
def test_a_claim_about_all_samples_is_known(how: str, better: bool, worse: bool) -> None:
    reducer = parse_reducer(how, 3)
    assert (reducer.claims_all(True), reducer.claims_all(False)) == (better, worse)
    assert str(reducer) == how


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("median3", "Did you mean 'median'?"),
        ("pass@0", "pass@K or pass^K, where K is at most the number of samples"),
        (
            "pass@6",
            "allowed: pass@K with K from 1 to the number of samples, which is 5. For more samples, set --llm-sam",
        ),
        ("", "allowed: mean, median, min, max, majority, vote, pass@K or pass^K"),
    ],
)
def test_a_reducer_that_is_none_names_those_there_are(how: str, told: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_reducer(how, 5)
    assert f"--llm-reducer: found {how!r}" in str(caught.value)
    assert told in str(caught.value)


def plain_text(answer: str) -> str | None:
    """The text without its case and spacing."""
    return " ".join(answer.casefold().split()) or None


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["4", "5", " 4 "], Vote(0, 2, 2, 0)),
        (["five", "4", "FIVE", None, ""], Vote(0, 2, 2, 2)),
        (["a", "b", "b", "a"], Vote(0, 2, 2, 0)),  # a tie: the first
        (["c", "b", "b"], Vote(1, 2, 2, 0)),
        (["", None, " \n"], Vote(None, 0, 0, 3)),
        ([], Vote(None, 0, 0, 0)),
    ],
)
def test_the_largest_class_of_equal_texts_wins(answers: list[str | None], expected: Vote) -> None:
    assert vote(answers, plain_text, lambda one, other: one == other) == expected


def test_answers_are_equal_as_the_scorer_says() -> None:
    def parse(text: str) -> float | None:
        return float(text) if text.replace(".", "").isdigit() else None

    answers = ["0.50", "none", "0.5", ".5001", "7"]
    assert vote(answers, parse, lambda one, other: abs(one - other) < 0.01) == Vote(0, 3, 2, 1)  # type: ignore[operator]
