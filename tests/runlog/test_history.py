"""A history is made of few columns of the log; its numbers are those of the whole results."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from statistics import fmean
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.result import CaseResult, Outcome, Sample
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.records.verdicts import OUTCOMES
from pytest_llmeval.runlog.history import History
from pytest_llmeval.runlog.history_reading import read_history
from pytest_llmeval.runlog.log import RunLog
from pytest_llmeval.summary.costs import Cost
from pytest_llmeval.summary.summary import summarize
from tests.finished_run import make_results, make_run

PRICES = {"": 0.25, "a": 0.5, "b": None, "a+b": 1.0, "c": 0.0}
names = st.sampled_from(["rubric", "", 'escaped:"x'])
calls = st.builds(
    lambda call, latency, cached: Completion("x", cost_usd=PRICES[call], latency_s=latency, cached=cached, call=call),
    st.sampled_from(list(PRICES)), st.sampled_from([0.0, 0.5, 2.0]), st.booleans(),
)  # fmt: skip
scores = st.builds(
    Score, names, st.none() | st.integers(0, 5).map(float), st.builds(Scale, st.sampled_from([None, 0.0])),
    version=st.sampled_from(["", "1", "2"]), calls=st.lists(calls, max_size=2).map(tuple),
)  # fmt: skip
samples = st.lists(
    st.builds(Sample, st.integers(0, 4), st.none() | calls, st.lists(scores, max_size=1).map(tuple)),
    max_size=3, unique_by=lambda sample: sample.number,
).map(lambda found: tuple(sorted(found, key=lambda sample: sample.number)))  # fmt: skip


@st.composite
def case_results(draw: st.DrawFn) -> CaseResult:
    several, outcome = draw(samples), draw(st.sampled_from(get_args(Outcome)))
    answer = draw(st.sampled_from([sample.completion for sample in several] or [None]) | calls)
    scored = draw(st.lists(scores, max_size=2).map(tuple))
    case = Case(draw(st.text("abc", max_size=2)), "?", Source("a.csv", draw(st.integers(1, 9))))
    return CaseResult("a.csv", case, "", outcome, None, answer, scored, samples=several)


SCORED = st.lists(st.none() | st.integers(0, 5), min_size=1, max_size=8)


def logged(*runs: Sequence[CaseResult]) -> History:
    """The history of runs that came to their end."""
    with closing(RunLog("sqlite://")) as log:
        for number, results in enumerate(runs):
            run = Run(f"r{number}", exit_code=0)
            log.begin(run)
            for result in results:
                log.add(run.id, result)
        return read_history(log, list(log.runs())[::-1])


def scored(values: Sequence[float | None], version: str = "") -> list[CaseResult]:
    return [
        CaseResult(
            "a.csv", Case(f"c{n}", "?", Source("a.csv", n + 2)), "", "passed", scores=(score,)
        )
        for n, value in enumerate(values)
        for score in [Score("rubric", value, version=version)]
    ]


def agrees(run: Run, results: Sequence[CaseResult]) -> None:
    with closing(RunLog("sqlite://")) as log:
        log.begin(run)
        for result in results:
            log.add(run.id, result)
        summary = summarize(run, log.results(run.id))
        (point,) = read_history(log, [run]).runs
    assert (point.verdict, point.pass_rate) == (summary.verdict, summary.pass_rate)
    assert point.outcomes == {name: getattr(summary, name) for name in point.outcomes}
    assert sum(point.outcomes.values()) == summary.total + summary.lost
    assert [
        (each.name, each.scale, each.mean, each.unscored, each.versions) for each in point.metrics
    ] == [
        (each.name, each.scale, each.mean, each.unscored, each.versions) for each in summary.scores
    ]
    assert (point.latency_p50_s, point.latency_p95_s) == (
        summary.latency_p50_s,
        summary.latency_p95_s,
    )
    for own, its in ((point.generation, summary.generation), (point.judging, summary.judging)):
        assert (own.calls, own.unknown) == (its.calls, its.unknown)
        assert own.known_usd == pytest.approx(its.known_usd, abs=1e-9)
    parts: tuple[Cost, ...] = (
        summary.generation,
        summary.judging,
        summary.selftest,
        summary.unused,
    )
    assert point.cost.calls == sum(part.calls for part in parts)
    assert point.cost.known_usd == pytest.approx(sum(part.known_usd for part in parts), abs=1e-9)


def test_a_runs_numbers_are_those_of_its_summary() -> None:
    agrees(make_run(), make_results())


@settings(max_examples=100, deadline=None)
@given(results=st.lists(case_results(), max_size=3, unique_by=lambda result: result.key))
def test_any_runs_numbers_are_those_of_its_summary(results: list[CaseResult]) -> None:
    agrees(make_run(), results)


@settings(max_examples=30, deadline=None)
@given(before=SCORED, after=SCORED)
def test_a_change_is_the_mean_difference_of_the_cases_that_both_runs_have(
    before: list[int | None], after: list[int | None]
) -> None:
    change = logged(scored(before), scored(after)).runs[1].metrics[0].change
    pairs = zip(before, after, strict=False)
    differences = [new - old for old, new in pairs if old is not None and new is not None]
    if not differences:
        assert change is None or (change.value, change.why) == (None, "other cases")
        return
    assert change is not None
    assert change.value == pytest.approx(fmean(differences))
    assert change.n == len(differences)


@settings(max_examples=30, deadline=None)
@given(outcomes=st.lists(st.sampled_from(get_args(Outcome)) | st.none(), min_size=1, max_size=8))
def test_a_flip_is_an_outcome_other_than_the_last_time_the_case_was_run(
    outcomes: list[Outcome | None],
) -> None:
    (one,) = scored([None])
    history = logged(
        *([] if outcome is None else [replace(one, outcome=outcome)] for outcome in outcomes)
    )
    tried = [outcome for outcome in outcomes if outcome not in (None, "skipped")]
    flips = sum(old != new for old, new in pairwise(tried))
    assert history.cases == bool(tried)
    assert [(each.flips, each.last) for each in history.flips] == (
        [(flips, tried[-1])] if flips else []
    )
    if flips:
        assert history.flips[0].marks == "".join(
            "-" if each is None else OUTCOMES[each].mark for each in outcomes
        )


def test_only_cases_that_the_same_version_has_scored_are_compared() -> None:
    same, other = scored([1.0, 2.0], "v1"), scored([5.0, 5.0], "v2")
    (_, mixed, changed) = logged(
        same, [replace(same[0], scores=(Score("rubric", 3.0, version="v1"),)), other[1]], other
    ).runs
    assert mixed.metrics[0].change is not None
    assert (mixed.metrics[0].change.value, mixed.metrics[0].change.n) == (2.0, 1)
    assert changed.metrics[0].change is not None
    assert changed.metrics[0].change.n == 1  # the second case


def test_with_another_judge_neither_its_scores_nor_the_pass_rate_are_compared() -> None:
    call = Completion("{}", call="j")
    runs = (
        [
            replace(each, scores=(replace(each.scores[0], calls=(call,), judge="j"),))
            for each in scored([4.0, 2.0], version)
        ]
        for version in ("rubric/1:a", "rubric/1:b")
    )
    after = logged(*runs).runs[1]
    assert after.change is not None
    assert after.metrics[0].change is not None
    assert (after.change.why, after.metrics[0].change.why) == ("another judge", "another judge")
    assert logged(scored([4.0], "1"), scored([4.0], "2")).runs[1].change is not None
