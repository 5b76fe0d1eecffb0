"""Another pattern, reducer or number of samples passes for no better answer, nor for a worse one."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from jsonschema import Draft202012Validator

from tests.peer_files import Row as PeerRow
from tests.peer_files import inspect_header, inspect_sample
from tests.plugin.conftest import Project
from tests.plugin.test_golden_edits import Row, both, comparison_of, write_rows

COUNT = 24
GATED = ("--llm-fail-on", "gate", "--llm-threshold", "exact_match>=1")
MAIN = ("--llm-baseline", "main")
SHARP, LOOSE = "so: (.*)", "(yes|no)"
MERGE = ("merge", ".llmeval/report.json", "--json", "", "--html", "", "--fail-on", "gate")

APP = """
import os
import threading

calls, lock = {}, threading.Lock()


def answer(case):
    number = int(case.id[1:])
    with lock:
        calls[number] = sample = calls.get(number, -1) + 1
    if os.environ["APP"] == "new":
        return "no" if number < 6 else "yes"
    return "no" if number % 2 and sample == 1 else "yes"
"""


def rows() -> list[Row]:
    """Of the old replies a sharp pattern takes half for wrong; the new ones lose six more."""
    made = []
    for number in range(COUNT):
        old = "maybe yes, so: no" if number < COUNT / 2 else "so: yes"
        new = "so: no" if number >= COUNT - 6 else old
        row = {"id": f"c{number:02}", "prompt": f"Question {number}", "expected": "yes"}
        made.append({**row, "old": old, "new": new})
    return made


@pytest.fixture
def replied(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose baseline ``main`` was made with the sharp pattern."""
    started(project)
    options = ("--llm-provider", "column:old", "--llm-answer-pattern", SHARP, *GATED)
    accepted(project, tmp_path_factory, "replied", options)
    return project


