"""Kinds of judges where users name them: bounds, markers, fixtures, rows."""

from __future__ import annotations

import json

import pytest

from tests.mock_endpoint import MockEndpoint, Received, judged_texts
from tests.plugin.conftest import Project

JUDGE = ("--llm-model", "gpt-4", "--llm-judge-model", "claude-judge")


def run(project: Project, *more: str) -> pytest.RunResult:
    return project.run("golden/faq.csv", *JUDGE, *more)


def always(**members: object) -> str:
    return json.dumps({"reason": "as asked", **members})


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_a_kind_is_bounded_like_a_metric(project: Project, workers: tuple[str, ...]) -> None:
    project.endpoint.judge = lambda request: always(
        choice="D" if "shipping" in request.text else "C"
    )

    result = run(project, "--llm-threshold", "factuality>=0.6", *workers)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert project.outcomes() == {
        "refund-policy": "passed",
        "shipping": "failed",
        "opening": "passed",
    }
    assert project.scores("factuality") == {"refund-policy": 1.0, "shipping": 0.0, "opening": 1.0}


def test_a_marker_and_a_fixture_name_a_kind_with_its_parameters(project: Project) -> None:
    project.endpoint.judge = lambda request: (
        always(answer="yes") if "names a condition" in request.text else always(score=4)
    )
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'opening'")
        @pytest.mark.llm_metric("closed_qa", criteria="The answer names a condition.", min=1)
        def test_faq(llm_completion, llm_metric):
            assert llm_metric("geval", llm_completion, steps=["Look."]) == pytest.approx(3.9)  # 3 has a tenth
        """,
    )

    result = project.run("test_faq.py", *JUDGE)

    assert result.ret == pytest.ExitCode.OK
    assert {score["name"] for score in project.report()["results"][0]["scores"]} == {
        "closed_qa",
        "geval",
    }


def test_a_reply_that_cannot_be_read_is_an_error_and_never_a_pass(project: Project) -> None:
    project.endpoint.judge = lambda _: always(answer="perhaps")

    result = run(project, "--llm-threshold", "closed_qa>=0", "-p", "no:randomly")

    assert (
        result.ret == pytest.ExitCode.USAGE_ERROR
    )  # closed_qa needs a criterion: said before anything is sent
    assert project.endpoint.count() == 0

    result = run(project, "--llm-threshold", "factuality>=0")

    assert result.ret == 10
    assert project.scores("factuality") == {
        "refund-policy": None,
        "shipping": None,
        "opening": None,
    }


def test_an_unknown_kind_suggests_the_nearest_of_judges_and_metrics(project: Project) -> None:
    result = run(project, "--llm-threshold", "faithfulnes>=0.8")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*found 'faithfulnes'*Did you mean 'faithfulness'?*"])


def test_a_row_brings_a_criterion_of_its_own(project: Project) -> None:
    project.write(
        "golden/faq.csv",
        """\
        id,prompt,criteria
        polite,How long?,The answer is polite.
        usual,How much?,
        """,
    )

    run(project, "--min-score", "4", "--llm-judge-criteria", "The answer is short.")

    asked = {request.text for request in project.endpoint.requests if request.kind == "judge"}
    assert [
        ("polite" in text, "short" in text)
        for text in sorted(asked, key=lambda text: "short" in text)
    ] == [
        (True, False),
        (False, True),
    ]
    versions = {result["scores"][0]["version"] for result in project.report()["results"]}
    assert len(versions) == 2


def test_several_criteria_are_several_scores_and_calls(project: Project) -> None:
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.csv", where="id == 'opening'")
        @pytest.mark.llm_judge(criteria={"polite": "It is polite.", "brief": "It is brief."})
        @pytest.mark.llm_metric("rubric.polite", min=4)
        @pytest.mark.llm_metric("rubric.brief", min=4)
        def test_faq(llm_completion):
            pass
        """,
    )

    result = project.run("test_faq.py", *JUDGE)

    assert result.ret == pytest.ExitCode.OK
    assert project.endpoint.count("judge") == 2
    assert project.scores("rubric.brief") == {"opening": 5.0}


