"""From verdicts to a run: what cannot be compared, and the exit code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.records.comparison import Coverage, GateResult
from pytest_llmeval.stats.comparability import (
    comparison_exit_code,
    needs_new_baseline,
    no_baseline,
    not_compared,
    obstacle,
)


@pytest.mark.parametrize(
    ("coverage", "message"),
    [
        (Coverage(100, 95, 100, 5), ""),
        (Coverage(20, 19, 20, 1), ""),
        (
            Coverage(100, 94, 100, 5),
            "only 94 of the baseline's 100 cases have a score in both runs; at least 95% are required",
        ),
        (Coverage(100, 96, 120, 7), "7 of 120 scores are missing; at most 5% are allowed"),
        (Coverage(0, 0, 10), "nothing to compare: no case has a score in both runs"),
        (
            Coverage(100, 100, 100, is_same_judge=False),
            "the baseline was scored by a different judge, and its answers cannot be judged again",
        ),
        (
            Coverage(100, 100, 100, is_same_judge=False, is_judged=False),
            "the baseline was scored by another version of the metric or with other parameters, "
            "and its answers cannot be scored again",
        ),
        (
            Coverage(100, 0, 100, settings="3 samples -> 2", edited=100, resampled=100),
            "100 of the baseline's 100 cases were made with other settings (3 samples -> 2), and "
            "their scores were not made again with these",
        ),
        # Edited prompts are no matter of the settings.
        (
            Coverage(100, 79, 100, settings="3 samples -> 2", edited=21, resampled=20),
            "20 of the baseline's 100 cases were made with other settings (3 samples -> 2), and "
            "their scores were not made again with these",
        ),
        (
            Coverage(100, 74, 100, settings="3 samples -> 2", edited=26, resampled=20),
            "only 74 of the baseline's 100 cases have a score in both runs (26 edited since); at "
            "least 95% are required",
        ),
        (
            Coverage(100, 39, 100, 60, settings="3 samples -> 2", edited=1, resampled=1),
            "60 of 100 scores are missing; at most 5% are allowed",
        ),
    ],
)
def test_a_run_is_compared_only_where_nearly_all_of_it_can_be(
    coverage: Coverage, message: str
) -> None:
    assert obstacle(coverage) == message


def test_a_new_baseline_is_the_remedy_only_where_the_settings_are_the_cause() -> None:
    settings = "3 samples -> 2"
    made = Coverage(100, 79, 100, settings=settings, edited=21, resampled=20)
    assert needs_new_baseline(made)
    assert not needs_new_baseline(replace(made, paired=74))
    assert not needs_new_baseline(replace(made, unscored=60))
    assert not needs_new_baseline(replace(made, paired=99, resampled=1))
    assert needs_new_baseline(Coverage(100, 100, 100, is_same_judge=False))


SHOWN = GateResult("OK", "", is_shown=True)
WARNED = GateResult("WARN", "", is_shown=True)
FAR = GateResult("WARN", "")
UNSURE = GateResult("INCONCLUSIVE", "")
WORSE = GateResult("REGRESSED", "")
BROKEN = not_compared("nothing to compare")
FIRST = no_baseline("llmeval baseline set main")


@pytest.mark.parametrize(
    ("results", "usual", "strict"),
    [
        ([SHOWN], 0, 0),
        ([SHOWN, WARNED], 0, 0),
        ([FAR], 0, 1),
        ([SHOWN, UNSURE], 0, 1),
        ([FIRST], 0, 10),
        ([FIRST, UNSURE], 0, 1),
        ([SHOWN, WORSE], 1, 1),
        ([SHOWN, BROKEN], 10, 10),
        ([WORSE, BROKEN], 1, 1),
        ([], 10, 10),
    ],
)
def test_the_exit_code_says_worse_before_it_says_not_judged(
    results: list[GateResult], usual: int, strict: int
) -> None:
    assert (comparison_exit_code(results), comparison_exit_code(results, is_strict=True)) == (
        usual,
        strict,
    )


def test_no_baseline_names_the_command() -> None:
    assert (
        FIRST.reason
        == "there is no baseline to compare with; make one with: llmeval baseline set main"
    )
