"""A plan in the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llmeval.records.plan import MetricPlan, Plan
from pytest_llmeval.reports.terminal.comparison import Line
from pytest_llmeval.text import count, level, points, usd


def plan_lines(plan: Plan) -> Iterator[Line]:
    """Write the plan of each metric: its noise, today's suite, and what the drop needs."""
    runs = f"{level(plan.power)} of runs"
    for metric in plan.metrics:
        yield f"{metric.metric}: {_suite(metric)}", ""
        yield f"  noise     {_noise(metric)}", ""
        yield f"  today     {_today(metric, runs)}", ""
        yield f"  strict    {_strict(metric, plan, runs)}", ""
        colour = "green" if metric.is_enough else ""
        yield f"  {_points(plan.drop)} points {_needs(metric)}", colour


def outlook_lines(plan: Plan) -> Iterator[Line]:
    """Write the plan of each metric in one line, for the history."""
    for metric in plan.metrics:
        needed = "cannot be shown"
        if metric.cases_needed is not None:
            needed = f"needs {count(metric.cases_needed, 'case')}"
        yield (
            (
                f"plan: {metric.metric}: {_visible(metric)} in {level(plan.power)} of runs, "
                f"{_points(plan.drop)} {needed}; {_holds(metric)} (llmeval plan)"
            ),
            "",
        )


def _suite(metric: MetricPlan) -> str:
    text = f"{count(metric.cases, 'case')} with {count(metric.samples, 'sample')}"
    if metric.clusters != metric.compared:
        text += f" in {count(metric.clusters, 'cluster')}"
    return text


def _noise(metric: MetricPlan) -> str:
    if metric.noise is None:
        return "unknown: there are fewer than two clusters"
    error = f"standard error of a change {points(metric.noise, signed=False)} points"
    if metric.source == "runs":
        return (
            f"{error}, from two runs of the same settings over {count(metric.compared, 'case')}: "
            f"{' and '.join(metric.runs)}"
        )
    if metric.source == "samples":
        return f"{error}, from the samples of {metric.runs[0]}"
    if not metric.noise:
        return (
            f"unknown: all cases of {metric.runs[0]} have the same score; a second run of the same "
            "settings, without the cache, shows whether there is any"
        )
    return (
        f"{error}, from the differences between the cases of {metric.runs[0]}, which is more than "
        "the noise; a second run of the same settings, without the cache, makes the plan sharper"
    )


def _today(metric: MetricPlan, runs: str) -> str:
    cost = "what a run costs is unknown"
    if metric.usd is not None:
        per_case = f"{usd(metric.usd / metric.cases)} a case" if metric.cases else ""
        cost = f"a run costs {usd(metric.usd)} ({per_case})"
    return f"{_visible(metric)} in {runs}; {cost}"


def _visible(metric: MetricPlan) -> str:
    if metric.detectable is None:
        return "no drop shows"
    return f"a drop of {_points(metric.detectable)} points shows"


def _strict(metric: MetricPlan, plan: Plan, runs: str) -> str:
    return f"{_holds(metric)}, in {runs} without a change (--llm-margin is {plan.margin:g})"


def _holds(metric: MetricPlan) -> str:
    if metric.strict_margin is None:
        return "strict holds no margin"
    return f"strict holds a margin of {_points(metric.strict_margin)} points"


def _needs(metric: MetricPlan) -> str:
    ways = list(_ways(metric))
    if metric.is_enough:
        enough = "today's suite is large enough"
        return f"need {', or '.join(ways)}; {enough}" if ways else f"need no more: {enough}"
    if not ways:
        return "cannot be shown by more cases or samples of this kind"
    text = f"need {', or '.join(ways)}"
    if len(ways) == 1:
        return text
    return f"{text}; more {metric.cheaper} are cheaper"


def _ways(metric: MetricPlan) -> Iterator[str]:
    """Yield the suites that show the drop: smaller than today's if that is enough, else larger."""
    cases, samples = metric.cases_needed, metric.samples_needed
    if cases is not None and _differs(cases, metric.cases, metric.is_enough):
        suite = f"{count(cases, 'case')} with {count(metric.samples, 'sample')}"
        yield f"{suite}{_price(metric.usd_cases)}"
    if samples is not None and _differs(samples, metric.samples, metric.is_enough):
        suite = f"{count(metric.cases, 'case')} with {count(samples, 'sample')}"
        yield f"{suite}{_price(metric.usd_samples)}"


def _differs(needed: int, today: int, is_enough: bool) -> bool:
    return needed < today if is_enough else needed > today


def _price(amount: float | None) -> str:
    return "" if amount is None else f" ({usd(amount)} a run)"


def _points(value: float) -> str:
    return points(value, signed=False)
