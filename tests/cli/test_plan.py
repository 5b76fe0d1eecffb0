"""`llmeval plan`: how large a suite must be, from the noise in the run log."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.result import CaseResult, Sample
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.stopping import EarlyStop
from pytest_llmeval.runlog.log import RunLog
from pytest_llmeval.stats.reducers import parse_reducer
from pytest_llmeval.text import usd
from tests.cli.conftest import Command
from tests.finished_run import RUBRIC, passed

LOG = ".llmeval/runs.sqlite"
SETTINGS = {"model": "gpt-4", "min_score": "4"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rubric(value: float) -> Score:
    return Score("rubric", value, RUBRIC, version="rubric/1", judge="")


def case(
    number: int,
    values: Sequence[float],
    cached: bool = False,
    topic: int | None = None,
    reducer: str = "mean",
) -> CaseResult:
    """A case with a score per sample; an answer costs a cent."""
    answers = [
        Completion(
            f"{number} {sample} {value}",
            cost_usd=0.01, call=f"{number}.{sample}.{value}", cached=cached, latency_s=1.0,
        )
        for sample, value in enumerate(values)
    ]  # fmt: skip
    samples = tuple(
        Sample(sample, answer, (rubric(value),))
        for sample, (answer, value) in enumerate(zip(answers, values, strict=True))
    )
    asked = replace(
        passed().case,
        id=f"c{number:03}",
        prompt=f"Question {number}",
        metadata={} if topic is None else {"topic": topic},
    )
    return replace(
        passed(),
        case=asked,
        completion=answers[0],
        scores=(rubric(parse_reducer(reducer, len(values)).reduce(values)),),
        checks=(),
        samples=samples if len(values) > 1 else (),
    )


def enter(
    number: int,
    results: Sequence[CaseResult],
    early_stop: EarlyStop | None = None,
    is_narrowed: bool = False,
    lost: tuple[str, ...] = (),
    named: str = "",
    **settings: str,
) -> None:
    run = Run(
        f"run-{number}",
        named,
        started_at=f"2025-06-{number:02}T10:00:00+00:00",
        settings={**SETTINGS, **settings},
        exit_code=0,
        early_stop=early_stop,
        is_narrowed=is_narrowed,
        lost=lost,
    )
    with closing(RunLog(LOG)) as log:
        log.begin(run)
        for result in results:
            log.add(run.id, result)
        log.finish(run)


def noisy(seed: int, count: int = 60, samples: int = 1, cached: bool = False) -> list[CaseResult]:
    """Scores around 4 that vary by half a point of 5 from sample to sample."""
    draw = random.Random(seed)
    return [
        case(
            number,
            [min(5.0, max(0.0, 3.0 + draw.gauss(0, 0.5))) for _ in range(samples)],
            cached,
            number // 3,
        )
        for number in range(count)
    ]


def planned(llmeval: Command, *arguments: str) -> Any:
    found = llmeval.run("plan", *arguments, "--json", "-")
    assert found.exit_code == 0, found.output
    (metric,) = json.loads(found.stdout)["metrics"]
    return metric


def test_two_runs_of_the_same_settings_show_the_noise(llmeval: Command) -> None:
    enter(1, noisy(1))
    enter(2, noisy(2), name="nightly", html="")
    metric = planned(llmeval)
    assert (metric["source"], metric["runs"]) == ("runs", ["run-2", "run-1"])
    # The change of a case has a standard deviation of 0.5 · √2 of 5.
    assert metric["noise"] == pytest.approx(0.1 * 2**0.5 / 60**0.5, rel=0.25)
    assert metric["usd"] == pytest.approx(0.6)
    assert metric["usd_cases"] == pytest.approx(0.01 * metric["cases_needed"])
    assert metric["usd_samples"] == pytest.approx(0.6 * metric["samples_needed"])
    assert 0.02 < metric["detectable"] < 0.12
    assert metric["strict_margin"] > metric["noise"]
    text = llmeval.run("plan").output
    assert "from two runs of the same settings over 60 cases: run-2 and run-1" in text
    assert f"5.0 points need {metric['cases_needed']} cases with 1 sample" in text
    assert f"a run costs {usd(metric['usd'])} ({usd(0.01)} a case)" in text


def test_a_smaller_drop_and_more_power_need_more(llmeval: Command) -> None:
    enter(1, noisy(1))
    enter(2, noisy(2))
    usual = planned(llmeval)["cases_needed"]
    assert planned(llmeval, "--detect", "3")["cases_needed"] > usual
    assert planned(llmeval, "--power", ".95")["cases_needed"] > usual
    assert planned(llmeval, "--detect", "20")["cases_needed"] < usual
    found = llmeval.run("plan", "--detect", "20").output
    assert "today's suite is large enough" in found


@pytest.mark.parametrize("other", ["model", "cached", "questions"])
def test_what_shows_no_noise_is_not_taken_for_a_pair(llmeval: Command, other: str) -> None:
    before = noisy(1)
    if other == "questions":
        asked = [replace(row.case, prompt=f"{row.case.prompt}?") for row in before]
        before = [replace(row, case=new) for row, new in zip(before, asked, strict=True)]
    enter(1, before, model="gpt-3" if other == "model" else "gpt-4")
    enter(2, noisy(2, cached=other == "cached"))
    metric = planned(llmeval)
    assert (metric["source"], metric["samples_needed"]) == ("run", None)
    text = llmeval.run("plan").output
    assert "a second run of the same settings, without the cache, makes the plan sharper" in text
    assert "which is more than the noise" in text
    assert ("what a run costs is unknown" in text) == (other == "cached")


def test_samples_show_the_noise_of_a_single_run(llmeval: Command) -> None:
    enter(1, noisy(1, samples=4))
    metric = planned(llmeval)
    assert (metric["source"], metric["samples"]) == ("samples", 4)
    # Both runs would have the mean of four samples.
    assert metric["noise"] == pytest.approx(0.1 * (2 / 4 / 60) ** 0.5, rel=0.3)
    assert metric["samples_needed"] is not None
    assert metric["usd"] == pytest.approx(60 * 4 * 0.01)


def flags(seed: int, rate: float, reducer: str, count: int = 200) -> list[CaseResult]:
    """Eight samples of each case, of which each has the best score at some rate, or else the worst."""
    draw = random.Random(seed)
    return [
        case(number, [5.0 * (draw.random() < rate) for _ in range(8)], reducer=reducer)
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("reducer", "rate", "spread"),
    [
        ("min", 0.9, (0.43 * 0.57) ** 0.5),
        ("max", 0.1, (0.43 * 0.57) ** 0.5),
        # Of four samples, which vary more than eight where the reducer averages in some way.
        ("pass^2", 0.8, 0.327),
        ("median", 0.6, 0.376),
        ("mean", 0.9, (0.09 / 8) ** 0.5),
    ],
)
def test_the_noise_is_that_of_the_reduced_scores(
    llmeval: Command, reducer: str, rate: float, spread: float
) -> None:
    """The error of a change is √2 times that of a run."""
    enter(1, flags(1, rate, reducer), samples="8", reducer=reducer)
    metric = planned(llmeval)
    assert (metric["source"], metric["samples"]) == ("samples", 8)
    assert metric["noise"] == pytest.approx(spread * (2 / 200) ** 0.5, rel=0.2)
    assert (metric["samples_needed"] is None) == (reducer != "mean")
    enter(2, flags(2, rate, reducer), samples="8", reducer=reducer)
    of_two_runs = planned(llmeval)
    assert of_two_runs["source"] == "runs"
    assert 0.75 < metric["noise"] / of_two_runs["noise"] < 1.6
    assert (of_two_runs["samples_needed"] is None) == (reducer != "mean")


@pytest.mark.parametrize(("reducer", "settings"), [("pass^5", "pass^5"), ("min", "mean")])
def test_what_halves_of_the_samples_do_not_show_is_the_noise_of_a_single_run(
    llmeval: Command, reducer: str, settings: str
) -> None:
    """Four samples have no pass^5, and a marker may set a reducer that the run does not record."""
    enter(1, flags(1, 0.9, reducer), samples="8", reducer=settings)
    metric = planned(llmeval)
    assert (metric["source"], metric["samples_needed"]) == ("run", None)


def test_the_suite_is_that_of_the_newest_run_with_every_case(llmeval: Command) -> None:
    enter(1, noisy(1))
    enter(2, noisy(2), named="nightly")
    enter(3, noisy(3)[:2], is_narrowed=True)
    enter(4, noisy(4)[:5], named="nightly", limit="5")
    enter(5, noisy(5)[:9], named="nightly", early_stop=EarlyStop(60, 51))
    enter(6, noisy(6)[:50], lost=("golden/faq.csv::c055",))
    for arguments in ((), ("--run", "nightly")):
        metric = planned(llmeval, *arguments)
        assert (metric["cases"], metric["runs"][0]) == (60, "nightly (run-2)")
    found = json.loads(llmeval.run("history", "--json", "-").stdout)
    assert found["plan"]["metrics"][0]["cases"] == 60
    # An id names what the user selected, but no run that lacks some of it.
    assert planned(llmeval, "--run", "run-3")["cases"] == 2
    for name, text in (("run-5", "51 not run; allowed: a run with all"), ("run-6", "1 test died")):
        refused = llmeval.run("plan", "--run", name)
        assert refused.exit_code == 2
        assert text in refused.output + refused.stderr


def test_without_a_run_of_every_case_the_error_names_a_remedy(llmeval: Command) -> None:
    enter(1, noisy(1)[:9], where="tag == 'shop'")
    refused = llmeval.run("plan")
    assert refused.exit_code == 2
    text = " ".join((refused.output + refused.stderr).split())
    assert "latest: no such run has every case" in text
    assert "the id of a run with a selection, such as run-1" in text
    assert planned(llmeval, "--run", "run-1")["cases"] == 9


@pytest.mark.parametrize(("fresh", "expected"), [(5, 1), (30, 6)])
def test_few_earlier_runs_are_read(
    llmeval: Command, monkeypatch: pytest.MonkeyPatch, fresh: int, expected: int
) -> None:
    """None can show the noise where most answers are old, and others have other questions."""
    for number in range(1, 9):
        enter(
            number, [replace(row, case=replace(row.case, prompt=f"{number}")) for row in noisy(1)]
        )
    enter(9, [*noisy(9)[:fresh], *noisy(9, cached=True)[fresh:]])
    read: list[str] = []
    results = RunLog.results

    def counted(log: RunLog, run_id: str) -> Iterable[CaseResult]:
        read.append(run_id)
        return results(log, run_id)

    monkeypatch.setattr(RunLog, "results", counted)
    assert planned(llmeval)["source"] == "run"
    assert len(read) == expected


def test_a_score_outside_its_scale_is_an_error(llmeval: Command) -> None:
    enter(1, [*noisy(1), case(60, [6.0])])
    refused = llmeval.run("plan")
    assert refused.exit_code == 2
    assert "a score of rubric is outside its scale" in refused.output + refused.stderr


def test_clusters_are_counted(llmeval: Command) -> None:
    enter(1, noisy(1))
    enter(2, noisy(2))
    metric = planned(llmeval, "--cluster", "topic")
    assert metric["clusters"] == 20
    assert (
        "60 cases with 1 sample in 20 clusters" in llmeval.run("plan", "--cluster", "topic").output
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--detect", "2"), "--detect: found 2; allowed: more than the margin of 2 points"),
        (("--metric", "rubrik"), "--metric: found 'rubrik'; allowed: rubric"),
        (("--run", "nightly"), "nightly: no such run"),
        (("--power", "1"), "Invalid value for '--power'"),
        (("--detect", "nan"), "found nan; allowed: a finite number"),
        (("--detect", "inf"), "inf is not in the range"),
        (("--power", "nan"), "found nan; allowed: a finite number"),
    ],
)
def test_what_cannot_be_planned_is_an_error(
    llmeval: Command, arguments: tuple[str, ...], text: str
) -> None:
    enter(1, noisy(1))
    found = llmeval.run("plan", *arguments)
    assert found.exit_code == 2
    assert text in found.output + found.stderr


def test_the_history_shows_the_outlook(llmeval: Command) -> None:
    enter(1, noisy(1))
    enter(2, noisy(2))
    metric = planned(llmeval)
    line = next(row for row in llmeval.run("history").output.splitlines() if row[:5] == "plan:")
    assert f"rubric: a drop of {100 * metric['detectable']:.1f} points shows in 80% of runs" in line
    assert f"5.0 needs {metric['cases_needed']} cases" in line
    found = json.loads(llmeval.run("history", "--json", "-").stdout)
    assert found["plan"]["metrics"][0]["cases_needed"] == metric["cases_needed"]


def test_what_no_number_of_cases_shows_is_said_as_such(llmeval: Command) -> None:
    enter(1, [case(0, [4.0])])
    history = llmeval.run("history").output
    assert "no drop shows in 80% of runs, 5.0 cannot be shown; " in history


def test_equal_scores_show_no_noise(llmeval: Command) -> None:
    enter(1, [case(number, [4.0]) for number in range(60)])
    plan = llmeval.run("plan").output
    assert "noise     unknown: all cases of run-1 have the same score; a second run" in plan


def test_todays_suite_is_no_alternative_to_itself(llmeval: Command) -> None:
    enter(1, noisy(1))
    enter(2, noisy(2))
    for drop in ("20", "5", "3"):
        metric = planned(llmeval, "--detect", drop)
        line = llmeval.run("plan", "--detect", drop).output.splitlines()[-1]
        assert "60 cases with 1 sample " not in line
        assert f"{metric['cases_needed']} cases with 1 sample" in line
        assert ("today's suite is large enough" in line) == (metric["cases_needed"] <= 60)
        assert (", or 60 cases with " in line) == (metric["cases_needed"] > 60)
    enough = planned(llmeval, "--detect", "20")["cases_needed"]
    enter(3, noisy(1, enough))
    enter(4, noisy(2, enough))
    line = llmeval.run("plan", "--detect", "20").output.splitlines()[-1]
    assert f"{enough} cases with 1 sample" not in line
