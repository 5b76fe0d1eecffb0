"""The doubts of a reviewer: what may make good figures come from something else than good answers.

Each rule stands here alone, and every report has its sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_llmeval.records.comparison import Comparison, LengthChange, MetricComparison
from pytest_llmeval.records.result import PASS_RATE
from pytest_llmeval.stats.answer_texts import AnswerTally
from pytest_llmeval.text import change_text, one_line, percent, points

_LONGER, _A_LITTLE_LONGER = 1.25, 1.1
"""Ratio of lengths that is notable, and that is notable where the score goes with the length."""

_CHARACTERS = 20
"""Smallest change of length that is notable: labels are short."""

_CORRELATION, _CORRELATED_CASES = 0.5, 20
_FEW_CASES = 20
_TOP = 0.95
"""Share of the cases at the top of the scale from which a metric is blind for improvements."""

_FLOOR = 0.95
"""Share of the cases at the bottom of the scale from which a metric is blind for drops."""

_NET_LOSSES = 2
"""Cases that fail now, less those that pass now, from which a falling pass rate is notable."""


def doubts(comparisons: Iterable[Comparison], answers: AnswerTally) -> Iterator[str]:
    """Yield a sentence for each doubt about the answers of a run and its comparisons."""
    yield from _on_answers(answers)
    for comparison in comparisons:
        yield from _on_comparison(comparison)


def _on_answers(answers: AnswerTally) -> Iterator[str]:
    for constant in answers.constants():
        where = f" of {constant.group}" if constant.group else ""
        yield (
            f"{constant.repeated:,} of {constant.prompts:,} different prompts{where} got the same "
            f"answer: {one_line(constant.excerpt, 80)!r}"
        )
    echo = answers.echo()
    if echo is not None:
        yield (
            f"{echo.equal:,} of {echo.texts:,} answers are the expected text to the letter: they "
            "may be copied from the golden file"
        )


def _on_comparison(comparison: Comparison) -> Iterator[str]:
    gated = [
        metric
        for metric in comparison.metrics
        if (metric.is_gated or metric.is_sliced) and metric.result.change is not None
    ]
    yield from _on_contradictions(comparison, gated)
    length = next((metric for metric in gated if _is_notable(metric.length)), None)
    if length is not None and length.length is not None:
        yield _length_text(comparison.baseline, length, length.length)
    for metric in gated:
        if _is_at_the_top(metric):
            yield _top_text(metric)
        if _is_at_the_floor(metric):
            yield floor_text(metric)


def _is_notable(length: LengthChange | None) -> bool:
    """Return whether a change in length may explain a change in score."""
    if length is None or abs(length.after - length.before) < _CHARACTERS:
        return False
    shorter, longer = sorted((length.before, length.after))
    if longer >= _LONGER * shorter:
        return True
    correlation = 0.0 if length.correlation is None else abs(length.correlation)
    is_correlated = correlation >= _CORRELATION and length.n >= _CORRELATED_CASES
    return is_correlated and longer >= _A_LITTLE_LONGER * shorter


def _length_text(baseline: str, metric: MetricComparison, length: LengthChange) -> str:
    change = f"{length.before:,.0f} -> {length.after:,.0f} characters"
    if length.share is not None:
        change += f" ({100 * length.share:+,.0f}%)"
    words = "longer" if length.after > length.before else "shorter"
    correlation = ""
    if length.correlation is not None:
        correlation = f" (correlation with the change in length {length.correlation:+.2f})"
    return (
        f"the answers are {words} than those of {baseline}: {change}; {metric.name} "
        f"{_moved(metric)}{correlation}, and some judges reward length"
    )


def _on_contradictions(comparison: Comparison, gated: Iterable[MetricComparison]) -> Iterator[str]:
    """Yield a sentence for a figure that falls while what gates does not."""
    holding = [metric for metric in gated if _holds(metric)]
    names = {metric.name for metric in gated}
    if not holding or len(holding) < len(names):
        return
    best = max(holding, key=lambda metric: metric.result.change or 0.0)
    for metric in comparison.metrics:
        if metric.name not in names and _falls(metric):
            before, after = metric.result.before.estimate, metric.result.after.estimate
            figures = (
                f" ({percent(before)} -> {percent(after)})" if metric.name == PASS_RATE else ""
            )
            yield (
                f"{metric.name} {_moved(metric)}{figures} against {comparison.baseline}, while "
                f"{best.name} {_moved(best)}: the two disagree about the change"
            )


def _holds(metric: MetricComparison) -> bool:
    """Return whether a metric does not fall, or only as little as its gate allows."""
    return (metric.result.change or 0.0) >= 0 or metric.result.verdict == "OK"


def _falls(metric: MetricComparison) -> bool:
    """Return whether a metric that gates nothing falls notably."""
    result = metric.result
    if result.verdict == "REGRESSED":
        return True
    if metric.name != PASS_RATE or result.change is None:
        return False
    return result.change <= -result.margin and -result.change * result.n >= _NET_LOSSES


def _moved(metric: MetricComparison) -> str:
    return change_text(metric.result.change) if metric.result.change else "did not change"


def _is_at_the_top(metric: MetricComparison) -> bool:
    result = metric.result
    if result.is_identical or result.n < _FEW_CASES:
        return False
    return metric.topped >= _TOP * result.n


def _is_at_the_floor(metric: MetricComparison) -> bool:
    """Return whether nearly all cases have the worst score already, so that it cannot drop."""
    result = metric.result
    is_many = result.change is not None and result.n >= _FEW_CASES
    return is_many and metric.floored >= _FLOOR * result.n


def is_blind(metric: MetricComparison) -> bool:
    """Return whether a verdict rests on cases that cannot get worse, and not on equal answers."""
    return _is_at_the_floor(metric) and not metric.result.is_identical


def floor_text(metric: MetricComparison) -> str:
    """Write that nearly all cases have the worst score already."""
    return (
        f"{metric.name}: {metric.floored:,} of {metric.result.n:,} cases have the worst score in "
        "both runs, so it can show no drop; check its reference, and the pattern of the answer"
    )


def _top_text(metric: MetricComparison) -> str:
    result = metric.result
    room = 1 - (result.before.estimate or 0.0)
    better = (
        "no improvement"
        if room <= 0
        else f"no improvement beyond {points(room, signed=False)} points"
    )
    worse = "no drop"
    if result.detectable is not None:
        worse = f"a drop of {points(result.detectable, signed=False)} points or more"
    return (
        f"{metric.name}: {metric.topped:,} of {result.n:,} cases have the best score in both runs, "
        f"so it can show {better}; it can show {worse}"
    )
