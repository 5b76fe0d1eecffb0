from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.judges.prompting import block_code, chat, defused, marked, prompt_file, render

TEXTS = st.lists(st.text(), min_size=1, max_size=4)
HEX_TEXTS = st.lists(st.text("0123456789abcdef", max_size=60), min_size=1, max_size=4)


@given(TEXTS)
def test_no_text_contains_the_code_of_its_block_and_the_same_texts_give_the_same_code(
    texts: list[str],
) -> None:
    code = block_code(texts)
    assert re.fullmatch("[0-9a-f]{16,64}", code)
    assert not any(code in text for text in texts)
    assert block_code(texts) == code


@given(HEX_TEXTS)
def test_a_code_that_a_text_contains_is_made_longer(texts: list[str]) -> None:
    code = block_code(texts, shortest=1)
    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
    assert digest.startswith(code)
    assert not any(code in text for text in texts)
    assert len(code) == 1 or any(code[:-1] in text for text in texts)


def test_other_texts_get_another_code_even_if_they_are_the_same_when_joined() -> None:
    codes = {
        block_code(texts) for texts in (["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"])
    }
    assert len(codes) == 5


@given(st.text(), st.text())
def test_whatever_an_answer_says_stays_inside_its_block(expected: str, answer: str) -> None:
    code = block_code([expected, answer])
    prompt = render(
        "rubric_user.jinja",
        code=code,
        chat=[],
        question="Q",
        expected=expected,
        answer=answer,
        rates=False,
    )
    assert prompt.count(f"<answer-{code}>\n{marked(defused(answer))}\n</answer-{code}>") == 1
    assert prompt.count(f"<expected-{code}>\n{defused(expected)}\n</expected-{code}>") == 1
    assert prompt.count(code) == 6


@given(st.text())
def test_every_line_of_an_answer_is_marked(text: str) -> None:
    lines = marked(text).split("\n")
    assert all(line.startswith("| ") for line in lines)
    assert "".join(line[2:] for line in lines) == "".join(text.splitlines())


def test_a_template_in_a_text_is_not_rendered() -> None:
    prompt = render("toxicity_text.jinja", code="c", text="{{ 6 * 7 }} {% if x %} <b>&amp;")
    assert "{{ 6 * 7 }} {% if x %} <b>&amp;" in prompt


def test_a_chat_is_shown_with_its_roles_and_without_what_a_judge_cannot_see() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    assert chat(
        (
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "user", "content": None},
        )
    ) == [
        ("system", "Be brief."),
        ("user", "What is this?\n[image_url]"),
        ("assistant", json.dumps({"tool_calls": [call]}, sort_keys=True)),
        ("user", ""),
    ]


FOLDER = files("pytest_llmeval.judges") / "prompts"
TEMPLATES = sorted(file.name for file in FOLDER.iterdir() if file.name.endswith((".jinja", ".txt")))
RUBRICS = (
    "default_rubric.json",
    "any_criterion.json",
    "toxicity_examples.json",
    "bias_examples.json",
    "selftest.json",
)
MODEL_NAMES = (
    r"gpt|openai|claude|anthropic|gemini|gemma|llama|mistral|qwen|deepseek|\bphi\b|grok|chatbot"
)


@pytest.mark.parametrize("name", [*TEMPLATES, *RUBRICS])
def test_no_prompt_names_a_model(name: str) -> None:
    assert not re.search(MODEL_NAMES, prompt_file(name), re.IGNORECASE)


@pytest.mark.parametrize("name", RUBRICS)
def test_prompt_data_says_where_it_is_from(name: str) -> None:
    assert json.loads(prompt_file(name))["source"]
