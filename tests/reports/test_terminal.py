"""The terminal summary and the JUnit properties."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Note, Run, Traffic
from pytest_llmeval.records.score import Score
from pytest_llmeval.reports.junit import properties
from pytest_llmeval.reports.terminal.failure import subject_lines
from pytest_llmeval.reports.terminal.run import summary_lines
from pytest_llmeval.summary.summary import summarize
from pytest_llmeval.text import age, harmless, one_line


def lines(run: Run, results: list[CaseResult], **paths: str) -> list[str]:
    return [text for text, _ in summary_lines(run, summarize(run, results), paths)]


def test_a_person_reads_it_in_ten_seconds(
    run: Run, results: list[CaseResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = lines(
        run, results, html=str(tmp_path / "out" / "report.html"), json="/elsewhere/report.json"
    )
    assert told == [
        "FAILED: 1 of 5 cases missed its threshold; 2 could not be judged. 1 skipped.",
        "cases                2 passed, 1 failed, 2 error, 1 skipped; pass rate 66.7% [9.4%, 99.2%]",
        "rubric               mean 3.50 [0.00, 5.00], n=3, 1.50 to 4.80, 1 unscored, 1 of 4 thresholds missed",
        "contains             mean 1.00, n=1",
        "flesch_reading_ease  mean 63.40, n=1",
        "toxicity             mean 0.0011 [0.00, 1.00], n=3, 0.0004 to 0.0021",
        "cost                 generation $0.0019 + 1 unpriced call, judge $0.0011 + 1 unpriced call",
        "calls                9 made, 1 answered from the cache (oldest 3 days), 2,856 tokens",
        "time                 2 min 41 s; an answer takes 2.0 s (median), 2.8 s (p95)",
        "slowest              2 min 00 s what-is-your-warranty, 9.3 s do-you-ship-to, 4.0 s can-i-return-a",
        "warning              The price of judge-large-2025-06 is unknown for one call.",
        "warning              rubric: 1 case unscored; the mean leaves them out.",
        "html                 out/report.html",
        "json                 /elsewhere/report.json",
    ]


def test_what_was_sent_for_no_result_is_told(run: Run, results: list[CaseResult]) -> None:
    told = lines(replace(run, traffic=Traffic(11, 23, 0.02293, 1)), results[:4])
    assert (
        "calls                11 made, 12 failed attempts, 1 answered from the cache (oldest 3 days),"
        in told
    )
    assert "                     2,413 tokens" in told
    assert "cost                 generation $0.0019, judge $0.00084 + 1 unpriced call," in told
    assert "                     $0.0202 for 4 calls without a result" in told


def test_a_warning_keeps_its_remedy(run: Run, results: list[CaseResult]) -> None:
    warning = f"{'local:small-instruct judges local:large-instruct, ' * 3}so pin another one with --llm-judge-model."
    told = lines(replace(run, notes=(Note("judge", warning),)), results)
    place = next(place for place, line in enumerate(told) if line.startswith("warning"))
    assert " ".join("".join(told[place : place + 3]).removeprefix("warning").split()) == warning


@pytest.mark.parametrize("rows", [1, 6])
def test_large_numbers_stay_within_the_width_and_keep_their_end(
    rows: int, run: Run, results: list[CaseResult]
) -> None:
    told = lines(replace(run, traffic=Traffic(10**7, 3 * 10**7, 12_345.67, 10**6)), results[:rows])
    assert max(map(len, told)) <= 100
    assert any(line.endswith(" tokens") for line in told)
    assert any(line.endswith("without a result") for line in told)


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("2025-06-09T09:00:00+00:00", "3 days"),
        ("2025-06-12T10:15:00+02:00", "2 hours"),
        ("2025-06-12T10:13:59Z", "1 minute"),
        ("2025-06-12T10:14:59+00:00", "less than a minute"),
        ("2025-06-12T11:00:00+00:00", "less than a minute"),
        ("", ""),
    ],
)
def test_an_age_is_told_in_whole_units(then: str, told: str) -> None:
    assert age(then, "2025-06-12T10:15:00+00:00") == told


def test_the_verdict_has_the_colour_of_the_outcome(run: Run, results: list[CaseResult]) -> None:
    assert summary_lines(run, summarize(run, results), {})[0][1] == {"red": True, "bold": True}
    assert summary_lines(run, summarize(run, results[:1]), {})[0][1] == {
        "green": True,
        "bold": True,
    }


def test_it_stays_short_and_narrow_whatever_the_names(run: Run, results: list[CaseResult]) -> None:
    scores = tuple(Score(f"a rather long name of a metric, number {n}", n / 3) for n in range(9))
    wordy = replace(results[0], scores=scores, nodeid=f"faq.csv::{'x' * 300}")
    told = lines(replace(run, notes=(Note("judge", "word " * 100),) * 9), [wordy, *results[1:]])
    assert len(told) <= 23  # warnings have up to three lines each
    assert max(map(len, told)) <= 100
    assert any("and 8 more scores" in line for line in told)


def test_nothing_in_a_name_steers_the_terminal(run: Run, results: list[CaseResult]) -> None:
    hostile = replace(
        results[0], nodeid="faq.csv::\x1b[31mred\x1b]0;title\x07", scores=(Score("a\nb\x9b", 1.0),)
    )
    told = "".join(lines(run, [hostile]))
    assert told.isprintable()


def test_a_run_without_results_says_so(run: Run) -> None:
    told = lines(run, [])
    assert told[0] == "EMPTY: No case was tried."


def test_junit_properties_are_few_and_small(results: list[CaseResult]) -> None:
    assert properties(results[0]) == [
        ("llm_case", "how-long-do-refunds"),
        ("llm_golden", "golden/faq.csv:2"),
        ("llm_model", "gpt-4-0613"),
        ("llm_judge_model", "judge-large-2025-06"),
        ("llm_score.rubric", "4.8"),
        ("llm_score.toxicity", "0.0007"),
        ("llm_score.flesch_reading_ease", "63.4"),
        ("llm_reason", "Same period, same starting point."),
        ("llm_cost_usd", "0.001150"),
    ]


def test_junit_says_unscored_and_does_not_guess_a_cost(results: list[CaseResult]) -> None:
    told = dict(properties(results[2]))
    assert told["llm_score.rubric"] == "unscored"
    assert "llm_cost_usd" not in told


def test_what_a_failed_case_says_cannot_steer_a_terminal_or_a_ci_runner(
    results: list[CaseResult],
) -> None:
    answer = Completion(
        "fine\n::stop-commands::x\n  ##[section]y ##[error]z\r::add-mask::e\nred \x1b[31m"
    )
    shown = "\n".join(subject_lines(results[0].case, answer)).splitlines()
    assert "\x1b" not in "".join(shown)
    assert not [line for line in shown if line.lstrip().startswith("::") or "##[" in line]
    assert "            | ::stop-commands::x" in shown
    assert "##[" not in one_line(answer.text, 100)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\ntwo\n", "one\ntwo\n"),
        ("", ""),
        ("::error::x", "| ::error::x"),
        ("a\r\t::add-mask::x", "a\n| \t::add-mask::x"),
        ("a\u2028::error::x", "a\n| ::error::x"),
        ("##vso[task.setvariable]x ##teamcity[y] ##[error]", "## vso[task.setvariable]x "
         "## teamcity[y] ## [error]"),
        ("\x1b]0;title\x07\x9b31m", "␛]0;title␇⟨U+009B⟩31m"),
        ("# heading ## two", "# heading ## two"),
    ],
)  # fmt: skip
def test_a_text_from_outside_is_obeyed_by_no_terminal_and_no_ci(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_an_answer_that_was_cut_off_says_so_where_it_is_shown(results: list[CaseResult]) -> None:
    cut = Completion("Four", finish_reason="length")
    assert "cut off" in subject_lines(results[0].case, cut)[-1]
    assert "--llm-max-tokens" in subject_lines(results[0].case, cut)[-1]
    assert "cut off" not in "".join(subject_lines(results[0].case, Completion("Four")))
