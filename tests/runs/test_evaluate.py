"""The same golden file with the same settings through pytest and through `evaluate`: the same results."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas
import pytest
import sqlalchemy.dialects.sqlite

from pytest_llmeval import Case, Evaluation, SettingError, Source, aevaluate, evaluate
from pytest_llmeval.errors import InputError, NotConfiguredError
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.log import RunLog
from pytest_llmeval.settings.table import OPTIONS
from tests.plugin.conftest import PATIENCE_S, Project, project

__all__ = ["project"]
LOADED = (pandas, sqlalchemy.dialects.sqlite)
"""Imported here, since pytester forgets what a test imports, and these cannot be imported twice."""

GOLDEN = "golden/cases.csv"
ROWS = {row.name: row for row in OPTIONS}
JUDGED: dict[str, Any] = {"model": "mock", "judge_model": "judge", "retries": 0}
SEEDED: dict[str, Any] = {**JUDGED, "seed": 0}
APART = re.compile(r"\((--[-\w]+|keyword)\)")
"""Where a threshold was set, which differs between the two."""

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Observed:
    """What a run has left behind, without what differs between any two runs."""

    results: dict[str, Any]
    gates: Any
    comparisons: Any
    verdict: str
    headline: str
    exit_code: int
    traffic: Any
    requests: int
    logged: dict[str, Any]
    log_ids: tuple[str, ...]


def command_line(settings: Settings) -> list[str]:
    """Settings as options of pytest."""
    args: list[str] = []
    for name, value in settings.items():
        if value is True:
            args.append(ROWS[name].flag)
        elif isinstance(value, (list, tuple)):
            args += [part for item in value for part in (ROWS[name].flag, str(item))]
        else:
            args += [ROWS[name].flag, str(value)]
    return args


def facts(result: dict[str, Any]) -> dict[str, Any]:
    """What two runs must agree on about one case."""
    names = ("suite", "nodeid", "outcome", "cause", "request", "case")
    found = {name: result[name] for name in names}
    found["message"] = APART.sub("(set)", result["message"])
    found["answer"] = result["completion"] and result["completion"]["text"]
    found["scores"] = [score_facts(score) for score in result["scores"]]
    found["checks"] = [
        {**check, "threshold": {**check["threshold"], "origin": ""}} for check in result["checks"]
    ]
    found["samples"] = [
        {
            **{name: sample[name] for name in ("number", "met", "is_draw", "error")},
            "scores": [score_facts(score) for score in sample["scores"]],
        }
        for sample in result["samples"]
    ]
    return found


def score_facts(score: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "params", "value", "reason", "error", "judge", "version", "parts")
    return {name: score[name] for name in names}


def observe(project: Project, exit_code: int, requests: int) -> Observed:
    """What the last run has left behind."""
    report = project.report()
    run, summary = report["run"], report["summary"]
    with closing(RunLog(str(project.path / ".llmeval/runs.sqlite"))) as log:
        (logged,) = log.runs()
        ids = tuple(sorted(result.case.id for result in log.results(logged.id)))
    assert exit_code == logged.exit_code
    return Observed(
        results={result["case"]["id"]: facts(result) for result in report["results"]},
        gates=run["gates"],
        comparisons=[{**each, "candidate": ""} for each in run["comparisons"]],
        verdict=summary["verdict"],
        headline=summary["headline"],
        exit_code=exit_code,
        traffic={name: run["traffic"][name] for name in ("calls", "attempts", "usd", "unpriced")},
        requests=requests,
        logged=run_facts(logged),
        log_ids=ids,
    )


def run_facts(run: Run) -> dict[str, Any]:
    return {
        "settings": dict(run.settings),
        "notes": run.notes,
        "is_cut_off": run.is_cut_off,
        "judges": [(facts.name, facts.model, facts.fingerprint) for facts in run.judges],
    }


def both_ways(
    project: Project, settings: Settings, prepare: Callable[[], None] | None = None
) -> tuple[Observed, Observed, Evaluation]:
    """Run pytest, then `evaluate`; the store and the log of the first are not seen by the second."""
    if prepare is not None:
        prepare()
    before = project.endpoint.count()
    done = project.run(GOLDEN, *command_line(settings))
    by_pytest = observe(project, int(done.ret), project.endpoint.count() - before)
    shutil.rmtree(project.path / ".llmeval")
    if prepare is not None:
        prepare()
    before = project.endpoint.count()
    run = evaluate(GOLDEN, **settings)
    by_evaluate = observe(project, run.exit_code, project.endpoint.count() - before)
    assert run.verdict == by_evaluate.verdict
    return by_pytest, by_evaluate, run


def write_cases(project: Project, rows: Iterable[str], head: str = "id,prompt,expected") -> None:
    project.write(GOLDEN, "\n".join([head, *rows]) + "\n")


MIXED = (
    "good,How long?,30 days",
    "bad,What does it cost? [[score=2]] [[reason=<b>Wrong</b> price.]],Nothing",
    "unscored,Where? [[judge_fault=401]],Here",
    "refused,When? [[answer_fault=401]],Now",
)
FLAKY = ('flaky,"Say it. [[scores=5/0/4]]",It.', "steady,Say more.,More.")
VOTES = ('sum,"2 + 2? [[answers=5/4/4]]",4',)
MUST = (
    'flickers,"Say it. [[scores=0/5]]",,true',
    'broken,"Say that. [[scores=0/0/5/0]]",,true',
    'free,"Say this. [[scores=0]]",,false',
)


def test_outcomes_scores_checks_and_causes_are_those_of_pytest(project: Project) -> None:
    write_cases(project, MIXED)
    project.write("pytest.ini", "[pytest]\nllm_threshold = lexicon_count>=1\n")

    by_pytest, by_evaluate, run = both_ways(project, {**JUDGED, "min_score": 4})

    assert by_evaluate == by_pytest
    outcomes = {result.case.id: (result.outcome, result.cause) for result in run.results}
    assert outcomes == {
        "good": ("passed", ""),
        "bad": ("failed", "threshold"),
        "unscored": ("error", "unscored"),
        "refused": ("error", "call"),
    }
    assert (run.verdict, run.exit_code) == ("failed", 1)


@pytest.mark.parametrize(
    ("rows", "settings"),
    [
        (FLAKY, {"samples": 3, "reducer": "median", "min_score": 4}),
        (VOTES, {"samples": 3, "reducer": "vote", "threshold": ["rubric>=5"]}),
    ],
    ids=["median", "vote"],
)
def test_samples_are_reduced_as_in_pytest(
    project: Project, rows: tuple[str, ...], settings: Settings
) -> None:
    write_cases(project, rows)

    by_pytest, by_evaluate, run = both_ways(project, {**SEEDED, **settings})

    assert by_evaluate == by_pytest
    assert [len(result.samples) for result in run.results] == [3] * len(rows)


def test_a_case_that_must_pass_is_settled_as_in_pytest(project: Project) -> None:
    write_cases(project, MUST, "id,prompt,expected,must_pass")

    by_pytest, by_evaluate, run = both_ways(project, {**SEEDED, "min_score": 4, "fail_on": "gate", "gate": ["pass_rate>=.1"]})  # fmt: skip

    assert by_evaluate == by_pytest
    assert [result.outcome for result in run.results] == ["passed", "failed", "xfailed"]


def test_gates_and_the_comparison_with_a_baseline_are_those_of_pytest(project: Project) -> None:
    rows = [f'row-{number:02},"Question {number} [[score=3]]",Answer' for number in range(12)]
    write_cases(project, rows)
    write_baseline(project)
    project.write("quarantine.csv", "id,until,reason\nrow-03,2999-12-31,flaky\n")

    settings = {
        **JUDGED,
        "min_score": 4,
        "baseline": ["main"],
        "gate": ["rubric.mean>=2", "regression(rubric)"],
        "quarantine": "quarantine.csv",
    }
    by_pytest, by_evaluate, run = both_ways(project, settings)

    assert by_evaluate == by_pytest
    assert [gate.state for gate in run.gates] == ["missed", "met"]
    assert len(run.comparisons) == 1
    assert run.results[0].before[0].answer == "before 0"
    assert run.results[3].outcome == "xfailed"


def write_baseline(project: Project) -> None:
    """A baseline ``main`` whose judge is not known, and whose scores are better."""
    scale = {"low": 0.0, "high": 5.0, "higher_is_better": True, "unit": ""}
    head = {"format": "llmeval-baseline-1", "name": "main", "scales": {"rubric": scale}}
    where = {"file": GOLDEN, "suite": GOLDEN, "outcome": "passed", "tags": []}
    rows: list[Mapping[str, Any]] = [head]
    for number in range(12):
        scores = {"rubric": {"values": [4.0 + number % 2 / 2]}}
        answers = [f"before {number}"]
        rows.append({**where, "id": f"row-{number:02}", "scores": scores, "answers": answers})
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    project.write("golden/baselines/main.jsonl", text)


def test_recordings_are_replayed_as_in_pytest(project: Project) -> None:
    write_cases(project, MIXED[:2])
    evaluate(GOLDEN, **JUDGED, min_score=4, record="all")
    shutil.rmtree(project.path / ".llmeval")
    write_cases(project, [*MIXED[:2], "new,Not recorded?,No"])

    by_pytest, by_evaluate, run = both_ways(project, {**JUDGED, "min_score": 4, "record": "none"})

    assert by_evaluate == by_pytest
    assert by_evaluate.requests == 0
    assert [result.cause for result in run.results] == ["", "threshold", "not_sent"]


def test_a_budget_that_is_spent_ends_the_calls_as_in_pytest(project: Project) -> None:
    project.write(
        "pytest.ini", "[pytest]\nllm_prices =\n    mock = 1000 1000\n    judge = 1000 1000\n"
    )
    write_cases(project, [f"row-{number},Question {number},Answer" for number in range(3)])

    spending = {**JUDGED, "min_score": 4, "max_tokens": 20, "budget": 0.5, "lookahead": 0}
    by_pytest, by_evaluate, run = both_ways(project, spending)

    assert by_evaluate == by_pytest
    assert [result.cause for result in run.results] == ["", "", "not_sent"]
    assert run.exit_code == 10


def test_cases_are_selected_as_in_pytest(project: Project) -> None:
    write_cases(project, [f"row-{number},Question {number},Answer" for number in range(9)])

    selecting = {**JUDGED, "where": "id != 'row-4'", "limit": 3, "limit_seed": 7}
    by_pytest, by_evaluate, run = both_ways(project, selecting)

    assert by_evaluate == by_pytest
    assert len(run.results) == 3


INTERRUPTING = """
class Interrupting:
    name, version = "interrupting", "1"

    def score(self, case, completion):
        if case.id == "row-1":
            raise KeyboardInterrupt
        return 1.0

