"""`llmeval plan`: how large a suite must be, from the noise in the run log."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.result import CaseResult, Sample
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.runlog.log import RunLog
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
    number: int, values: Sequence[float], cached: bool = False, topic: int | None = None
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
        scores=(rubric(sum(values) / len(values)),),
        checks=(),
        samples=samples if len(values) > 1 else (),
    )


def enter(number: int, results: Sequence[CaseResult], **settings: str) -> None:
    run = Run(
        f"run-{number}",
        started_at=f"2025-06-{number:02}T10:00:00+00:00",
        settings={**SETTINGS, **settings},
        exit_code=0,
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
    enter(1, before, **({"model": "gpt-3"} if other == "model" else {}))
    enter(2, noisy(2, cached=other == "cached"))
    metric = planned(llmeval)
    assert (metric["source"], metric["samples_needed"]) == ("run", None)
    text = llmeval.run("plan").output
    assert "a second run of the same settings, without the cache, makes the plan sharper" in text
    assert ("what a run costs is unknown" in text) == (other == "cached")


def test_samples_show_the_noise_of_a_single_run(llmeval: Command) -> None:
    enter(1, noisy(1, samples=4))
    metric = planned(llmeval)
    assert (metric["source"], metric["samples"]) == ("samples", 4)
    # Both runs would have the mean of four samples.
    assert metric["noise"] == pytest.approx(0.1 * (2 / 4 / 60) ** 0.5, rel=0.3)
    assert metric["samples_needed"] is not None
    assert metric["usd"] == pytest.approx(60 * 4 * 0.01)


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
