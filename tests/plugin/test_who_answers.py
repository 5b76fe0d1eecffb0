"""Providers through the public surface, and which of several wins."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

APP = """
import asyncio
from pytest_llmeval import Completion

def sync(case):
    return f"sync {case.id}"

async def asynchronous(case):
    await asyncio.sleep(0)
    return Completion(f"async {case.id}", contexts=("passage",))

def broken(case):
    raise RuntimeError("out of order")

def wrong(case):
    return 7
"""


@pytest.fixture
def app(project: Project) -> Project:
    project.write("app.py", APP)
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")
    return project


def answers(project: Project) -> dict[str, str]:
    return {
        result["case"]["id"]: result["completion"]["text"] for result in project.report()["results"]
    }


@pytest.mark.parametrize("name", ["sync", "asynchronous"])
@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["n0", "n2"])
def test_a_python_callable_answers(app: Project, name: str, workers: list[str]) -> None:
    app.run("golden/faq.csv", "--llm-provider", f"python:app:{name}", *workers).assert_outcomes(
        passed=3
    )

    assert answers(app)["opening"] == f"{name.removesuffix('hronous')} opening"
    assert app.endpoint.count() == 0


@pytest.mark.parametrize(
    ("name", "said"), [("broken", "*RuntimeError: out of order*"), ("wrong", "*int*str*")]
)
def test_a_callable_that_gives_no_answer_is_an_error(app: Project, name: str, said: str) -> None:
    run = app.run("golden/faq.csv::opening", "--llm-provider", f"python:app:{name}")

    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines([said])


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("python:app:synk", "*Did you mean 'sync'?*"),
        ("python:nowhere:f", "*nowhere*"),
        ("opanai", "*Did you mean 'openai'?*"),
        ("local:/no/such.gguf", "*/no/such.gguf*"),
    ],
)
def test_a_wrong_provider_is_a_clear_error(app: Project, spec: str, said: str) -> None:
    run = app.run("golden/faq.csv", "--llm-provider", spec)

    assert run.ret != 0
    pytest.LineMatcher((run.stdout.str() + run.stderr.str()).splitlines()).fnmatch_lines([said])
    assert "Traceback" not in run.stdout.str() + run.stderr.str()


def test_the_answer_can_stand_in_the_golden_file(project: Project) -> None:
    project.write(
        "golden/goldens.json",
        '[{"input": "Capital of France?", "expected_output": "Paris", "actual_output": "It is Paris."}]',
    )
    run = project.run(
        "golden/goldens.json",
        "--llm-provider",
        "column:actual_output",
        "--llm-threshold",
        "contains>=1",
    )

    run.assert_outcomes(passed=1)
    assert list(answers(project).values()) == ["It is Paris."]
    assert project.endpoint.count() == 0


def test_an_overridden_fixture_answers_in_place_of_the_model(app: Project) -> None:
    app.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture
        def llm_provider():
            return lambda case: f"mine {case.id}"
        """,
    )
    app.run("golden/faq.csv", "--llm-model", "mock").assert_outcomes(passed=3)
    assert answers(app)["opening"] == "mine opening"

    app.run("golden/faq.csv", "--llm-provider", "python:app:sync").assert_outcomes(passed=3)
    assert answers(app)["opening"] == "sync opening"


