"""A judge that changes behind its name shows on answers that it has scored before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.mock_endpoint import judged_texts
from tests.plugin.conftest import Project
from tests.plugin.test_gates import BEFORE, JUDGED, accepted, both, write

GATED = (*JUDGED, "--llm-fail-on", "gate", "--llm-baseline", "main")
LIVE = (*GATED, "--llm-no-cache")


def drift(project: Project, points: float, when: str = "") -> None:
    """Let the judge score what an answer is worth, and some points more where a text is in it."""

    def judge(request: Any) -> str:
        answer = judged_texts(request)["answer"]
        score = float(answer.split()[0]) + (points if when in answer else 0)
        return json.dumps({"reason": "As it says.", "score": score})

    project.endpoint.judge = judge


def anchors_of(project: Project) -> Mapping[str, Any]:
    (comparison,) = project.report()["run"]["comparisons"]
    (check,) = comparison["anchors"]
    assert isinstance(check, dict)
    return check


def reword(project: Project, scores: Sequence[float]) -> None:
    """Write answers of the same worth in other words."""
    write(project, [f"{score} full" for score in scores])


@both
def test_a_stricter_judge_is_no_regression(project: Project, workers: str) -> None:
    accepted(project, BEFORE, *JUDGED)
    reword(project, BEFORE)
    drift(project, -0.5)
    project.endpoint.requests.clear()

    run = project.run(*LIVE, "-n", workers, "--llm-summary", "summary.md", "--llm-name", "ref")

    assert "REGRESSED" not in run.stdout.str()
    last = next(line for line in reversed(run.outlines) if line.startswith("llm: "))
    text = "judge of rubric has changed: it scores 20 stored answers of main 10.0 points lower"
    assert text in last
    assert "so the answers of 20 cases were judged again" in last
    assert text in (project.path / "summary.md").read_text("utf-8")
    check = anchors_of(project)
    assert (check["is_drift"], check["n"], check["changed"], check["rejudged"]) == (
        True,
        20,
        20,
        20,
    )
    assert check["shift"] == pytest.approx(-0.1)
    assert project.endpoint.count("judge") == 60  # the run, the anchors, the whole baseline

    # A comparison that asks no judge must not take its change for one of the answers.
    for names in (("main", "ref"), ("ref", "main")):
        compared = project.llmeval("compare", *names)
        assert compared.returncode == 10
        assert compared.stdout.startswith("ERROR: rubric against ")
        assert "the judge of rubric has changed since main" in compared.stdout
        assert "pytest judges the baseline again, compare does not" in compared.stdout
    # Nobody knows on which side of the change another baseline lies.
    main = project.path / "golden/baselines/main.jsonl"
    rows = main.read_text("utf-8").replace('"values": [4.0]', '"values": [4.1]', 1)
    project.write("golden/baselines/other.jsonl", rows)
    unknown = "whether other was scored before or after that is not known"
    compared = project.llmeval("compare", "other", "ref")
    assert "warning: the judge of rubric changed between main and ref" in compared.stdout
    assert unknown in compared.stdout
    compared = project.llmeval("compare", "other", "ref", "--strict")
    assert compared.returncode == 10
    assert unknown in compared.stdout.splitlines()[0]
    # Two runs of the judge as it is now can be compared.
    project.llmeval("baseline", "accept", "ref", "--name", "now")
    assert project.llmeval("compare", "now", "ref").stdout.startswith("OK: rubric against now")


@both
def test_a_lenient_judge_hides_no_regression(project: Project, workers: str) -> None:
    accepted(project, BEFORE, *JUDGED)
    reword(project, [score - 0.5 for score in BEFORE])
    drift(project, 0.5)

    run = project.run(*LIVE, "-n", workers)

    assert run.ret == 1
    run.stdout.fnmatch_lines(["REGRESSED: regression against main: rubric: dropped 10.0 points*"])
    assert anchors_of(project)["shift"] == pytest.approx(0.1)


def test_a_judge_that_is_as_before_is_asked_about_the_anchors_alone(project: Project) -> None:
    accepted(project, BEFORE, *JUDGED)
    reword(project, BEFORE)
    project.endpoint.requests.clear()

    run = project.run(*LIVE, "--llm-anchors", "8")

    assert "has changed" not in run.stdout.str()
    run.stdout.fnmatch_lines(["anchors * rubric: 8 scored again, 0 changed*"])
    assert project.endpoint.count("judge") == 28
    assert anchors_of(project)["rejudged"] == 0


def test_the_store_hides_no_drift(project: Project) -> None:
    """The score of a stored answer is in the store, where the judge does not change."""
    accepted(project, BEFORE, *JUDGED)
    reword(project, BEFORE)
    drift(project, -0.5)

    run = project.run(*GATED)

    assert anchors_of(project)["is_drift"]
    assert "REGRESSED" not in run.stdout.str()


def test_scores_from_the_store_are_of_the_judge_as_it_was(project: Project) -> None:
    """Half of the answers are the baseline's, and their scores are in the store."""
    accepted(project, BEFORE, *JUDGED)
    write(project, [*BEFORE[:10], *(f"{score} full" for score in BEFORE[10:])])
    drift(project, -0.5)

    project.run(*GATED)

    (comparison,) = project.report()["run"]["comparisons"]
    assert anchors_of(project)["rejudged"] == 10
    assert comparison["metrics"][0]["result"]["change"] == 0