def pytest_llmeval_metrics():
    return [Interrupting()]
"""


class Interrupting:
    name, version = "interrupting", "1"

    def score(self, case: Case, completion: object) -> float:
        if case.id == "row-1":
            raise KeyboardInterrupt
        return 1.0


def test_an_interrupted_run_is_cut_off_as_in_pytest(project: Project) -> None:
    project.write("conftest.py", INTERRUPTING)
    write_cases(project, [f"row-{number},Question {number},Answer" for number in range(3)])
    settings: dict[str, Any] = {"threshold": ["interrupting>=1"], "gate": ["pass_rate>=.5"]}

    done = project.run(GOLDEN, "--llm-model", "mock", *command_line(settings))
    by_pytest = logged_run(project)
    shutil.rmtree(project.path / ".llmeval")
    with pytest.raises(KeyboardInterrupt):
        evaluate(GOLDEN, model="mock", metrics=[Interrupting()], **settings)
    by_evaluate = logged_run(project)

    assert by_evaluate == by_pytest
    run, ids = by_evaluate
    assert (run["exit_code"], run["is_cut_off"], run["gates"], ids) == (2, True, (), ["row-0"])
    assert done.ret == 2


def logged_run(project: Project) -> tuple[dict[str, Any], list[str]]:
    """The only run of the log, and the ids of its cases."""
    with closing(RunLog(str(project.path / ".llmeval/runs.sqlite"))) as log:
        (run,) = log.runs()
        ids = [result.case.id for result in log.results(run.id)]
    found = {**run_facts(run), "exit_code": run.exit_code, "gates": run.gates}
    return found, ids


def test_it_runs_where_an_event_loop_runs(project: Project) -> None:
    write_cases(project, MIXED[:1])

    async def notebook_cell() -> Evaluation:
        return evaluate(GOLDEN, **JUDGED, min_score=4)

    assert asyncio.run(notebook_cell()).verdict == "passed"


def test_the_async_twin_does_not_block_the_event_loop(project: Project) -> None:
    write_cases(project, MIXED[:1])
    started, released = threading.Event(), threading.Event()

    def answer(case: Case) -> str:
        started.set()
        assert released.wait(PATIENCE_S), "the event loop was blocked"
        return f"about {case.id}"

    async def notebook_cell() -> Evaluation:
        running = asyncio.ensure_future(aevaluate(GOLDEN, provider=answer))
        await asyncio.to_thread(started.wait)
        released.set()
        return await running

    run = asyncio.run(notebook_cell())
    assert run.results[0].completion is not None
    assert run.results[0].completion.text == "about good"


def test_a_cancelled_run_is_cut_off(project: Project) -> None:
    write_cases(project, MIXED[:2])
    started = threading.Event()

    async def answer(case: Case) -> str:
        started.set()
        await asyncio.sleep(PATIENCE_S)
        return "too late"

    async def notebook_cell() -> None:
        running = asyncio.ensure_future(aevaluate(GOLDEN, provider=answer))
        await asyncio.to_thread(started.wait)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(notebook_cell())
    assert not (project.path / ".llmeval/runs.sqlite").exists()  # as in pytest, without a result


def test_calls_of_different_cases_overlap(project: Project) -> None:
    project.rows(4, path=GOLDEN)
    project.endpoint.gathering = threading.Barrier(4, timeout=PATIENCE_S)

    assert evaluate(GOLDEN, model="mock", retries=0).verdict == "passed"
    assert project.endpoint.highest_in_flight == 4


def test_several_files_and_cases_made_in_python(project: Project) -> None:
    project.rows(2, path=GOLDEN)
    project.rows(1, path="golden/more.csv")
    assert len(evaluate([GOLDEN, Path("golden/more.csv")], model="mock").results) == 3

    made = [Case("a", "What is a?", Source("made", 1)), Case("b", "What is b?", Source("made", 2))]
    run = evaluate(made, provider=lambda case: case.id, threshold="lexicon_count>=1")
    assert [result.nodeid for result in run.results] == ["made::a", "made::b"]
    with pytest.raises(InputError, match="found the case made::a twice"):
        evaluate([*made, made[0]], model="mock")


def test_it_finds_the_project_from_a_sub_folder(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("pytest.ini", "[pytest]\nllm_model = mock\nllm_log = runs.sqlite\n")
    project.rows(1, path=GOLDEN)
    monkeypatch.chdir(project.path / "golden")

    run = evaluate("cases.csv", json="here.json")
    assert run.results[0].suite == GOLDEN
    assert evaluate(GOLDEN).results[0].suite == GOLDEN
    assert (project.path / "runs.sqlite").is_file()
    assert (project.path / "golden/here.json").is_file()


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"modle": "m"}, SettingError, "found 'modle'.* Did you mean 'model'?"),
        ({"model": "m", "min_score": 7}, SettingError, "min_score=: found 7; allowed: a number"),
        ({"model": "m", "threshold": "rubrik>=1"}, SettingError, "Did you mean 'rubric'?"),
        ({"model": "m", "gate": ["pass_rate=1"]}, SettingError, "pass_rate=1"),
        (
            {"model": "m", "where": "id == 'none'"},
            InputError,
            "where and limit select none of 1 case",
        ),
        ({"model": "m", "dry_run": True}, SettingError, "dry_run"),
        ({"model": "m", "changed": True}, SettingError, "pytest and --llm-changed"),
        ({}, NotConfiguredError, "no model is configured"),
    ],
)
def test_what_cannot_be_used_is_an_error_before_anything_is_sent(
    project: Project, settings: Settings, error: type[Exception], told: str
) -> None:
    project.rows(1, path=GOLDEN)
    with pytest.raises(error, match=told):
        evaluate(GOLDEN, **settings)
    assert project.endpoint.count() == 0
    assert not (project.path / ".llmeval").exists()


def test_no_case_at_all_is_an_error(project: Project) -> None:
    with pytest.raises(InputError, match="found no case; allowed: at least one"):
        evaluate([], model="m")


def test_a_data_frame_has_the_columns_of_the_csv_report(project: Project) -> None:
    write_cases(project, MIXED)
    run = evaluate(GOLDEN, **JUDGED, min_score=4, csv="out.csv")

    frame = run.to_pandas()
    head = (project.path / "out.csv").read_text(encoding="utf-8").splitlines()[0]
    assert list(frame.columns) == head.split(",")
    assert list(frame["id"]) == ["good", "bad", "unscored", "refused"]
    assert list(frame["score"].dropna()) == [5, 2]


def test_a_notebook_shows_headline_counts_and_worst_cases_escaped(project: Project) -> None:
    write_cases(project, ['"<script>x</script>","How? [[score=0]]",So', *MIXED[:1]])
    page = evaluate(GOLDEN, **JUDGED, min_score=4)._repr_html_()

    assert "FAILED: 1 of 2 cases" in page
    assert "1 passed, 1 failed" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "good" not in page