def test_a_scripted_provider_makes_a_test_without_any_model(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import pytest
        from pytest_llmeval import ScriptedProvider

        @pytest.fixture
        def llm_provider():
            return ScriptedProvider({"How long can I return a bike?": "30 days"}, default="no idea")
        """,
    )
    project.run("golden/faq.csv").assert_outcomes(passed=3)

    assert answers(project) == {
        "refund-policy": "30 days",
        "shipping": "no idea",
        "opening": "no idea",
    }


def test_a_fixture_that_cannot_answer_is_a_clear_error(project: Project) -> None:
    project.write(
        "conftest.py", "import pytest\n\n@pytest.fixture\ndef llm_provider():\n    return 42\n"
    )

    run = project.run("golden/faq.csv::opening")

    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["llm_provider: found 'int'; allowed: a function (case)*"])


def test_a_template_and_a_system_prompt_make_the_prompt(project: Project) -> None:
    project.write("golden/rag.csv", "id,prompt,context,tone\none,Why?,Because.,kind\n")
    project.write("prompt.jinja", "Be {{ tone }}.\n{{ contexts[0] }}\n{{ prompt }}")

    project.run(
        "golden/rag.csv",
        "--llm-model",
        "mock",
        "--llm-template",
        "file:prompt.jinja",
        "--llm-system-prompt",
        "Be brief.",
    ).assert_outcomes(passed=1)

    assert project.endpoint.requests[0].body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Be kind.\nBecause.\nWhy?"},
    ]


def test_a_template_with_an_unknown_name_is_an_error_that_lists_the_known_ones(
    project: Project,
) -> None:
    run = project.run(
        "golden/faq.csv::opening", "--llm-model", "mock", "--llm-template", "{{ promt }}"
    )

    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["*promt*prompt*"])
    assert project.endpoint.count() == 0


def test_every_sampling_parameter_reaches_the_endpoint(project: Project) -> None:
    project.run(
        "golden/faq.csv::opening", "--llm-model", "mock", "--llm-temperature", "0.5", "--llm-top-p", "0.9",
        "--llm-max-tokens", "50", "--llm-stop", "A", "--llm-stop", "B", "--llm-seed", "3", "--llm-frequency-penalty",
        "0.1", "--llm-presence-penalty", "-0.2", "--llm-n", "2", "--llm-extra-body", '{"top_k": 4}',
    ).assert_outcomes(passed=1)  # fmt: skip

    body = project.endpoint.requests[0].body
    assert body.pop("messages")
    assert body == {
        "model": "mock", "temperature": 0.5, "top_p": 0.9, "max_tokens": 50, "stop": ["A", "B"], "seed": 3,
        "frequency_penalty": 0.1, "presence_penalty": -0.2, "n": 2, "top_k": 4,
    }  # fmt: skip
    assert len(project.report()["results"][0]["completion"]["choices"]) == 2


def test_a_chat_is_sent_with_its_roles(project: Project) -> None:
    project.write(
        "golden/chat.jsonl",
        '{"id": "c", "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"},'
        ' {"role": "user", "content": "And now?"}]}\n',
    )
    project.run("golden/chat.jsonl", "--llm-model", "mock").assert_outcomes(passed=1)

    assert [message["role"] for message in project.endpoint.requests[0].body["messages"]] == [
        "user", "assistant", "user",
    ]  # fmt: skip


def test_the_answer_is_extracted_from_the_reply(project: Project) -> None:
    project.write("app.py", "def answer(case):\n    return '[INST] Hi [/INST] Hello.'\n")
    project.write("golden/inst.csv", "id,prompt,expected\none,Hi,Hello.\n")

    project.run(
        "golden/inst.csv", "--llm-provider", "python:app:answer", "--llm-answer-pattern", r".*\[/INST\](.*)",
        "--llm-threshold", "exact_match>=1",
    ).assert_outcomes(passed=1)  # fmt: skip

    completion = project.report()["results"][0]["completion"]
    assert (completion["text"], completion["raw_text"]) == ("Hello.", "[INST] Hi [/INST] Hello.")


def test_a_reply_without_the_pattern_is_an_error(project: Project) -> None:
    run = project.run(
        "golden/faq.csv::opening", "--llm-model", "mock", "--llm-answer-pattern", r"Final: (\d+)"
    )

    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["*--llm-answer-pattern*does not match the reply 'Answer*"])


@pytest.mark.parametrize(
    ("option", "value"),
    [("--llm-read-timeout", "0.2"), ("--llm-timeout", "0.2")],
    ids=["read", "total"],
)
def test_a_hanging_endpoint_is_an_error_that_names_the_option(
    project: Project, option: str, value: str
) -> None:
    project.write("golden/hang.csv", "id,prompt\none,Hi [[answer_fault=hang]]\n")

    run = project.run("golden/hang.csv", "--llm-model", "mock", option, value, "--llm-retries", "0")

    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines([f"*{option}*"])


def test_the_judge_may_have_its_own_endpoint_and_key(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMEVAL_API_KEY", "sk-model-1234567890")
    monkeypatch.setenv("LLMEVAL_JUDGE_API_KEY", "sk-judge-0987654321")

    project.run(
        "golden/faq.csv::opening", "--llm-model", "mock", "--llm-judge-model", "strict", "--llm-judge-base-url",
        project.endpoint.url + "/", "--min-score", "4",
    ).assert_outcomes(passed=1)  # fmt: skip

    assert {
        request.kind: request.headers["authorization"] for request in project.endpoint.requests
    } == {
        "generation": "Bearer sk-model-1234567890",
        "judge": "Bearer sk-judge-0987654321",
    }
    assert project.report()["results"][0]["judge_model"] == "strict"


def test_toxicity_can_be_asked_of_the_judge(project: Project) -> None:
    run = project.run(
        "golden/faq.csv",
        "--llm-model",
        "mock",
        "--llm-toxicity",
        "judge",
        "--llm-threshold",
        "toxicity<=0.2",
    )
    run.assert_outcomes(passed=3)

    assert all(
        value == pytest.approx(0.1, abs=0.01) for value in project.scores("toxicity").values()
    )


def test_a_function_is_not_said_to_have_been_given_a_prompt(app: Project) -> None:
    run = app.run(
        "golden/faq.csv::opening", "--llm-provider", "python:app:sync", "--llm-temperature", "0.5"
    )

    run.stdout.fnmatch_lines(
        ["llm: warning: python:app:sync is an application: it may ignore --llm-temperature."]
    )
    assert app.report()["results"][0]["request"]["parameters"]["temperature"] is None


def test_a_missing_key_is_one_usage_error_before_anything_is_sent(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")

    run = project.run("golden/faq.csv", "--llm-model", "gpt-4")

    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines(
        ["ERROR: golden/faq.csv::refund-policy: --llm-model: found no API key*"]
    )
    assert project.run("golden/faq.csv", "--llm-model", "gpt-4", "--collect-only").ret == 0

    # Where only the judge lacks it, the error names what needs the judge.
    project.write("pytest.ini", "[pytest]\nllm_min_score = 4\nllm_judge_model = gpt-4\n")
    run = project.run("golden/faq.csv", "--llm-provider", "column:expected")
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    said = run.stderr.str()
    assert "ini llm_judge_model: found no API key" in said
    assert said.rstrip().endswith("rubric >= 4 (ini llm_min_score) needs the judge.")


def test_input_files_are_found_from_the_current_folder_and_from_the_root(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("pytest.ini", "[pytest]\nllm_template = file:prompts/short.jinja\n")
    project.write("prompts/short.jinja", "Briefly: {{ prompt }}")
    (project.path / "sub").mkdir()
    monkeypatch.chdir(project.path / "sub")

    project.run("../golden/faq.csv::opening", "--llm-model", "mock").assert_outcomes(passed=1)

    assert project.endpoint.requests[0].text.startswith("Briefly: When are you open?")


def test_a_broken_rubric_file_is_a_usage_error_before_anything_is_sent(project: Project) -> None:
    project.write("rubric.json", '{"criteria": "Be kind."}')

    run = project.run(
        "golden/faq.csv",
        "--llm-model",
        "mock",
        "--min-score",
        "4",
        "--llm-judge-rubric",
        "rubric.json",
    )

    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines(["ERROR: *rubric.json*anchors*"])
    assert project.endpoint.count() == 0