def test_a_run_without_a_live_judge_has_no_anchors(project: Project) -> None:
    accepted(project, BEFORE, *JUDGED)
    project.endpoint.requests.clear()

    assert project.run(*GATED).ret == 0

    (comparison,) = project.report()["run"]["comparisons"]
    assert comparison["anchors"] == []
    assert project.endpoint.count("judge") == 0


def test_they_can_be_switched_off(project: Project) -> None:
    accepted(project, BEFORE, *JUDGED)
    reword(project, BEFORE)
    drift(project, -0.5)

    assert project.run(*LIVE, "--llm-anchors", "0").ret == 1


def test_a_judge_that_changed_and_cannot_judge_again_decides_nothing(project: Project) -> None:
    """The budget is spent before the whole baseline is judged again."""
    accepted(project, BEFORE, *JUDGED)
    reword(project, BEFORE)
    drift(project, -0.5)
    project.write("pytest.ini", "[pytest]\nllm_prices = judge = 1000 1000\n")
    assert project.run(*LIVE, "--llm-budget", "1000").ret == 0
    cost = project.report()["run"]["traffic"]["usd"]

    run = project.run(*LIVE, "--llm-budget", str(cost * 0.75))

    assert run.ret == 10
    assert "ERROR: regression against main: rubric: " in run.stdout.str()


def test_a_dry_run_counts_them(project: Project) -> None:
    accepted(project, BEFORE, *JUDGED)
    reword(project, BEFORE)

    run = project.run(*GATED, "--llm-dry-run", "--llm-anchors", "8")

    run.stdout.fnmatch_lines(["rubric * 28 *"])


RETRIEVER = """
import os
from pytest_llmeval import Completion

def answer(request):
    price = os.environ["PRICE"]
    return Completion(f"The bag costs {price}.", model="app", contexts=("The bag costs 9.",))
"""


def faithful(request: Any) -> str:
    """The reply of a judge that finds a claim in the passages that it is shown, or does not."""
    if "Judge each" not in request.text:
        price = 7 if "costs 7." in request.text else 9
        return json.dumps({"claims": [f"The bag costs {price}."]})
    is_supported = "costs 9." in request.text and "costs 7." not in request.text
    verdict = {"number": 1, "reason": "As written.", "verdict": "yes" if is_supported else "no"}
    return json.dumps({"verdicts": [verdict]})