@pytest.fixture
def sampled(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A project whose baseline ``main`` is the worst of three samples; half of its cases failed."""
    started(project)
    project.write("app.py", APP)
    monkeypatch.setenv("APP", "old")
    accepted(project, tmp_path_factory, "sampled", (*samples(3, "min"), *GATED))
    monkeypatch.setenv("APP", "new")
    return project


def samples(number: int, reducer: str) -> tuple[str, ...]:
    app = ("--llm-provider", "python:app:answer", "--llm-no-cache")
    return (*app, "--llm-samples", str(number), "--llm-reducer", reducer)


def started(project: Project) -> None:
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\npythonpath = .\n")
    write_rows(project, rows())


def accepted(
    project: Project, folders: pytest.TempPathFactory, name: str, options: tuple[str, ...]
) -> None:
    """Make the baseline ``main``, once for all tests."""
    kept = folders.getbasetemp() / f"sampling_edits_{name}.jsonl"
    if not project.take_baseline(kept):
        project.run(*options, "--llm-gate", "pass_rate>=.1")
        project.accept(kept)


def last_line(run: pytest.RunResult) -> str:
    return next(line for line in reversed(run.outlines) if line.startswith("llm: "))


@both
def test_a_looser_answer_pattern_reads_the_replies_of_the_baseline_too(
    replied: Project, workers: tuple[str, ...]
) -> None:
    new = ("--llm-provider", "column:new", "--llm-answer-pattern", LOOSE, *GATED, *MAIN)
    run = replied.run(*new, *workers, "--llm-summary", "summary.md", "--llm-html", "page.html")

    assert run.ret == 1
    text = run.stdout.str()
    assert "exact_match: dropped 25.0 points: 6 of 24 passed before and fail now, 0 failed" in text
    changed = "The answer pattern of 24 cases changed since main (so: (.*) -> (yes|no)), by which"
    assert changed in last_line(run)
    edit = comparison_of(replied)["edited"][0]
    assert (edit["field"], edit["before"], edit["after"]) == ("answer_pattern", SHARP, LOOSE)
    assert edit["is_rescored"]
    assert "24 golden cases edited since main" in (replied.path / "summary.md").read_text("utf-8")
    page = (replied.path / "page.html").read_text("utf-8").partition("<script")[0]
    assert "Edited since the baseline: 24 cases" in page

    # The command scores nothing, and so compares nothing.
    compared = replied.llmeval("compare", "main", "latest")
    assert compared.returncode == 10
    assert "made with other settings (answer pattern so: (.*) -> (yes|no))" in compared.stdout
    assert "the answer pattern of 24 cases changed since main" in compared.stdout
    assert "passed before and fail now" not in compared.stdout
    merged = replied.llmeval(*MERGE, "--baseline", "main")
    assert merged.returncode == 1
    assert "6 of 24 passed before and fail now, 0 failed" in merged.stdout


def test_a_pattern_that_takes_out_the_same_answers_changes_nothing(replied: Project) -> None:
    """A stop in the middle would need the answers, which are taken out at the end."""
    old = ("--llm-provider", "column:old", "--llm-answer-pattern", r"so:\s*(.*)", *GATED, *MAIN)

    run = replied.run(*old, "--llm-stop-early")

    assert run.ret == 0
    assert "exact_match: identical: every answer is the baseline's" in run.stdout.str()
    assert "by which its answers were taken out of the replies again" in last_line(run)
    assert replied.report()["run"]["early_stop"] is None


def test_a_reply_without_an_answer_for_the_new_pattern_is_not_compared(replied: Project) -> None:
    made = [{**row, "new": f"it is {row['expected']}"} for row in rows()]
    write_rows(replied, made)

    new = ("--llm-provider", "column:new", "--llm-answer-pattern", "it is (.*)", *GATED, *MAIN)
    run = replied.run(*new)

    assert run.ret == 10
    assert "ERROR: regression against main: exact_match: 24 of the baseline's 24" in (
        run.stdout.str()
    )
    assert "; the answers of main were not taken out of its replies again, so their" in last_line(
        run
    )


@both
def test_another_reducer_reduces_the_samples_of_the_baseline_too(
    sampled: Project, workers: tuple[str, ...]
) -> None:
    run = sampled.run(*samples(3, "max"), *GATED, *MAIN, *workers)

    assert run.ret == 1
    text = run.stdout.str()
    assert "exact_match: dropped 25.0 points: 6 of 24 passed before and fail now, 0 failed" in text
    changed = "The samples or the reducer of 24 cases changed since main (3 samples, min -> "
    assert changed in last_line(run)
    comparison = comparison_of(sampled)
    assert comparison["edited"][0]["field"] == "samples"
    rates = {metric["name"]: metric["result"]["change"] for metric in comparison["metrics"]}
    assert rates == {"exact_match": -0.25, "pass_rate": -0.25}
    assert len(comparison["lost"]) == 6
    assert not comparison["gained"]
    for command in (("compare", "main", "latest"), (*MERGE, "--baseline", "main")):
        done = sampled.llmeval(*command)
        assert done.returncode == 1, done.stderr
        assert "dropped 25.0 points: 6 of 24 passed before and fail now" in done.stdout


def test_a_report_with_every_changed_setting_keeps_the_schema(sampled: Project) -> None:
    must = ("-o", "llm_must_pass=id == 'c23'")
    new = (*samples(2, "max"), "--llm-answer-pattern", "(yes|no)", *must)

    assert sampled.run(*new, *GATED, *MAIN).ret == 10

    comparison = comparison_of(sampled)
    fields = {edit["field"] for edit in comparison["edited"]}
    assert fields == {"must_pass", "samples", "answer_pattern"}
    assert comparison["metrics"][0]["coverage"]["settings"]
    file = resources.files("pytest_llmeval.reports") / "schemas" / "report-2.schema.json"
    Draft202012Validator(json.loads(file.read_text("utf-8"))).validate(sampled.report())


def test_turns_that_the_model_made_up_are_no_part_of_the_answers_taken_out_again(
    project: Project,
) -> None:
    started(project)
    reply = "<think>?</think>Answer: yes<|im_end|>\n<|im_start|>user\nAnswer: no"
    project.endpoint.answer = lambda _: reply
    model = ("--llm-model", "m", *GATED)
    project.run(*model, "--llm-answer-pattern", r"Answer: (\w+)", "--llm-gate", "pass_rate>=.1")
    project.accept()

    run = project.run(*model, "--llm-answer-pattern", r".*Answer: (\w+)", *MAIN)

    assert run.ret == 0
    assert "exact_match: identical: every answer is the baseline's" in run.stdout.str()


@both
def test_another_number_of_samples_is_not_compared(
    sampled: Project, workers: tuple[str, ...]
) -> None:
    run = sampled.run(*samples(2, "min"), *GATED, *MAIN, *workers)

    assert run.ret == 10
    why = "24 of the baseline's 24 cases were made with other settings (3 samples, min -> 2 samples"
    assert f"ERROR: regression against main: exact_match: {why}, min)" in run.stdout.str()
    assert "so their scores are not compared" in last_line(run)
    assert not comparison_of(sampled)["lost"]
    for command in (("compare", "main", "latest"), (*MERGE, "--baseline", "main")):
        done = sampled.llmeval(*command)
        assert done.returncode == 10, done.stderr
        assert why in done.stdout


MARKED = """
import pytest

@pytest.mark.llm_golden("golden/faq.jsonl", threshold="exact_match>=1")
@pytest.mark.llm_generate(samples=2, reducer="Max")
def test_case(llm_completion):
    pass
"""


def inspect_file(project: Project, reducer: str) -> str:
    """The same cases in a log of inspect_ai, each with two epochs."""
    cases = [PeerRow(f"c{number:02}", 1.0, True, "yes", "", "") for number in range(COUNT)]
    made = [inspect_sample(case, epoch) for epoch in (1, 2) for case in cases]
    header = inspect_header(made)
    header["eval"]["config"]["epochs_reducer"] = [reducer]
    values = [{"value": 1.0, "sample_id": case.name} for case in cases]
    reductions = [{"scorer": "match", "reducer": reducer, "samples": values}]
    text = json.dumps(header | {"samples": made, "reductions": reductions})
    (project.path / f"{reducer}.json").write_text(text.replace('"match"', '"exact_match"'))
    return f"{reducer}.json"


def test_the_reducer_of_a_marker_is_compared_with_that_of_a_file(project: Project) -> None:
    started(project)
    # The settings are those of no case.
    project.write("pytest.ini", "[pytest]\nllm_provider = column:old\nllm_samples = 3\n")
    write_rows(project, [{**row, "old": "yes"} for row in rows()])
    project.write("test_case.py", MARKED)
    files = [inspect_file(project, reducer) for reducer in ("max", "mean")]

    for name, code in zip(files, (0, 10), strict=True):
        gate = ("--llm-fail-on", "gate", "--llm-gate", "regression(exact_match)")
        run = project.run(*gate, "--llm-baseline", name)
        assert run.ret == code, run.stdout.str()
    why = "of a case is the mean of 2 samples in mean.json, and the max of 2 samples in"
    assert why in run.stdout.str()
    assert "make both with the same reducer and epochs" in run.stdout.str()
