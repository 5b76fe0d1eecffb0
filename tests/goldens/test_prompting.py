"""What is sent for a case."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmeval.errors import SettingError
from pytest_llmeval.goldens.prompting import messages_for
from pytest_llmeval.records.case import Case, Message, Source

SOURCE = Source("golden/faq.csv", 3)
CASE = Case(
    "a",
    "Why <b>?",
    SOURCE,
    contexts=("one", "two"),
    metadata={"product": "lamp", "prompt": "hidden"},
)
USER = {"role": "user", "content": "Why <b>?"}


def chat(*messages: Message) -> Case:
    return Case("a", "Why?", SOURCE, messages=messages)


def test_a_prompt_is_one_message_of_the_user() -> None:
    assert messages_for(CASE, None, None) == (USER,)


def test_the_system_prompt_comes_first() -> None:
    assert messages_for(CASE, "Be brief.", None) == (
        {"role": "system", "content": "Be brief."},
        USER,
    )


@pytest.mark.parametrize("role", ["system", "developer"])
def test_the_system_message_of_the_chat_wins(role: str) -> None:
    own = {"role": role, "content": "Be long."}

    assert messages_for(chat(own, USER), "Be brief.", None) == (own, USER)


@pytest.mark.parametrize(
    ("template", "content"),
    [
        ("Q: {{ prompt }}", "Q: Why <b>?"),
        ('{{ contexts | join("\\n") }}', "one\ntwo"),
        ("{{ product }}/{{ metadata.product }}/{{ id }}", "lamp/lamp/a"),
        ("{% if expected %}{{ expected }}{% else %}none{% endif %}", "none"),
        ("{{ metadata.colour | default('any') }}", "any"),
    ],
)
def test_a_template_is_rendered_over_the_case(template: str, content: str) -> None:
    assert messages_for(CASE, None, template) == ({"role": "user", "content": content},)


def test_a_template_replaces_the_last_message_of_the_user() -> None:
    first, answer = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}

    sent = messages_for(
        chat(first, answer, {"role": "user", "content": "Why?"}, answer), None, "Q: {{ prompt }}"
    )

    assert sent == (first, answer, {"role": "user", "content": "Q: Why?"}, answer)


def test_a_template_keeps_the_images_of_the_message() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    sent = messages_for(
        chat({"role": "user", "content": [{"type": "text", "text": "Why?"}, image]}), None, "Q"
    )

    assert sent == ({"role": "user", "content": [{"type": "text", "text": "Q"}, image]},)


def test_a_template_can_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "prompt.j2"
    path.write_text("Grüße: {{ prompt }}\n", "utf-8")

    assert messages_for(CASE, None, f"file:{path}")[0]["content"] == "Grüße: Why <b>?"


def test_an_unknown_name_is_an_error_with_the_case_and_the_names_there_are() -> None:
    with pytest.raises(SettingError) as caught:
        messages_for(CASE, None, "Q: {{ promt }}")

    assert str(caught.value) == (
        "--llm-template: found 'Q: {{ promt }}'; allowed: the names id, prompt, messages, expected, contexts, tags, "
        "file, must_pass, metadata, product. At golden/faq.csv:3: 'promt' is undefined. Did you mean 'prompt'?"
    )


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ metadata.produkt }}", "has no attribute 'produkt'. Did you mean 'product'?"),
        ("{{ expected }}", "an absent value would be printed as None"),
        ("{% for", "Line 1: unexpected 'end of template'"),
        ("{{ prompt | nothing }}", "No filter named 'nothing'"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ prompt + 1 }}", "can only concatenate str"),
        ("{{ prompt.__class__.__mro__ }}", "unsafe"),
        ("file:missing.j2", "No such file"),
    ],
)
def test_a_template_that_cannot_be_used_says_why(template: str, reason: str) -> None:
    with pytest.raises(SettingError, match=r"^--llm-template: found ") as caught:
        messages_for(CASE, None, template)

    assert reason in str(caught.value)
