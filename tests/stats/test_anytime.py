"""The gate that may be read after every case."""

from __future__ import annotations

import pytest

from pytest_llmeval.stats.anytime import AnytimeGate
from pytest_llmeval.stats.gate import GateRules

WIDE = GateRules(margin=0.1)


def after(pairs: list[tuple[float, float]], rules: GateRules = WIDE) -> AnytimeGate:
    gate = AnytimeGate(rules)
    for pair in pairs:
        gate.add([pair])
    return gate


@pytest.mark.parametrize(
    ("pairs", "verdict"),
    [
        ([(1.0, 0.0)] * 8, "REGRESSED"),
        ([(1.0, 0.0)] * 4, "INCONCLUSIVE"),
        ([(1.0, 1.0)] * 60, "OK"),
        ([(0.5, 0.45)] * 200, "WARN"),
        ([], "ERROR"),
    ],
)
def test_the_verdict_follows_from_both_bets(pairs: list[tuple[float, float]], verdict: str) -> None:
    result = after(pairs).result()
    assert result.verdict == verdict
    if verdict in ("OK", "WARN"):
        assert result.lower is not None
        assert result.lower > -WIDE.margin
    if verdict in ("REGRESSED", "WARN"):
        assert result.upper is not None
        assert result.upper < 0


def test_a_bet_that_was_won_stays_won() -> None:
    gate = after([(1.0, 0.0)] * 8)
    for _ in range(30):
        gate.add([(0.0, 1.0)])
    assert gate.is_worse()
    assert not gate.is_regressed()
    assert gate.result().verdict == "WARN"


def test_more_metrics_need_more_evidence() -> None:
    gate = after([(1.0, 0.0)] * 6)
    assert gate.result().verdict == "REGRESSED"
    assert gate.result(metrics=8).verdict == "INCONCLUSIVE"
    assert "e-value" in gate.result(metrics=8).reason
    assert gate.result(metrics=8).adjusted_p == pytest.approx(8 * (gate.result().p or 0))


def test_missing_scores_have_lost_everything_for_no_worse_and_nothing_for_worse() -> None:
    gate = after([(1.0, 1.0)] * 60)
    assert gate.is_safe
    holed = AnytimeGate(WIDE)
    for number in range(60):
        holed.add([] if number % 12 == 0 else [(1.0, 1.0)], [1.0] if number % 12 == 0 else [])
    result = holed.result()
    assert (result.verdict, result.missing, result.is_shown) == ("INCONCLUSIVE", 5, False)
    assert result.worst == pytest.approx(-5 / 60)
    assert result.change == 0
    assert "without a score may have the worst one" in result.reason


def test_a_cluster_counts_once() -> None:
    alone, clustered = AnytimeGate(WIDE), AnytimeGate(WIDE, largest=10)
    for _ in range(10):
        alone.add([(1.0, 0.0)])
    clustered.add([(1.0, 0.0)] * 10)
    assert alone.is_regressed()
    assert not clustered.is_worse()
    assert clustered.result().verdict == "INCONCLUSIVE"
    assert clustered.result().clusters == 1
