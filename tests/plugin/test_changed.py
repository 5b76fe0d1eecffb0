"""Which cases a change touches: only these run, and the others count with their scores of the baseline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.plugin.conftest import Project

COUNT = 20
GATED = (
    "--llm-threshold",
    "exact_match>=1",
    "--llm-fail-on",
    "gate",
    "--llm-gate",
    "pass_rate>=.5",
)
LIVE = (*GATED, "--llm-no-cache")
CHANGED = (*LIVE, "--llm-baseline", "main", "--llm-changed")

both = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["n0", "n2"])


def write_rows(project: Project, edits: Mapping[int, Mapping[str, Any]] | None = None) -> None:
    """Twenty rows whose question holds the answer of the endpoint; two of them do not meet it."""
    rows: list[dict[str, Any]] = []
    for number in range(COUNT):
        expected = "other" if number < 2 else f"answer {number}"
        row = {"id": f"c{number:02}", "prompt": f"[[answer=answer {number}]]", "expected": expected}
        rows.append({**row, **(edits or {}).get(number, {})})
    project.write("golden/faq.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def made(project: Project) -> Project:
    """A project with the baseline ``main`` of its twenty cases."""
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\nllm_model = gpt-4\n")
    write_rows(project)
    assert project.run(*LIVE).ret == 0
    project.accept()
    project.endpoint.requests.clear()
    return project


def notes_of(project: Project) -> str:
    return " ".join(note["text"] for note in project.report()["run"]["notes"])


def exact_match_of(project: Project) -> Mapping[str, Any]:
    (comparison,) = project.report()["run"]["comparisons"]
    metrics = {metric["name"]: metric for metric in comparison["metrics"]}
    metric = metrics["exact_match"]
    assert isinstance(metric, dict)
    return metric


@both
def test_only_the_changed_cases_run_and_the_gates_cover_all(
    made: Project, workers: tuple[str, ...]
) -> None:
    write_rows(made, {number: {"prompt": f"[[answer=bad]] {number}"} for number in range(10, 12)})

    run = made.run(*CHANGED, *workers, "--llm-summary", "summary.md")

    assert made.endpoint.count() == 2
    assert made.outcomes() == {"c10": "xfailed", "c11": "xfailed"}
    sentence = (
        "18 of 20 cases send what they sent for main, are scored alike, and count with their "
        "scores of main"
    )
    assert sentence in run.outlines[-1]
    assert sentence in (made.path / "summary.md").read_text("utf-8")
    # Another prompt is another case, so 18 of 20 pairs are left, which is no whole baseline.
    assert exact_match_of(made)["coverage"]["paired"] == 18
    run.stdout.fnmatch_lines(["MET: pass_rate>=.5: pass rate 80.0% of 20 cases*"])
    assert made.report()["run"]["unchanged"] == 18
    refused = made.llmeval("baseline", "accept", "--name", "new")
    assert refused.returncode == 2
    assert "it ran only the cases that had changed (--llm-changed)" in refused.stderr
    for source in ("latest", ".llmeval/report.json"):
        compared = made.llmeval("compare", "main", source)
        assert compared.returncode == 2
        assert (
            "it ran only the cases that had changed (--llm-changed), and 18 oth" in compared.stderr
        )
        assert "Run them once without --llm-changed" in compared.stderr
    merged = made.llmeval("merge", ".llmeval/report.json")
    assert merged.returncode == 2
    assert "it ran only the cases that had changed (--llm-changed)" in merged.stderr


@both
def test_what_a_change_breaks_is_found_in_the_cases_that_it_touches(
    made: Project, workers: tuple[str, ...]
) -> None:
    made.endpoint.answer = lambda request: "worse"
    write_rows(made, {number: {"tags": ["new"]} for number in range(8, 18)})

    run = made.run(*CHANGED, *workers, "--llm-strict")

    assert run.ret == 1
    assert made.endpoint.count() == 10
    run.stdout.fnmatch_lines(["REGRESSED: regression against main: exact_match: dropped 50.0 *"])
    assert exact_match_of(made)["coverage"]["paired"] == 20


@both
def test_a_run_without_a_changed_case_is_judged_by_its_baseline(
    made: Project, workers: tuple[str, ...]
) -> None:
    run = made.run(*CHANGED, *workers, "--llm-strict")

    assert run.ret == 0
    assert made.endpoint.count() == 0
    assert "20 of 20 cases send what they sent for main" in run.stdout.str()
    run.stdout.fnmatch_lines(["OK: regression against main: exact_match: identical*"])
    assert made.report()["summary"]["verdict"] == "passed"

    by_case = tuple(word for word in CHANGED if word not in ("--llm-fail-on", "gate"))
    failed = made.run(*by_case, *workers)

    assert failed.ret == 1
    assert "; 2 cases of these failed there, and so the run fails" in failed.stdout.str()
    assert made.report()["summary"]["verdict"] == "failed"


EDITS: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...], str, int]] = {
    "prompt": ({"prompt": "[[answer=answer 5]] please"}, (), "prompt", 1),
    "expected": ({"expected": "answer five"}, (), "expected answer", 1),
    "column": ({"topic": "bikes"}, (), "tags or other columns of the row", 1),
    "threshold": ({}, ("--llm-threshold", "exact_match>=0.5"), "thresholds", 20),
    "parameter": ({}, ("--llm-temperature", "0.5"), "parameters", 20),
    "model": ({}, ("--llm-model", "gpt-5"), "model", 20),
    "provider": ({}, ("--llm-base-url", "http://127.0.0.1:9/v1"), "provider", 20),
    "system prompt": ({}, ("--llm-system-prompt", "Be kind."), "prompt", 20),
    "samples": ({}, ("--llm-samples", "2"), "samples", 20),
}


@pytest.mark.parametrize("edit", EDITS)
def test_the_command_lists_what_has_changed_and_what_it_costs(made: Project, edit: str) -> None:
    row, options, subject, number = EDITS[edit]
    write_rows(made, {5: row})

    listed = made.llmeval("changed", "--baseline", "main", "--json", "-", *LIVE, *options)

    assert listed.returncode == 0, listed.stderr
    content = json.loads(listed.stdout)
    changed = content["changed"]
    assert len(changed["changed"]) == number
    assert len(changed["unchanged"]) == COUNT - number
    (change,) = changed["changed"][-1]["changes"]
    assert change["subject"] == subject
    (line,) = content["requests"]
    samples = 2 if edit == "samples" else 1
    assert (line["purpose"], line["requests"]) == ("answer", number * samples)
    assert line["usd"] > 0
    assert made.endpoint.count() == 0


def test_the_command_names_cases_for_people(made: Project) -> None:
    write_rows(made, {5: {"expected": "five"}, 7: {"id": "new"}})
    made.write("test_own.py", OWN_TEST)

    listed = made.llmeval("changed", "--baseline", "main", *LIVE, "golden/faq.jsonl")

    assert listed.returncode == 0, listed.stderr
    first, *rest = listed.stdout.splitlines()
    assert first == "against main, 2 of 20 cases changed, 0 may have changed, 18 did not"
    assert rest[:2] == ["golden/faq.jsonl:6 c05: expected answer", "golden/faq.jsonl:8 new: new"]
    assert "To send: 2 requests, about $" in listed.stdout

    unknown = made.llmeval("changed", "--baseline", "mian", *LIVE)

    assert unknown.returncode == 2
    assert "mian" in unknown.stderr


OWN_TEST = """
import pytest

