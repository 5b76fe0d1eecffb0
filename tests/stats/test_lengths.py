"""Length and score: worked out by hand, and scipy's correlation."""

from __future__ import annotations

import pytest

from pytest_llmeval.stats.paired import length_change


def test_answers_that_grew_and_scored_the_more_they_grew() -> None:
    found = length_change(
        [100, 200, 300, 400], [110, 230, 360, 500], [0.5] * 4, [0.5, 0.6, 0.7, 0.9]
    )
    assert found is not None
    assert (found.before, found.after, found.n) == (250, 300, 4)
    assert found.share == pytest.approx(0.2)
    assert found.correlation == pytest.approx(1.0)


def test_the_correlation_is_of_ranks() -> None:
    """Ranks 1 2 3 4 against 2 1 4 3: 1 - 6·4/(4·15) = .6."""
    found = length_change([0] * 4, [1, 2, 3, 900], [0.5] * 4, [0.6, 0.5, 0.8, 0.7])
    assert found is not None
    assert found.correlation == pytest.approx(0.6)
    assert found.share is None


@pytest.mark.parametrize(
    "scores",
    [[0.5, 0.5, 0.5], [0.6, 0.6, 0.6]],
    ids=["unchanged scores", "scores that changed alike"],
)
def test_without_variety_there_is_no_correlation(scores: list[float]) -> None:
    found = length_change([1, 2, 3], [2, 2, 5], [0.5] * 3, scores)
    assert found is not None
    assert found.correlation is None


def test_two_cases_have_no_correlation_and_none_no_length() -> None:
    two = length_change([1, 2], [2, 4], [0.1, 0.2], [0.3, 0.5])
    assert two is not None
    assert two.correlation is None
    assert length_change([], [], [], []) is None