def test_the_judge_is_shown_what_was_retrieved_then(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The passages of the row are others than those of the application."""
    rows = [f"r{number:02},Question {number},No bag at all.\n" for number in range(20)]
    project.write("golden/rows.csv", "id,prompt,contexts\n" + "".join(rows))
    project.write("app.py", RETRIEVER)
    project.endpoint.judge = faithful
    app = (
        *("golden/rows.csv", "--llm-provider", "python:app:answer", "--llm-judge-model", "judge"),
        *("--llm-threshold", "faithfulness>=.5", "--llm-no-cache"),
    )
    monkeypatch.setenv("PRICE", "9")
    assert project.run(*app).ret == 0
    project.accept()
    monkeypatch.setenv("PRICE", "7")

    run = project.run(*app, "--llm-fail-on", "gate", "--llm-baseline", "main")

    assert run.ret == 1
    run.stdout.fnmatch_lines(["REGRESSED: regression against main: faithfulness: *"])
    assert not anchors_of(project)["is_drift"]


def test_a_few_scores_show_nothing(project: Project) -> None:
    accepted(project, BEFORE, *JUDGED)
    reword(project, BEFORE)
    drift(project, -0.5)

    run = project.run(*LIVE, "--llm-anchors", "4")

    run.stdout.fnmatch_lines(
        ["anchors * rubric: 4 stored answers cannot tell, and 4 scores changed"]
    )


def test_anchors_that_fail_are_said(project: Project) -> None:
    accepted(project, BEFORE, *JUDGED)
    reword(project, BEFORE)

    def judge(request: Any) -> str:
        answer = judged_texts(request)["answer"]
        return (
            json.dumps({"reason": "As it says.", "score": float(answer.split()[0])})
            if "full" in answer
            else "?"
        )

    project.endpoint.judge = judge

    run = project.run(*LIVE)

    assert run.ret == 0
    unknown = "hether the judge of rubric has changed since main is not known"
    run.stdout.fnmatch_lines([f"llm: OPEN: W{unknown}*"])

    run = project.run(*LIVE, "--llm-strict", "--llm-margin", "0.5")

    assert run.ret == 10
    run.stdout.fnmatch_lines([f"ERROR: regression against main: rubric: w{unknown}*"])


def test_an_early_stop_by_scores_of_the_judge_as_it_was_says_so(project: Project) -> None:
    accepted(project, BEFORE * 2, *JUDGED)
    reword(project, BEFORE * 2)
    drift(project, -3)

    run = project.run(*LIVE, "--llm-stop-early", "--llm-concurrency", "2")

    assert run.ret == 10
    assert project.report()["run"]["early_stop"]["not_run"]
    run.stdout.fnmatch_lines(
        [
            "ERROR: regression against main: rubric: only * the judge of rubric has changed since "
            "main, and the run was stopped by the scores from before: run without "
            "--llm-stop-early*"
        ]
    )
    assert project.run(*LIVE).ret == 0


TWICE = """
import pytest

@pytest.mark.llm_golden("golden/rows.csv")
def test_answers(llm_completion, llm_judge):
    llm_judge(llm_completion, criteria="The answer is right.")
    llm_judge({text}, criteria="{criteria}")
"""
IN_TEST = (
    "test_answers.py", "--llm-provider", "column:answer", "--llm-judge-model", "judge",
    "--llm-no-cache", "--llm-fail-on", "gate", "--llm-baseline", "main",
)  # fmt: skip


def accepted_in_test(project: Project, text: str, criteria: str) -> None:
    write(project, BEFORE)
    (project.path / "golden/faq.csv").unlink(missing_ok=True)
    project.write("test_answers.py", TWICE.format(text=text, criteria=criteria))
    assert project.run(*IN_TEST[:6]).ret == 0
    project.accept()


@both
def test_a_judge_that_a_test_asks_twice_has_anchors_too(project: Project, workers: str) -> None:
    accepted_in_test(project, "llm_completion", "The answer is polite.")
    reword(project, BEFORE)
    strict = ("--llm-strict", "--llm-margin", "0.5")
    assert project.run(*IN_TEST, "-n", workers, *strict).ret == 0
    assert (anchors_of(project)["n"], anchors_of(project)["changed"]) == (20, 0)
    reword(project, [score - 0.5 for score in BEFORE])
    drift(project, 0.5)

    run = project.run(*IN_TEST, "-n", workers)

    assert run.ret == 10
    check = anchors_of(project)
    assert (check["n"], check["is_drift"], check["rejudged"]) == (20, True, 0)
    assert "the answers of main could not be judged again" in run.stdout.str()


def test_a_judge_without_anchors_is_not_known_to_be_the_same(project: Project) -> None:
    accepted_in_test(project, "llm_completion.text.upper()", "The answer is right.")
    reword(project, BEFORE)

    run = project.run(*IN_TEST)

    assert run.ret == 0
    reason = "a test has scored several texts, and the baseline holds one"
    assert (anchors_of(project)["n"], anchors_of(project)["error"]) == (0, reason)
    unknown = "hether the judge of rubric has changed since main is not known"
    run.stdout.fnmatch_lines([f"llm: OPEN: W{unknown}: {reason}*"])
    run = project.run(*IN_TEST, "--llm-strict")
    assert run.ret == 10
    run.stdout.fnmatch_lines([f"ERROR: regression against main: rubric: w{unknown}*"])


def test_a_judge_that_a_test_configures_itself_has_no_anchors(project: Project) -> None:
    own = [option for option in IN_TEST if option not in ("--llm-judge-model", "judge")]
    write(project, BEFORE)
    test = TWICE.format(text="llm_completion", criteria="The answer is polite.")
    marked = '@pytest.mark.llm_judge(model="judge")\ndef test_answers'
    project.write("test_answers.py", test.replace("def test_answers", marked))
    assert project.run(*own[:4]).ret == 0
    project.accept()
    reword(project, BEFORE)

    run = project.run(*own, "--llm-strict", "--llm-margin", "0.5")

    assert run.ret == 10
    assert "a test configures this judge itself" in run.stdout.str()
