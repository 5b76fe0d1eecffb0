"""The figures behind the verdict, at the head of the HTML report."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmeval.records.comparison import Comparison, Coverage, GateResult, MetricComparison
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.reports.html.head_figures import head_figures
from pytest_llmeval.summary.summary import summarize

WORSE = GateResult(
    "REGRESSED", "worse", -0.053, lower=-0.073, upper=-0.033, p=0.0002, adjusted_p=0.0004, detectable=0.034, n=190,
    metrics=2, before=Interval(0.9, None, None, 190), after=Interval(0.847, None, None, 190),
)  # fmt: skip
UNCOMPARED = GateResult("ERROR", "its scale has no ends")


def compared(name: str, result: GateResult, is_gated: bool = True) -> MetricComparison:
    return MetricComparison(name, result, Coverage(200, result.n, 200), is_gated, high=5.0)


def test_the_worst_metric_that_could_be_compared_leads(run: Run, results: list[CaseResult]) -> None:
    metrics = (
        compared("toxicity", replace(WORSE, verdict="OK")),
        compared("reading_ease", UNCOMPARED),
        compared("rubric", WORSE),
        compared("length", replace(WORSE, verdict="ERROR"), is_gated=False),
    )
    gated = replace(run, comparisons=(Comparison("main", "now", metrics),))
    assert head_figures(gated, summarize(gated, results)) == [
        ("Metric", "rubric"),
        ("Against", "main"),
        ("Before and after", "4.50 → 4.23"),
        ("Change", "\u22125.3 points"),
        ("90% interval", "\u22127.3 to \u22123.3"),
        ("p", "0.0004"),
        ("MDE", "3.4 points"),
        ("n", "190"),
    ]


def test_a_metric_that_could_not_be_compared_has_no_figures(
    run: Run, results: list[CaseResult]
) -> None:
    gated = replace(
        run, comparisons=(Comparison("main", "now", (compared("rubric", UNCOMPARED),)),)
    )
    assert head_figures(gated, summarize(gated, results)) == [
        ("Metric", "rubric"),
        ("Against", "main"),
    ]


def test_without_a_baseline_the_pass_rate_leads(run: Run, results: list[CaseResult]) -> None:
    assert head_figures(run, summarize(run, results)) == [
        ("Pass rate, 95% interval", "66.7% [9.4%, 99.2%]"),
        ("n", "3"),
    ]
    assert head_figures(run, summarize(run, [])) == []