@pytest.mark.llm_golden("golden/faq.jsonl")
def test_own(llm_completion):
    assert llm_completion.text
"""


def test_what_nobody_can_prove_to_be_unchanged_runs(made: Project) -> None:
    made.write("test_own.py", OWN_TEST)
    assert made.run(*LIVE).ret == 0
    made.accept()
    made.endpoint.requests.clear()

    run = made.run(*CHANGED)

    assert run.ret == 0
    assert made.endpoint.count() == 20
    assert (
        "20 cases may be as for main, and had to run (20 cases: a test function answers or scores "
        "it, and nobody compares its code)"
    ) in notes_of(made)
    made.write("conftest.py", PROVIDER)
    made.endpoint.requests.clear()

    assert made.run(*CHANGED, "golden").ret == 0
    assert len(made.outcomes()) == 20
    assert "20 cases: what answers it is known only when it runs" in notes_of(made)


def test_a_run_without_a_model_says_so_of_each_case(made: Project) -> None:
    made.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    listed = made.llmeval("changed", "--baseline", "main")
    assert "no model is configured: set --llm-model NAME, --llm-provider SPEC" in listed.stdout
    assert "known only when it runs" not in listed.stdout


PROVIDER = """
import pytest

@pytest.fixture
def llm_provider():
    return lambda case: case.expected
"""


def test_an_older_baseline_without_keys_leaves_nothing_out(made: Project) -> None:
    path = made.path / "golden/baselines/main.jsonl"
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for line in lines[1:]:
        for name in ("request", "basis", "model", "system_fingerprint"):
            del line[name]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")

    run = made.run(*CHANGED)

    assert run.ret == 0
    assert made.endpoint.count() == 20
    assert "20 cases: the baseline holds no key of its request" in notes_of(made)


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["n0", "n1"])
def test_it_needs_one_baseline_of_this_package(made: Project, workers: tuple[str, ...]) -> None:
    made.write("other.csv", "id,exact_match\nc00,1\n")
    named = {
        (): "found 'no baseline'; allowed: one baseline",
        ("--llm-baseline", "main", "--llm-baseline", "latest"): "found 'main, latest'",
        ("--llm-baseline", "other.csv"): "A table or a file of another tool does not say what was",
    }
    for names, error in named.items():
        run = made.run(*LIVE, "--llm-changed", *names, *workers)
        assert run.ret in (3, 4), run.stdout.str()
        assert error in f"{run.stdout.str()}{run.stderr.str()}"
    early = ("--llm-threshold", "exact_match>=1", "--llm-fail-on", "gate", "--llm-stop-early")
    run = made.run(*early, "--llm-baseline", "main", "--llm-changed", *workers)
    assert "allowed: one of the two" in f"{run.stdout.str()}{run.stderr.str()}"
    assert made.endpoint.count() == 0


def test_another_judge_is_a_change_and_a_rescored_run_proves_nothing(made: Project) -> None:
    judged = ("--llm-judge-model", "judge", "--llm-threshold", "rubric>=1", *LIVE)
    assert made.run(*judged).ret == 0
    made.accept()

    same = made.llmeval("changed", "--baseline", "main", *judged)
    assert same.stdout.startswith("against main, 0 of 20 cases changed, 0 may have changed, 20 did")

    other = made.llmeval(
        "changed", "--baseline", "main", *judged, "--llm-judge-criteria", "Be kind"
    )
    assert other.stdout.startswith("against main, 20 of 20 cases changed")
    assert ": scorers '" in other.stdout.splitlines()[1]

    assert made.llmeval("rescore", "--judge-model", "judge").returncode == 0
    made.accept()
    rescored = made.llmeval("changed", "--baseline", "main", *judged)
    assert "20 may have changed" in rescored.stdout
