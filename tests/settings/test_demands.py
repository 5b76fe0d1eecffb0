"""What settings require of a run, and names that are almost those of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmeval.settings.demands import demands_of, is_at_work, origin_of
from pytest_llmeval.settings.misspelling import misspelt_names
from pytest_llmeval.settings.project import section_keys, unread_keys
from pytest_llmeval.settings.resolve import resolve


def test_demands_of_this_command_bind_more_than_those_of_the_project() -> None:
    settings = resolve(
        {"threshold": ["toxicity<=0.2"]},
        {"LLMEVAL_STRICT": "1"},
        {"min_score": "4", "gate": ["pass_rate>=.9"], "fail_on": "case"},
    )
    demands = demands_of(settings)
    assert demands.here == ("LLMEVAL_STRICT", "--llm-threshold")
    assert demands.project == ("ini llm_gate",)
    assert demands.bounds == ("ini llm_min_score",)
    assert demands
    assert not demands_of(resolve({"model": "m"}, {}, {"golden": ["golden"]}))


def test_what_nobody_typed_belongs_to_the_project() -> None:
    settings = resolve({"strict": True, "min_score": "4", "html": ""}, {}, {})
    demands = demands_of(settings, typed={"min_score"})
    assert demands.here == ("--min-score",)
    assert demands.project == ("--llm-strict",)
    assert not is_at_work(settings, typed=())
    assert is_at_work(settings)


@pytest.mark.parametrize(
    ("command_line", "environment", "ini", "expected"),
    [
        ({}, {}, {"min_score": "4", "judge_model": "j"}, False),
        ({}, {"OPENAI_BASE_URL": "http://localhost"}, {"min_score": "4"}, False),
        ({}, {"LLMEVAL_STORE": "store.sqlite"}, {"min_score": "4"}, False),
        ({}, {"LLMEVAL_JUDGE_MODEL": "j"}, {"min_score": "4"}, True),
        ({}, {"LLMEVAL_MODEL": ""}, {"min_score": "4"}, True),
        ({"model": ""}, {}, {"min_score": "4"}, True),
        ({"summary": "s.md"}, {}, {"min_score": "4"}, True),
        ({}, {}, {"model": "m"}, True),
        ({}, {}, {"provider": "python:app:answer"}, True),
    ],
)
def test_a_project_is_at_rest_as_long_as_nobody_evaluates(
    command_line: dict[str, object],
    environment: dict[str, str],
    ini: dict[str, object],
    expected: bool,
) -> None:
    assert is_at_work(resolve(command_line, environment, ini)) is expected


def test_settings_without_a_value_are_known() -> None:
    settings = resolve({"gate": [""], "model": ""}, {"LLMEVAL_BASELINE": "", "LLMEVAL_LOG": ""}, {})
    assert settings.empty == ("--llm-model", "LLMEVAL_BASELINE", "--llm-gate")


def test_the_origin_of_a_setting_is_where_its_value_is_written() -> None:
    settings = resolve({"model": "m"}, {"LLMEVAL_LIMIT": "3"}, {"where": "x"})
    origins = [origin_of(settings, name) for name in ("model", "limit", "where")]
    assert origins == ["--llm-model", "LLMEVAL_LIMIT", "ini llm_where"]


def test_a_name_that_is_almost_that_of_a_setting_is_misspelt() -> None:
    names = (
        "LLMEVAL_MODLE",
        "LLMEVAL_MIN_SCOR",
        "LLMEVAL_API_KEY_2",
        "LLMEVAL_MODELS",
        "LLMEVAL_X",
    )
    keys = ("llm_gates", "llm_model", "llm_of_another_plugin", "addopts")
    misspelt = misspelt_names(names, keys)
    assert [(name.text.rpartition(" ")[2], name.is_demand) for name in misspelt] == [
        ("LLMEVAL_MODEL?", False),
        ("LLMEVAL_MIN_SCORE?", True),
        ("LLMEVAL_X", False),
        ("llm_gate?", True),
    ]


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        ("LLMEVAL_LLM_GATE LLM_EVAL_GATE LLMEVL_GATE LLMGATE LLM_GATE", "LLMEVAL_GATE?"),
        ("llmeval_strict PYTEST_LLMEVAL_STRICT LMEVAL_STRICT LLMEVAL-STRICT", "LLMEVAL_STRICT?"),
        ("LLM_MIN_SCORE LLMEVAL_SCORE", "LLMEVAL_MIN_SCORE?"),
        ("LLMEVAL_FAIL_UNDER", "LLMEVAL_FAIL_UNDER"),
        ("LLM_MODEL LLM_API_KEY LLM_GATEWAY_URL LM_STUDIO EVAL_MODEL LLVM_CONFIG LLAMA_CPP", ""),
        (
            "LLM_PASS LLM_SCORE LLM_ON LLM_FAIL LLM_MIN LM_GATE LM_PASS LMNT_SCORE LLMON LVL_GATE",
            "",
        ),
    ],
)
def test_variables_of_this_package_and_of_others(names: str, meant: str) -> None:
    hints = [name.text.rpartition(" ")[2] for name in misspelt_names(names.split(), ())]
    assert hints == ([meant] * len(names.split()) if meant else [])


def test_a_variable_that_may_be_of_another_program_demands_nothing() -> None:
    misspelt = misspelt_names(("LLM_GATE", "LLMGATE", "LLM_EVAL_GATE", "LLMEVAL_PASS"), ())
    assert [(name.is_ours, name.is_demand) for name in misspelt] == [
        (False, False), (False, False), (True, True), (True, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "meant"),
    [
        ("threshold llm-threshold LLM_THRESHOLD llmeval_threshold lm_threshold llmthreshold", "llm_threshold?"),
        ("min_score llm_min_scor llm_score", "llm_min_score?"),
        ("strict timeout log_level env model llm_of_another_plugin", ""),
    ],
)  # fmt: skip
def test_ini_keys_of_this_package_and_of_others(keys: str, meant: str) -> None:
    hints = [name.text.rpartition(" ")[2] for name in misspelt_names((), keys.split())]
    assert hints == ([meant] * len(keys.split()) if meant else [])


def test_keys_in_a_file_that_pytest_does_not_read_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    read, ignored = folder / "pytest.ini", folder / "pyproject.toml"
    read.write_text("[pytest]\n")
    ignored.write_text("[tool.pytest.ini_options]\nllm_min_score = '4'\n")
    above = tmp_path / "tox.ini"
    above.write_text("[pytest]\nllm_golden = golden\n")
    assert section_keys(ignored) == ("llm_min_score",)
    assert [text.split()[4] for text in unread_keys(folder, read)] == [str(ignored), str(above)]

    read.write_text("[pytest]\nllm_model = m\n")
    assert [text.split()[4] for text in unread_keys(folder, read)] == [str(ignored)]
