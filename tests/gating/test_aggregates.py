"""The aggregates of a figure: what a rule may name can be computed."""

from __future__ import annotations

import pytest

from pytest_llmeval.errors import SettingError
from pytest_llmeval.gating.aggregates import AGGREGATES, aggregate_of
from pytest_llmeval.gating.rules import BoundRule, parse_rule


@pytest.mark.parametrize(
    ("name", "value"),
    [("mean", 4.0), ("min", 1.0), ("max", 10.0), ("p50", 3.0), ("p1", 1.04), ("p99", 9.76)],
)
def test_an_aggregate_makes_one_number(name: str, value: float) -> None:
    aggregate = aggregate_of(name)
    assert aggregate is not None
    assert aggregate([10, 1, 2, 4, 3]) == pytest.approx(value)


@pytest.mark.parametrize("name", [*AGGREGATES, "p1", "p99"])
def test_every_aggregate_may_be_in_a_rule(name: str) -> None:
    for metric in ("rubric", "latency"):
        rule = parse_rule(f"{metric}.{name}>=1")
        assert isinstance(rule, BoundRule)
        assert aggregate_of(rule.aggregate) is not None


@pytest.mark.parametrize("name", ["median", "p0", "p100", "p", "pmax", "MEAN"])
def test_no_rule_has_an_unknown_aggregate(name: str) -> None:
    assert aggregate_of(name) is None
    for metric in ("rubric", "latency"):
        with pytest.raises(SettingError, match=r"allowed: .*\.mean, .*\.min, .*\.max.*p99"):
            parse_rule(f"{metric}.{name}>=1")
