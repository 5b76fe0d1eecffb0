"""The numbers of a run as Markdown tables: each score now, before, and the change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_llmeval.records.comparison import Comparison, MetricComparison
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.records.run import Run
from pytest_llmeval.reports.markdown.escaping import flat
from pytest_llmeval.summary.summary import Summary
from pytest_llmeval.text import NONE, and_more, average, mean_text, p_value, points, rate_text

_MOST_METRICS, _MOST_BASELINES = 10, 3
NAME = 80  # bytes
NOTE = (
    "<sub>Changes are in points: hundredths of the scale, negative is worse. Brackets hold 95% "
    "intervals of means, and the bounds of a gate. MDE: the smallest drop that four of five runs "
    "would detect.</sub>"
)


def row(*cells: str) -> str:
    """Write a row of a table with Markdown cells."""
    return f"| {' | '.join(cells)} |"


def metric_tables(run: Run, summary: Summary) -> Iterator[str]:
    """Write a table for each baseline, or one of means without any."""
    now = {score.name: score.mean for score in summary.scores}
    if not run.comparisons:
        yield _mean_table(summary)
        return
    for comparison in run.comparisons[:_MOST_BASELINES]:
        yield comparison_table(comparison, now, summary.pass_rate)
    if len(run.comparisons) > _MOST_BASELINES:
        yield and_more(len(run.comparisons) - _MOST_BASELINES, "baseline")
    yield NOTE


def _mean_table(summary: Summary) -> str:
    lines = [
        row("score", "mean [95%]", "n", "lowest to highest", "thresholds missed"),
        row("---", *["---:"] * 4),
    ]
    for score in summary.scores[:_MOST_METRICS]:
        spread = (
            NONE
            if score.minimum is None
            else f"{average(score.minimum)} to {average(score.maximum)}"
        )
        missed = f"{score.missed:,} of {score.bounds:,}" if score.bounds else NONE
        lines.append(
            row(
                flat(score.name, NAME),
                _plain(mean_text(score.mean)),
                f"{score.mean.n:,}",
                spread,
                missed,
            )
        )
    return (
        "\n".join(_with_rest(lines, len(summary.scores) - _MOST_METRICS, 5))
        if summary.scores
        else ""
    )


def comparison_table(
    comparison: Comparison, now: Mapping[str, Interval], pass_rate: Interval | None
) -> str:
    """Write the numbers of a comparison, and the means of the run that it does not compare.

    Args:
        comparison: The comparison.
        now: Means of the run by metric.
        pass_rate: Pass rate of the run; ``None`` to leave it out where it is not compared.
    """
    before = f"before ({flat(comparison.baseline, NAME)})"
    lines = [
        row("score", "now", before, "change", "p", "MDE", "n", "verdict"),
        row("---", *["---:"] * 6, "---"),
    ]
    compared = {metric.name for metric in comparison.metrics}
    rest = [(name, mean_text(mean)) for name, mean in now.items() if name not in compared]
    if PASS_RATE not in compared and pass_rate is not None:
        rest.append((PASS_RATE, rate_text(pass_rate)))
    rows = [
        *(
            _compared(metric, pass_rate if metric.name == PASS_RATE else now.get(metric.name))
            for metric in comparison.metrics
        ),
        *(row(flat(name, NAME), _plain(text), *[NONE] * 5, "") for name, text in rest),
    ]
    return "\n".join(_with_rest([*lines, *rows[:_MOST_METRICS]], len(rows) - _MOST_METRICS, 8))


def _compared(metric: MetricComparison, whole: Interval | None) -> str:
    result = metric.result
    is_rate = metric.name == PASS_RATE
    written = rate_text if is_rate else mean_text
    after = _in_unit(metric, result.after)
    if whole is not None and (whole.n == result.n or after.estimate is None):
        after = whole
    bounds = "" if result.lower is None else f"[{points(result.lower)}, {points(result.upper)}]"
    return row(
        flat(metric.name, NAME),
        _plain(written(after)),
        _plain(
            rate_text(result.before)
            if is_rate
            else average(_in_unit(metric, result.before).estimate)
        ),
        NONE if result.change is None else f"<b>{points(result.change)}</b> {_plain(bounds)}",
        _plain(p_value(result.deciding_p)),
        points(result.detectable, signed=False),
        f"{result.n:,}",
        _verdict(metric),
    )


def _verdict(metric: MetricComparison) -> str:
    """Write the verdict; one that cannot be reached is no error of a score that does not gate."""
    verdict = metric.result.verdict
    if metric.is_gated:
        return f"<b>{verdict}</b>"
    return "not compared" if verdict == "ERROR" else f"{verdict}, not gated"


def _in_unit(metric: MetricComparison, scaled: Interval) -> Interval:
    """Convert a mean to the unit of the metric, with its interval if the scale is the unit."""
    if scaled.estimate is None or (metric.low, metric.high) == (0.0, 1.0):
        return scaled
    return Interval(metric.low + scaled.estimate * (metric.high - metric.low), None, None, scaled.n)


def _plain(text: str) -> str:
    return flat(text, NAME)


def _with_rest(lines: list[str], more: int, width: int) -> list[str]:
    return [*lines, row(and_more(more), *[""] * (width - 1))] if more > 0 else lines
