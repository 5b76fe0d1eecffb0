"""The minimum detectable effect and the number of cases: exact enumeration, scipy, and properties."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_llmeval.stats.gate import gate, gate_metrics
from pytest_llmeval.stats.paired import Change, PairedScores
from pytest_llmeval.stats.power import Detection, cases_needed, detectable_drop

TABLE = Detection(0.02, is_table=True)
GRADED = Detection(0.02)


def table(changed: int, n: int) -> Change:
    """A quiet run of pass/fail scores, in which as many were lost as gained."""
    sums = (-1.0,) * (changed // 2) + (1.0,) * (changed // 2) + (0.0,) * (n - changed)
    return Change(0.0, 0.01, n, sums, float(n), changed)


def graded(error: float | None, n: int = 100, clusters: int = 100, gain: float = 0.0) -> Change:
    """A quiet run in which all cases changed, by default without room to gain."""
    return Change(0.0, error, n, (0.1,) * clusters, float(clusters), clusters, gain=gain)


def exact_power(n: int, lost: float, gained: float, level: float = 0.05) -> float:
    """How often McNemar's exact test says worse, and the drop is 2 points or more: all tables."""
    power = 0.0
    for moved in range(1, n + 1):
        losses = np.arange(moved + 1)
        p = stats.binom.sf(losses - 1, moved, 0.5)
        worse = (p < level) & (2 * losses - moved >= 0.02 * n - 1e-9)
        tables = stats.binom.pmf(losses, moved, lost / (lost + gained))
        power += stats.binom.pmf(moved, n, lost + gained) * tables[worse].sum()
    return power


@pytest.mark.parametrize(
    ("n", "changed", "drop"), [(100, 0, 0.066), (50, 0, 0.131), (100, 4, 0.095)]
)
def test_a_quiet_run_does_not_promise_to_show_a_small_drop(
    n: int, changed: int, drop: float
) -> None:
    """A formula of the quiet run's spread said 2.0, 2.0 and 6.0 points: power 5, 0.3 and 48%."""
    printed = detectable_drop(table(changed, n), TABLE)
    assert printed is not None
    assert printed == pytest.approx(drop, abs=0.0005)
    assert exact_power(n, changed / 2 / n + printed, changed / 2 / n) == pytest.approx(0.8)


@pytest.mark.parametrize("metrics", [1, 2, 4, 8])
@pytest.mark.parametrize("changed", [0, 2, 10])
@pytest.mark.parametrize("n", [30, 100, 400])
def test_four_in_five_drops_of_the_printed_size_are_detected_by_the_exact_test(
    n: int, changed: int, metrics: int
) -> None:
    printed = detectable_drop(table(changed, n), replace(TABLE, metrics=metrics))
    assert printed is not None
    chance = changed / 2 / n
    assert exact_power(n, chance + printed, chance, 0.05 / metrics) == pytest.approx(0.8, abs=1e-4)


def test_of_several_metrics_each_detects_less_and_the_gate_says_so() -> None:
    scores = PairedScores([1.0] * 50, [1.0] * 50, is_pass_fail=True)
    alone = gate(scores)
    among = gate_metrics(dict.fromkeys("abcd", scores))["a"]
    assert alone.detectable == pytest.approx(0.1308, abs=1e-4)
    assert among.detectable == pytest.approx(0.1759, abs=1e-4)
    assert "a drop of 13.1 would show" in alone.reason
    assert "a drop of 17.6 would show" in among.reason


@given(st.integers(5, 200), st.integers(0, 5), st.integers(1, 8))
def test_more_metrics_and_more_noise_never_make_a_smaller_drop_detectable(
    n: int, lost: int, metrics: int
) -> None:
    def drop(changed: int, count: int) -> float:
        found = detectable_drop(table(min(changed, n), n), replace(TABLE, metrics=count))
        return 1.0 if found is None else found

    assert drop(2 * lost, metrics) <= drop(2 * lost, metrics + 1) + 1e-6
    assert drop(2 * lost, metrics) > 0.02