def test_an_unknown_criterion_is_refused_with_the_names(project: Project) -> None:
    criteria = ("--llm-judge-criteria", '{"polite": "It is.", "brief": "It is."}')

    result = run(project, "--llm-threshold", "rubric.polit>=4", *criteria)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "*found 'rubric.polit'; allowed: rubric, rubric.polite, rubric.brief. Did you mean 'rubric.polite'?*"
        ]
    )


def test_a_jury_asks_each_model_with_its_own_key(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMEVAL_JUDGE_API_KEY", "sk-judge")
    monkeypatch.setenv("LLMEVAL_JURY_API_KEY_2", "sk-second")
    scores = {"judge-a": 5, "judge-b": 3, "judge-c": 4}
    with MockEndpoint() as other:
        for endpoint in (project.endpoint, other):
            endpoint.judge = lambda request: always(score=scores[request.body["model"]])
        jurors = ("judge-a", f"judge-b@{other.url}", f"judge-c@{other.url}")

        result = run(
            project,
            "--llm-threshold",
            "jury>=4",
            *(part for juror in jurors for part in ("--llm-jury", juror)),
        )

        keys = {
            (request.body["model"], request.headers["authorization"])
            for endpoint in (project.endpoint, other)
            for request in endpoint.requests
            if request.kind == "judge"
        }
    assert result.ret == pytest.ExitCode.OK
    assert project.scores("jury") == dict.fromkeys(("refund-policy", "shipping", "opening"), 4.0)
    assert keys == {
        ("judge-a", "Bearer sk-judge"),
        ("judge-b", "Bearer sk-second"),
        ("judge-c", "Bearer unused"),  # the judge's key goes to no other host
    }


def prefers(text: str) -> object:
    def reply(request: Received) -> str:
        return always(winner="A" if text in judged_texts(request)["answer-a"] else "B")

    return reply


def test_an_answer_is_compared_with_a_column_a_run_and_a_model(project: Project) -> None:
    project.write("golden/faq.csv", "id,prompt,old\nopening,Open? [[answer=Always.]],Never.\n")
    project.endpoint.judge = prefers("Always.")  # type: ignore[assignment]
    bound = ("--llm-threshold", "pairwise>=0.5", "--llm-judge-against")

    compared = run(project, *bound, "column:old")
    assert compared.ret == pytest.ExitCode.OK
    compared.stdout.fnmatch_lines(
        ["*pairwise: the answer shown first gets 50.0% of the judge's preference over 1 pair *"]
    )
    assert project.scores("pairwise") == {"opening": 1.0}

    project.write("golden/faq.csv", "id,prompt,old\nopening,Open? [[answer=Perhaps.]],Never.\n")
    assert run(project, *bound, "run:latest").ret == pytest.ExitCode.TESTS_FAILED
    assert project.scores("pairwise") == {"opening": 0.0}

    assert run(project, *bound, "model:gpt-5").ret == pytest.ExitCode.OK
    assert project.scores("pairwise") == {"opening": 0.5}  # both say "Perhaps."
    assert {
        request.body["model"]
        for request in project.endpoint.requests
        if request.kind == "generation"
    } == {
        "gpt-4",
        "gpt-5",
    }

    assert run(project, *bound, "column:new").ret == pytest.ExitCode.USAGE_ERROR
    assert run(project, *bound, "golden/faq.csv").ret == pytest.ExitCode.USAGE_ERROR


def test_a_judge_of_the_same_family_is_warned_of(project: Project) -> None:
    warned = project.run(
        "golden/faq.csv",
        "--llm-model",
        "gpt-4",
        "--llm-judge-model",
        "openai/gpt-4o",
        "--min-score=1",
    )
    warned.stdout.fnmatch_lines(
        ["llm: warning: openai/gpt-4o judges gpt-4, a model of the same family (OpenAI): *"]
    )

    silent = run(project, "--min-score=1")
    silent.stdout.no_fnmatch_line("*same family*")
