"""The summary: what is counted, and what a reader is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.result import CaseResult, Outcome, Sample
from pytest_llmeval.records.run import Run, Traffic
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.stats.intervals import mean_interval, proportion_interval
from pytest_llmeval.summary.costs import CaseCost, Cost, case_cost
from pytest_llmeval.summary.summary import Summary, summarize
from tests.checked import checks_of


@pytest.fixture
def summary(run: Run, results: list[CaseResult]) -> Summary:
    return summarize(run, iter(results))


def with_outcomes(result: CaseResult, *outcomes: Outcome) -> list[CaseResult]:
    return [replace(result, outcome=outcome) for outcome in outcomes]


def test_every_outcome_is_counted(summary: Summary) -> None:
    assert (summary.total, summary.passed, summary.failed, summary.error, summary.skipped) == (
        6,
        2,
        1,
        2,
        1,
    )
    assert summary.pass_rate == proportion_interval(2, 3)


@pytest.mark.parametrize(
    ("outcomes", "verdict", "headline"),
    [
        ([], "empty", "No case was tried."),
        (["skipped", "skipped"], "empty", "No case was tried. 2 skipped."),
        (["passed"], "passed", "1 case passed."),
        (["passed", "passed", "skipped"], "passed", "All 2 cases passed. 1 skipped."),
        (["passed", "xfailed"], "passed", "1 of 2 cases failed as expected."),
        (["passed", "error"], "error", "1 of 2 cases could not be judged."),
        (
            ["failed", "error", "failed"],
            "failed",
            "2 of 3 cases missed their threshold; 1 could not be judged.",
        ),
    ],
)
def test_the_verdict_is_told_in_words(
    outcomes: list[Outcome], verdict: str, headline: str, run: Run, results: list[CaseResult]
) -> None:
    summary = summarize(run, with_outcomes(results[0], *outcomes))
    assert (summary.verdict, summary.headline) == (verdict, headline)


def test_a_test_that_died_with_its_worker_is_no_pass(run: Run, results: list[CaseResult]) -> None:
    summary = summarize(replace(run, lost=("faq.csv::x",)), results[:1])
    assert (summary.verdict, summary.lost) == ("error", 1)
    assert summary.headline == "1 of 2 cases was lost with its worker."
    assert any("faq.csv::x" in note for note in summary.notes)


def test_more_lost_tests_than_are_named_are_not_told_as_all(run: Run) -> None:
    told = summarize(replace(run, lost=tuple("abcdef")), []).notes
    assert "6 tests died with a worker and left no result: a, b, c, d, e and 1 more" in told


def test_an_unscored_case_is_counted_and_never_a_zero(summary: Summary) -> None:
    rubric = summary.scores[0]
    student = mean_interval([4.8, 1.5, 4.2])
    assert (rubric.name, rubric.unscored, rubric.minimum, rubric.maximum) == ("rubric", 1, 1.5, 4.8)
    assert (rubric.mean.estimate, rubric.mean.n) == (student.estimate, 3)
    assert (rubric.bounds, rubric.missed) == (4, 1)
    assert "rubric: 1 case unscored; the mean leaves them out." in summary.notes


def test_an_interval_ends_where_the_scale_ends(summary: Summary) -> None:
    assert (summary.scores[0].mean.low, summary.scores[0].mean.high) == (0.0, 5.0)


def test_cost_is_split_and_an_unknown_price_is_not_zero(summary: Summary) -> None:
    generation, judging = summary.generation, summary.judging
    assert (generation.calls, generation.cached, generation.unknown, generation.usd) == (
        3,
        1,
        1,
        None,
    )
    assert generation.known_usd == pytest.approx(2 * 0.00094)
    assert (judging.calls, judging.unknown, judging.prompt_tokens) == (6, 1, 6 * 412)
    assert judging.known_usd == pytest.approx(5 * 0.00021)


def test_known_prices_add_up(run: Run, results: list[CaseResult]) -> None:
    assert summarize(run, results[:2]).generation.usd == pytest.approx(2 * 0.00094)


def answered(result: CaseResult, *calls: Completion) -> CaseResult:
    """A case whose answer is the first call, and whose one score cost the others."""
    return replace(result, completion=calls[0], scores=(Score("rubric", 4.0, calls=calls[1:]),))


def test_a_call_that_answered_several_cases_costs_the_run_once_and_each_case_all(
    run: Run, results: list[CaseResult]
) -> None:
    answer, judge = (
        Completion("Yes.", cost_usd=0.5, call="a"),
        Completion("{}", cost_usd=0.25, call="j"),
    )
    alike = [answered(result, answer, judge, judge) for result in results[:3]]
    summary = summarize(run, alike)
    assert (
        summary.generation.calls,
        summary.generation.usd,
        summary.judging.calls,
        summary.judging.usd,
    ) == (
        1,
        0.5,
        1,
        0.25,
    )
    assert [case_cost(result) for result in alike] == [CaseCost(0.5, 0.25)] * 3


def test_a_call_is_counted_once_over_generation_and_judging(
    run: Run, results: list[CaseResult]
) -> None:
    both = Completion("Yes.", cost_usd=0.5, call="a")
    summary = summarize(run, [answered(results[0], both, both)])
    assert (summary.generation.calls, summary.judging.calls, summary.judging.usd) == (1, 0, 0.0)


@pytest.mark.parametrize(("price", "unknown"), [(0.03, 0), (None, 3)])
def test_every_call_that_an_application_has_made_is_counted(
    run: Run, results: list[CaseResult], price: float | None, unknown: int
) -> None:
    answer = Completion("It is free.", call="+one+two+three", cost_usd=price)
    found = summarize(
        replace(run, traffic=Traffic(3, 3)), [replace(results[0], completion=answer, scores=())]
    )
    assert (found.generation.calls, found.generation.unknown, found.unused.calls) == (3, unknown, 0)


def test_texts_that_no_call_of_ours_gave_count_each(run: Run, results: list[CaseResult]) -> None:
    own = Completion("Yes.", cost_usd=0.5)
    summary = summarize(run, [answered(result, own) for result in results[:2]])
    assert (summary.generation.calls, summary.generation.usd) == (2, 1.0)


def test_cached_completions_cost_nothing_are_counted_each_and_tell_the_oldest(
    run: Run, results: list[CaseResult]
) -> None:
    made = ("2025-06-01T01:00:00+02:00", "2025-06-01T00:30:00+00:00", "", "2025-05-31T22:59:00Z")
    cached = [
        Completion("Yes.", cost_usd=0.5, cached=True, call="a", made_at=time) for time in made
    ]
    result = answered(results[0], *cached)
    summary = summarize(replace(run, traffic=Traffic()), [result])
    assert (summary.generation.cached, summary.judging.cached, summary.judging.calls) == (1, 3, 0)
    assert summary.oldest_cached_at == "2025-05-31T22:59:00Z"
    assert case_cost(result) == CaseCost(0.0, 0.0)


@pytest.mark.parametrize(
    ("traffic", "unused", "failed"),
    [
        (Traffic(), Cost(0, 0.0, 0.0, 0), 0),
        (Traffic(2, 2, 0.3), Cost(0, 0.0, 0.0, 0), 0),
        (Traffic(5, 9, 0.7), Cost(3, 0.4, 0.4, 0), 4),
        (Traffic(5, 5, 0.4, unpriced=2), Cost(3, None, 0.1, 2), 0),
    ],
)
def test_what_was_sent_beyond_the_results_is_told(
    traffic: Traffic, unused: Cost, failed: int, run: Run, results: list[CaseResult]
) -> None:
    result = answered(
        results[0],
        Completion("Yes.", cost_usd=0.1, call="a"),
        Completion("{}", cost_usd=0.2, call="b"),
    )
    own = answered(results[1], Completion("No.", cost_usd=7.0))
    summary = summarize(replace(run, traffic=traffic), [result, own])
    assert (summary.unused, summary.failed_attempts) == (unused, failed)


def test_only_answers_that_were_waited_for_have_a_latency(summary: Summary) -> None:
    assert summary.latency_p50_s == pytest.approx((1.2 + 2.9) / 2)


def test_the_slowest_come_first_and_times_are_the_runs(summary: Summary) -> None:
    assert [slow.duration_s for slow in summary.slowest] == [120.4, 9.3, 4.02, 2.41, 1.1]
    assert summary.duration_s == 161


def test_models_are_those_that_answered_or_else_those_that_were_asked(
    summary: Summary, run: Run, results: list[CaseResult]
) -> None:
    assert summary.models == ("gpt-4-0613", "local")
    assert summarize(run, [results[3]]).models == ("gpt-4",)
    assert summary.judge_models == ("judge-large-2025-06",)


def test_a_reader_is_warned_of_what_the_numbers_do_not_say(
    run: Run, results: list[CaseResult]
) -> None:
    cut = replace(results[0], checks=(), completion=Completion("So", finish_reason="length"))
    other = replace(results[1], scores=(replace(results[1].scores[0], version="rubric/2:ffff"),))
    summary = summarize(replace(run, finished_at=""), [cut, other])
    assert summary.duration_s is None
    assert summary.unbounded == 1
    told = "\n".join(summary.notes)
    for words in ("has not finished", "1 case had no threshold", "--llm-max-tokens", "2 versions"):
        assert words in told


def test_a_value_that_is_no_number_is_unscored(run: Run, results: list[CaseResult]) -> None:
    summary = summarize(
        run, [replace(results[0], scores=(Score("odd", float("inf"), Scale()), Score("odd", 2.0)))]
    )
    assert (summary.scores[0].unscored, summary.scores[0].mean.estimate) == (1, 2.0)


def test_a_threshold_is_held_against_the_worst_of_several_answers() -> None:
    bound = Threshold("rubric", ">=", 3)
    scores = (Score("rubric", 5.0), Score("rubric", 1.0))
    (check,) = checks_of(scores, (bound,))
    assert (check.met, check.value, check.score) == (False, 1.0, 1)


def test_a_threshold_without_a_score_is_not_decided() -> None:
    (check,) = checks_of((), (Threshold("absent", ">=", 1),))
    assert (check.met, check.score) == (None, None)


def test_a_vote_says_nothing_about_its_samples(run: Run, results: list[CaseResult]) -> None:
    """Only the answer that wins is judged."""
    won = Sample(2, None, results[0].scores, met=True)
    samples = (Sample(0, None), Sample(1, None), won)
    assert summarize(run, [replace(results[0], samples=samples)]).samples is None
    failed = tuple(replace(sample, error=sample.error or "no answer") for sample in samples[:2])
    told = summarize(run, [replace(results[0], samples=(*failed, won))]).samples
    assert told is not None
    assert (told.cases, told.samples, told.met, told.unscored) == (1, 3, 1, 2)