def t_power(drop: float, error: float, n: int, metrics: int = 1) -> float:
    """Power of the t test by the non-central distribution."""
    quantile = stats.t.ppf(1 - 0.05 / metrics, n - 1)
    return float(stats.nct.sf(quantile, n - 1, drop / error))


@pytest.mark.parametrize("metrics", [1, 4])
@pytest.mark.parametrize("n", [12, 30, 100])
def test_without_room_to_gain_it_is_the_noncentral_t_distribution(n: int, metrics: int) -> None:
    printed = detectable_drop(graded(0.05, n, n), replace(GRADED, metrics=metrics))
    assert printed is not None
    assert t_power(printed, 0.05, n, metrics) == pytest.approx(0.8, abs=0.005)


def test_the_margin_is_a_second_hurdle() -> None:
    printed = detectable_drop(graded(0.002), GRADED)
    assert printed == pytest.approx(0.02 + stats.norm.ppf(0.8) * 0.002, abs=1e-5)


def test_room_to_gain_makes_less_detectable() -> None:
    closed, room = (detectable_drop(graded(0.02, gain=gain), GRADED) for gain in (0.0, 1.0))
    assert closed is not None
    assert room is not None
    assert room > closed + 0.01


def test_a_drop_of_a_sparse_metric_has_the_spread_of_its_losses() -> None:
    """Nothing changed, so that the run has no spread. Five losses are needed for p < .05."""
    still = Change(0.0, 0.0, 50, (0.0,) * 50, 50.0, 0, loss=1.0, gain=0.0)
    printed = detectable_drop(still, replace(GRADED, is_sparse=True))
    assert printed is not None
    assert stats.binom.sf(4, 50, printed) == pytest.approx(0.8, abs=1e-4)
    smaller = detectable_drop(replace(still, loss=0.5), replace(GRADED, is_sparse=True))
    assert smaller == pytest.approx(printed / 2, abs=1e-4)


@given(st.floats(0.001, 0.2), st.integers(40, 3000), st.booleans())
def test_with_the_cases_that_it_names_the_drop_shows_and_with_fewer_not(
    error: float, n: int, is_sparse: bool
) -> None:
    detection = replace(GRADED, is_sparse=is_sparse)
    needed = cases_needed(graded(error, n, n), detection)
    assert needed is not None

    def drop(cases: int) -> float:
        scaled = replace(
            graded(error * math.sqrt(n / cases), cases), effective=float(cases), n=cases
        )
        return detectable_drop(scaled, detection) or 1.0

    assert drop(needed) <= 0.0501
    # Beyond a thousand cases the number is right to a thousandth.
    fewer = needed - 1 - needed // 500
    assert fewer < 3 or drop(fewer) > 0.0499


@pytest.mark.parametrize(("changed", "n"), [(0, 20), (0, 100), (4, 100), (20, 100)])
def test_the_cases_named_for_pass_fail_scores_suffice_by_enumeration(changed: int, n: int) -> None:
    needed = cases_needed(table(changed, n), TABLE)
    assert needed is not None
    chance = changed / 2 / n
    assert exact_power(needed, chance + 0.05, chance) >= 0.8
    assert exact_power(round(0.9 * needed), chance + 0.05, chance) < 0.8


@pytest.mark.parametrize(("error", "margin"), [(None, 0.02), (0.02, 0.05)])
def test_where_no_number_is_enough_none_is_named(error: float | None, margin: float) -> None:
    assert cases_needed(graded(error), Detection(margin)) is None


def test_one_cluster_detects_nothing() -> None:
    assert detectable_drop(graded(None, 5, 1), GRADED) is None


def test_four_cases_detect_nothing_because_no_table_of_theirs_is_significant() -> None:
    assert detectable_drop(table(0, 4), TABLE) is None
    assert detectable_drop(graded(0.01, 4, 4), GRADED) is None
