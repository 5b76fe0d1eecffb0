"""The history in the terminal: a block for each quantity, with a row for each run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

from pytest_llmeval.records.verdicts import DOUBTFUL, NOT_RUN, OUTCOMES, RUN_OUTCOMES
from pytest_llmeval.reports.terminal.comparison import Line
from pytest_llmeval.reports.terminal.plan import outlook_lines
from pytest_llmeval.runlog.history import (
    ANOTHER_JUDGE,
    CaseFlips,
    CaseHistory,
    CasePoint,
    CaseScore,
    Change,
    History,
    MetricPoint,
    RunPoint,
)
from pytest_llmeval.summary.costs import cost_text
from pytest_llmeval.text import (
    and_more,
    average,
    count,
    level,
    mean_text,
    moment,
    number,
    one_line,
    rate_text,
    seconds,
)

_WIDTH = 100
NAME = 24  # longest name of a run
_MOST_FLIPS = 10
_MOST_MARKS = 30
_LEAST_EVIDENCE, _MOST_EVIDENCE = 0.001, 10_000
_LEGEND = (
    ", ".join(f"{row.mark} {outcome}" for outcome, row in OUTCOMES.items() if row.mark != NOT_RUN)
    + f", {NOT_RUN} not run"
)


def history_lines(history: History) -> Iterator[Line]:
    """Write the whole history, with the flipping cases last."""
    yield from _block(
        "pass rate", [_rate_row(point) for point in history.runs], map(_colour, history.runs)
    )
    for name in dict.fromkeys(metric.name for point in history.runs for metric in point.metrics):
        points = [
            (point, metric)
            for point in history.runs
            for metric in point.metrics
            if metric.name == name
        ]
        scale = points[-1][1].scale
        direction = "higher" if scale.higher_is_better else "lower"
        heading = f"{one_line(name, _WIDTH)} ({direction} is better)"
        yield from _block(heading, [_metric_row(*pair) for pair in points])
    yield from _block("cost and time per answer", [_cost_row(point) for point in history.runs])
    yield from _evidence(history)
    if history.plan is not None:
        yield from outlook_lines(history.plan)
    yield from _flips(history)


def case_lines(histories: Iterable[CaseHistory]) -> Iterator[Line]:
    """Write the outcomes of each case, run by run."""
    for case in histories:
        yield f"{_case_name(case)}, {count(len(case.points), 'run')}", ""
        before: CasePoint | None = None
        for point in case.points:
            outcome = point.outcome.upper()
            if not point.is_whole:
                outcome += f", in a run that is {_end(point)}"
            yield f"{_run(point)}  {outcome}", OUTCOMES[point.outcome].tone.colour
            yield from (
                (f"  {one_line(text, _WIDTH - 2)}", "") for text in _point_lines(point, before)
            )
            before = point


def _block(
    heading: str, rows: Sequence[tuple[str, ...]], colours: Iterable[str] = repeat("")
) -> Iterator[Line]:
    """Write rows as columns below a heading."""
    yield heading, ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, colour in zip(rows, colours, strict=False):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  " + "  ".join(cells).rstrip(), colour


def _colour(point: RunPoint) -> str:
    tone = RUN_OUTCOMES[point.verdict].tone if point.is_whole else DOUBTFUL
    return tone.colour


def _rate_row(point: RunPoint) -> tuple[str, ...]:
    outcomes = ", ".join(f"{amount:,} {name}" for name, amount in point.outcomes.items() if amount)
    verdict = point.verdict.upper() if point.is_whole else _end(point)
    change = ""
    if point.change is not None:
        change = _change(point.change, point.pass_rate.n, 100, " points")
    return (*_labels(point), verdict, rate_text(point.pass_rate), change, outcomes)


def _metric_row(point: RunPoint, metric: MetricPoint) -> tuple[str, ...]:
    unscored = f", {metric.unscored:,} unscored" if metric.unscored else ""
    change = "" if metric.change is None else _change(metric.change, metric.mean.n)
    cut = "" if point.is_whole else _end(point)
    return (
        *_labels(point),
        mean_text(metric.mean),
        f"n={metric.mean.n:,}{unscored}",
        change or cut,
    )


def _cost_row(point: RunPoint) -> tuple[str, ...]:
    parts = f"generation {cost_text(point.generation)}, judge {cost_text(point.judging)}"
    latency = f"{seconds(point.latency_p50_s)} (median), {seconds(point.latency_p95_s)} (p95)"
    if point.latency_p50_s is None:
        latency = "no live answers"
    return (*_labels(point), cost_text(point.cost), parts, latency)


def _change(change: Change, n: int, factor: float = 1, unit: str = "") -> str:
    if change.value is None:
        return change.why
    value = change.value * factor
    sign = ""
    if value:
        sign = "-" if value < 0 else "+"
    amount = f"{abs(value):.1f}" if unit else average(abs(value))
    cases = f" over {count(change.n, 'case')}" if change.n != n else ""
    return f"{sign}{amount}{unit}{cases}"


def _labels(point: RunPoint | CasePoint) -> tuple[str, str]:
    return moment(point.started_at), one_line(point.name or _id(point), NAME)


def _run(point: CasePoint) -> str:
    return "  ".join(_labels(point))


def _id(point: RunPoint | CasePoint) -> str:
    return point.id if isinstance(point, RunPoint) else point.run


def _end(point: RunPoint | CasePoint) -> str:
    """Describe the end of an incomplete run."""
    if point.is_stopped_early:
        return "stopped early"
    return "not finished" if point.exit_code is None else f"cut off (exit code {point.exit_code})"


def _flips(history: History) -> Iterator[Line]:
    runs = sum(point.is_whole for point in history.runs)
    if not history.flips:
        if runs > 1:
            yield f"no case of {history.cases:,} flips", ""
        return
    shown = history.flips[:_MOST_FLIPS]
    rows = [
        (case.marks[-_MOST_MARKS:], count(case.flips, "flip"), f"now {case.last}", _case_name(case))
        for case in shown
    ]
    yield from _block(
        f"cases that flip most, {len(history.flips):,} of {history.cases:,} flip ({_LEGEND})", rows
    )
    if len(history.flips) > _MOST_FLIPS:
        yield f"  {and_more(len(history.flips) - _MOST_FLIPS)} (--json PATH has all)", ""


def _evidence(history: History) -> Iterator[Line]:
    """Write whether all runs together show a drop since a baseline was accepted."""
    for stream in history.evidence:
        is_shown = stream.value >= stream.required
        words = "shows a drop" if is_shown else "shows no drop"
        text = (
            f"evidence of a drop since {stream.baseline} was accepted, over "
            f"{count(stream.runs, 'run')}: {_evidence_value(stream.value)} of "
            f"{stream.required:g}, which {words} (false alarms: "
            f"{level(1 / stream.required)} of such series or fewer)"
        )
        yield text, "red" if is_shown else ""


def _evidence_value(value: float) -> str:
    """Write an e-value without an exponent."""
    if value > _MOST_EVIDENCE:
        return f"over {_MOST_EVIDENCE:,}"
    if value < _LEAST_EVIDENCE:
        return f"under {_LEAST_EVIDENCE}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _case_name(case: CaseFlips | CaseHistory) -> str:
    """Write file, line, id and test of a case."""
    where = f"{case.file}:{case.line} " if case.file else ""
    test = "" if case.suite in ("", case.file) else f" in {case.suite}"
    return one_line(f"{where}{case.id}{test}", _WIDTH)


def _point_lines(point: CasePoint, before: CasePoint | None) -> Iterator[str]:
    versions = {score.name: score.version for score in before.scores} if before else {}
    for score in point.scores:
        version = versions.get(score.name, score.version)
        is_new_judge = score.is_judged and version != score.version
        yield _score(score) + (f" ({ANOTHER_JUDGE})" if is_new_judge else "")
    if point.message:
        yield point.message.partition("\n")[0]  # further lines repeat scores and reasons
    if point.answer is not None:
        is_same = before is not None and before.answer == point.answer
        yield "the same answer" if is_same else f"answer: {point.answer}"


def _score(score: CaseScore) -> str:
    shown = "unscored" if score.value is None else number(score.value)
    return f"{score.name} {shown}" + (f": {score.reason}" if score.reason else "")
