from __future__ import annotations

import pytest

from pytest_llmeval.errors import SettingError
from pytest_llmeval.gating.rules import BoundRule, RegressionRule, Rule, parse_rule, parse_rules
from pytest_llmeval.records.score import Scale


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("pass_rate>=.95", BoundRule("pass_rate>=.95", "pass_rate", "", ">=", 0.95)),
        ("pass_rate.low > 0.9", BoundRule("pass_rate.low > 0.9", "pass_rate", "low", ">", 0.9)),
        ("rubric.mean>=4", BoundRule("rubric.mean>=4", "rubric", "mean", ">=", 4.0)),
        (
            "rubric.polite.p10>=3",
            BoundRule("rubric.polite.p10>=3", "rubric.polite", "p10", ">=", 3.0),
        ),
        ("latency.p95<=2", BoundRule("latency.p95<=2", "latency", "p95", "<=", 2.0)),
        ("cost<=0.50", BoundRule("cost<=0.50", "cost", "", "<=", 0.5)),
        ("unscored<=0.05", BoundRule("unscored<=0.05", "unscored", "", "<=", 0.05)),
        (
            "toxicity.unscored<=0",
            BoundRule("toxicity.unscored<=0", "toxicity", "unscored", "<=", 0.0),
        ),
        ("regression", RegressionRule("regression")),
        ("regression(rubric)", RegressionRule("regression(rubric)", "rubric")),
        (
            "regression(pass_rate, margin=0.05, alpha=.1)",
            RegressionRule("regression(pass_rate, margin=0.05, alpha=.1)", "pass_rate", 0.05, 0.1),
        ),
        ("regression(margin=.05)", RegressionRule("regression(margin=.05)", "", 0.05)),
        (
            "regression(margin=1, alpha=.5)",
            RegressionRule("regression(margin=1, alpha=.5)", "", 1.0, 0.5),
        ),
        ("regression(worst_tag)", RegressionRule("regression(worst_tag)", by_tag=True)),
        (
            "regression(rubric, worst_tag, margin=.1)",
            RegressionRule("regression(rubric, worst_tag, margin=.1)", "rubric", 0.1, by_tag=True),
        ),
    ],
)
def test_a_rule_is_read(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pass_rat>=.9", "Did you mean 'pass_rate'?"),
        ("rubric>=4", "Did you mean 'rubric.mean'?"),
        ("rubric.men>=4", "Did you mean 'rubric.mean'?"),
        ("rubric.p100>=4", "rubric.p1 to .p99"),
        ("regresion(rubric)", "Did you mean 'regression'?"),
        ("regression(rubric, margn=.1)", "Did you mean 'margin'?"),
        ("regression(rubric, worst_tg)", "Did you mean 'worst_tag'?"),
        ("regression(worst_tag, rubric)", "allowed: a metric, worst_tag, margin=X and alpha=X"),
        ("regression(rubric, margin=.1, margin=.2)", "each once"),
        ("regression(rubric, margin=5)", "for margin a number from 0.0001 to 1, for example"),
        ("regression(rubric, margin=0)", "for margin a number from 0.0001 to 1, for example"),
        ("regression(rubric, alpha=.51)", "for alpha a number from 0.0001 to 0.5, for example"),
        ("regression(rubric, alpha=1e-9)", "for alpha a number from 0.0001 to 0.5, for example"),
        ("regression(rubric, alpha=nan)", "for alpha a number from 0.0001 to 0.5, for example"),
        ("pass_rate>=many", "for example 'pass_rate>=.95'"),
        ("pass_rate=>1", "for example 'pass_rate>=.95'"),
        ("", "for example 'pass_rate>=.95'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_may_be_meant(text: str, told: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_rule(text)
    assert str(caught.value).startswith(f"--llm-gate: found {text!r}; allowed: ")
    assert told in str(caught.value)


def test_a_metric_is_compared_by_one_rule() -> None:
    with pytest.raises(SettingError, match="one rule for a metric, and regression\\(rubric\\)"):
        parse_rules(["regression(rubric)", "pass_rate>=.9", "regression(rubric, margin=.2)"])
    assert len(parse_rules(["regression(rubric)", "regression(f1)", "regression(rubric)"])) == 2
    by_tag = ["regression(rubric)", "regression(rubric, worst_tag, margin=.2)"]
    assert len(parse_rules(by_tag)) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pass_rate<=1", "pass_rate is from 0 to 1"),
        ("pass_rate>=-1", "pass_rate is from 0 to 1"),
        ("pass_rate<1.5", "pass_rate is from 0 to 1"),
        ("pass_rate.low>=-.1", "pass_rate.low is from 0 to 1"),
        ("unscored<=1", "unscored is from 0 to 1"),
        ("rubric.unscored<=1", "rubric.unscored is from 0 to 1"),
        ("cost>=-1", "cost is at least 0"),
        ("latency.p95>-1", "latency.p95 is at least 0"),
        ("cost<=inf", "for example 'pass_rate>=.95'"),
        ("pass_rate>=nan", "for example 'pass_rate>=.95'"),
    ],
)
def test_a_bound_that_every_run_meets_is_refused(text: str, told: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_rule(text)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["pass_rate>=0", "pass_rate==1", "pass_rate<1", "unscored<=0", "cost>0", "rubric.mean<=5"],
)
def test_a_bound_that_a_run_can_miss_or_that_says_so_may_stand(text: str) -> None:
    rule = parse_rule(text)
    assert isinstance(rule, BoundRule)
    assert rule.requires_nothing({}) == (text == "pass_rate>=0")


@pytest.mark.parametrize("figure", ["mean", "min", "max", "p1", "p50", "worst_tag"])
def test_a_bound_at_the_low_end_of_a_known_scale_requires_nothing(figure: str) -> None:
    scales = {"rubric": Scale(0.0, 5.0), "mine": Scale(-1.0, 1.0)}
    for text, is_idle in ((">=0", True), (">0", False), (">=0.1", False), ("<=0", False)):
        rule = parse_rule(f"rubric.{figure}{text}")
        assert isinstance(rule, BoundRule)
        assert (rule.requires_nothing(scales), rule.requires_nothing({})) == (is_idle, False)
    rules = [parse_rule(f"mine.{figure}>={bound}") for bound in (0, -1)]
    assert [rule.requires_nothing(scales) for rule in rules if isinstance(rule, BoundRule)] == [
        False,
        True,
    ]
