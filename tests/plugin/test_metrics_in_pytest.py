"""Metrics without a judge, as a user bounds them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plugin.conftest import Project

WORKERS = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
EMBEDDED = ("--llm-model", "gpt-4", "--llm-embedding", "openai:text-embedding-3-small")


def score_of(project: Project, case: str, name: str) -> dict[str, Any]:
    results = project.report()["results"]
    return next(
        score
        for result in results
        if result["case"]["id"] == case
        for score in result["scores"]
        if score["name"] == name
    )


@WORKERS
def test_a_golden_file_bounds_metrics_of_every_kind(
    project: Project, workers: tuple[str, ...]
) -> None:
    project.write(
        "golden/mixed.csv",
        """\
        id,prompt,expected,threshold,contains_all
        sum,What is 600 + 400? [[answer=It is 1 000.]],"1,000",numeric>=1; length.words<=5,
        formula,Halve it. [[answer=So it is \\boxed{\\frac{1}{2}}]],0.5,math>=1,
        wrong,What is 600 + 400? [[answer=It is 999.]],"1,000",numeric>=1,
        wording,What is free? [[answer=shipping is free]],shipping is always free,rouge.1>=0.8; bleu>=30; chrf>=50; edit_distance<=0.5,
        words,Which colours? [[answer=red and blue]],,contains_all>=1,"red, blue"
        polite,How are you? [[answer=I am happy to help you today.]],,sentiment>=0.3; refusal<=0; language>=1; latency<=60,
        refused,Help me. [[answer=I'm sorry but I cannot help with that.]],,refusal<=0,
        short,Tell me about it please. [[answer=Yes]],,language>=1,
        """,
    )
    result = project.run("golden/mixed.csv", "--llm-model", "gpt-4", *workers)
    outcomes = project.outcomes()
    assert {name for name, outcome in outcomes.items() if outcome == "failed"} == {
        "wrong",
        "refused",
    }
    assert {name for name, outcome in outcomes.items() if outcome == "error"} == {"short"}
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert score_of(project, "wrong", "numeric")["reason"] == "999 is not 1,000"
    assert score_of(project, "polite", "refusal")["value"] == 0
    assert project.report()["results"][0].get("judge_model", "") == ""


def test_a_misspelt_metric_names_the_nearest(project: Project) -> None:
    result = project.run("golden/faq.csv", "--llm-model", "gpt-4", "--llm-threshold", "numerc>=1")
    result.stderr.fnmatch_lines(["*found 'numerc'; allowed: *. Did you mean 'numeric'?"])
    assert project.endpoint.count() == 0


@WORKERS
def test_an_embedding_is_asked_once_and_paid_once(
    project: Project, workers: tuple[str, ...]
) -> None:
    project.write(
        "golden/near.csv",
        """\
        id,prompt,expected
        same,Is it free? [[answer=yes it is free]],yes it is free
        near,Is it free now? [[answer=it is free]],yes it is free
        far,Is it really free? [[answer=ask the shop]],yes it is free
        """,
    )
    args = (
        "golden/near.csv",
        *EMBEDDED,
        "--llm-threshold",
        "similarity>=0.5",
        "--llm-threshold",
        "relevance>=-0.9",
    )
    project.run(*args, *workers)
    assert project.outcomes() == {"same": "passed", "near": "passed", "far": "failed"}
    assert score_of(project, "same", "similarity")["value"] == pytest.approx(1)
    texts = [request.text for request in project.endpoint.requests if request.kind == "embedding"]
    assert (
        len(texts) == len(set(texts)) == 6
    )  # three prompts, three answers, one of which is what was expected
    (call, other) = score_of(project, "far", "similarity")["calls"]  # noqa: RUF059
    assert (call["text"], call["model"]) == ("", "text-embedding-3-small")
    assert call["cost_usd"] == pytest.approx(0.02e-6 * call["usage"]["prompt_tokens"])
    sent = project.report()["run"]["traffic"]
    assert sent["calls"] == 3 + len(texts)
    assert sent["unpriced"] == 0
    paid = project.endpoint.count()
    project.run(*args, *workers)
    assert project.endpoint.count() == paid
    assert "far" in project.outcomes()


def test_embeddings_are_recorded_and_replayed_without_a_network(project: Project) -> None:
    args = ("golden/faq.csv", *EMBEDDED, "--llm-threshold", "similarity>=-0.9", "--llm-no-cache")
    project.run(*args, "--llm-record", "once")
    before, sent = project.scores("similarity"), project.endpoint.count()
    assert project.run(*args, "--llm-record", "none").ret == 0
    assert (project.scores("similarity"), project.endpoint.count()) == (before, sent)


def test_an_embedding_is_within_the_budget_and_in_the_dry_run(project: Project) -> None:
    bound = ("--llm-threshold", "similarity>=-0.9")
    dry = project.run("golden/faq.csv", *EMBEDDED, *bound, "--llm-dry-run")
    dry.stdout.fnmatch_lines(["*similarity*text-embedding-3-small*"])
    assert project.endpoint.count() == 0
    unknown = project.run(
        "golden/faq.csv",
        "--llm-model",
        "gpt-4",
        "--llm-embedding",
        "openai:mine",
        *bound,
        "--llm-budget",
        "1",
    )
    unknown.stderr.fnmatch_lines(["*the price of 'mine' is unknown*"])


def test_an_embedding_that_cannot_be_had_is_an_error_and_no_zero(project: Project) -> None:
    project.write("golden/one.csv", "id,prompt,expected\nbroken,Free?,[[fault=401]]\n")
    result = project.run("golden/one.csv", *EMBEDDED, "--llm-threshold", "similarity>=0.5")
    assert (result.ret, project.outcomes()) == (10, {"broken": "error"})


def test_a_local_model_embeds_beside_the_engine(project: Project) -> None:
    project.write(
        "golden/one.csv",
        "id,prompt,expected\nfree,Cost? [[answer=It costs nothing.]],It is free of charge.\n",
    )
    for name in ("minilm", "wordllama"):
        result = project.run(
            "golden/one.csv",
            "--llm-model",
            "gpt-4",
            "--llm-threshold",
            "similarity>=0.2",
            "--llm-embedding",
            name,
        )
        assert result.ret == 0
    assert project.endpoint.count("embedding") == 0


APP = """
import pytest

@pytest.fixture(scope="session")
def llm_provider():
    return lambda case: "She is terrible." if " she " in case.prompt else "He is great."
"""


@WORKERS
def test_bias_asks_whatever_answers_the_test_once_more(
    project: Project, workers: tuple[str, ...]
) -> None:
    project.write("conftest.py", APP)
    project.write(
        "golden/people.csv",
        "id,prompt\nhe,Is he a good leader?\nold,Is an old man a good leader?\nnobody,Is it free?\n",
    )
    project.write(
        "test_people.py",
        """\
        import pytest

        @pytest.mark.llm_golden("golden/people.csv")
        @pytest.mark.llm_metric("bias", max=0.5)
        def test_people(llm_completion):
            assert llm_completion.text == "He is great."
        """,
    )
    project.run("test_people.py", *workers)
    assert project.outcomes() == {"he": "failed", "old": "passed", "nobody": "passed"}
    bias = score_of(project, "he", "bias")
    assert bias["reason"] == "male/female (gender): 0.62 becomes -0.48"
    assert [call["text"] for call in bias["calls"]] == ["She is terrible."]
    assert set(score_of(project, "old", "bias")["parts"]) == {"male/female", "old/young"}
    assert project.report()["run"]["notes"] == []


def test_bias_of_a_model_goes_through_the_engine(project: Project) -> None:
    project.write("golden/people.csv", "id,prompt\nhe,Is he a good leader?\n")
    args = ("golden/people.csv", "--llm-model", "gpt-4", "--llm-threshold", "bias<=0.5")
    assert project.run(*args).ret == 0
    assert sorted(request.text for request in project.endpoint.requests) == [
        "Is he a good leader?", "Is she a good leader?",
    ]  # fmt: skip
    assert project.run(*args).ret == 0
    assert project.endpoint.count() == 2
    assert project.report()["run"]["notes"] == []


def test_bias_of_a_text_that_nobody_answered_is_an_error(project: Project) -> None:
    project.write(
        "test_text.py",
        """\
        import pytest

        @pytest.mark.llm_golden("golden/people.csv")
        def test_text(llm_case, llm_metric):
            assert llm_metric("bias", "He is great.") <= 0.5
        """,
    )
    project.write("golden/people.csv", "id,prompt\nhe,Is he a good leader?\n")
    assert project.run("test_text.py").ret == 10
    assert "no model is configured" in score_of(project, "he", "bias")["error"]


def test_text_quality_is_a_mapping_of_every_formula(project: Project) -> None:
    project.write(
        "test_quality.py",
        """\
        def test_quality(llm_text_quality):
            scores = llm_text_quality("The cat sat on the mat. It was warm outside.")
            assert scores["lexicon_count"] == 10
            assert scores["flesch_reading_ease"] > 80
            assert len(scores) > 40
        """,
    )
    assert project.run("test_quality.py").ret == 0


@WORKERS
def test_what_would_not_end_or_cannot_be_read_is_an_error_that_says_why(
    project: Project, workers: tuple[str, ...]
) -> None:
    project.write(
        "golden/hostile.jsonl",
        "\n".join(
            json.dumps(row)
            for row in (
                {
                    "id": "fine",
                    "expected": "42",
                    "ours": "It is **42**.",
                    "threshold": "numeric>=1",
                },
                {
                    "id": "pattern",
                    "expected": "^(a|aa)+$",
                    "ours": "a" * 60 + "!",
                    "threshold": "regex>=1",
                },
                {"id": "part", "expected": "1.5.2", "ours": "1.5.3", "threshold": "numeric>=1"},
            )
        ).replace('{"id"', '{"prompt": "What?", "id"'),
    )
    result = project.run("golden/hostile.jsonl", "--llm-provider", "column:ours", *workers)
    assert project.outcomes() == {
        "fine": "passed",
        "pattern": "error",
        "part": "error",
    }
    assert result.ret == 10
    result.stdout.fnmatch_lines_random([
        "*'^(a|aa)+$' found no end within 2 seconds in a text of 61 characters. Avoid *",
        "*the expected text: '1.5.2' is a version, not a number*",
    ])  # fmt: skip
