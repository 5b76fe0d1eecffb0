"""Rows as other tools write them: OpenAI chats, openai/evals, inspect, deepeval."""

from __future__ import annotations

import json

import pytest

from tests.goldens.conftest import GoldenFolder

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "Capital of France?"}
ANSWER = {"role": "assistant", "content": "Paris"}


@pytest.mark.parametrize("as_text", [False, True], ids=["list", "text"])
def test_messages_are_a_chat_and_the_prompt_is_the_last_of_the_user(
    folder: GoldenFolder, as_text: bool
) -> None:
    chat = [SYSTEM, USER, ANSWER, {"role": "user", "content": "And of Spain?"}]
    (case,) = folder.read_rows(
        {"messages": json.dumps(chat) if as_text else chat, "expected": "Madrid"}
    )

    assert case.messages == tuple(chat)
    assert (case.prompt, case.expected) == ("And of Spain?", "Madrid")


def test_a_closing_assistant_message_is_the_expected_answer_and_is_not_sent(
    folder: GoldenFolder,
) -> None:
    (case,) = folder.read_rows({"messages": [SYSTEM, USER, ANSWER]})

    assert (case.messages, case.expected) == ((SYSTEM, USER), "Paris")


def test_a_closing_assistant_message_is_sent_where_the_row_has_an_expected_answer(
    folder: GoldenFolder,
) -> None:
    (case,) = folder.read_rows({"messages": [USER, ANSWER], "expected": "Paris, France"})

    assert (case.messages, case.expected) == ((USER, ANSWER), "Paris, France")


def test_a_closing_tool_call_is_no_answer(folder: GoldenFolder) -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    (case,) = folder.read_rows({"messages": [USER, call]})

    assert (case.messages, case.expected) == ((USER, call), None)


def test_content_may_be_a_list_of_parts(folder: GoldenFolder) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    parts = [{"type": "text", "text": "What is"}, image, {"type": "text", "text": "this?"}]
    (case,) = folder.read_rows({"messages": [{"role": "user", "content": parts}]})

    assert case.prompt == "What is\nthis?"
    assert case.messages[0]["content"] == parts


def test_beside_messages_a_prompt_is_only_metadata(folder: GoldenFolder) -> None:
    (case,) = folder.read_rows({"messages": [USER], "prompt": "topic"})

    assert (case.prompt, case.metadata) == ("Capital of France?", {"prompt": "topic"})


def test_openai_evals_rows(folder: GoldenFolder) -> None:
    one, several = folder.read_rows(
        {"input": [SYSTEM, USER], "ideal": "Paris"},
        {"input": [{**USER, "content": "Colour of the sky?"}], "ideal": ["blue", "azure"]},
    )

    assert (one.messages, one.prompt, one.expected, one.metadata) == (
        (SYSTEM, USER),
        USER["content"],
        "Paris",
        {},
    )
    assert (several.expected, several.metadata) == ("blue", {"ideal": ["blue", "azure"]})


def test_inspect_samples(folder: GoldenFolder) -> None:
    text, chat = folder.read_rows(
        {
            "id": 1,
            "input": "2 + 2?",
            "choices": ["3", "4"],
            "target": "B",
            "metadata": {"level": "easy"},
        },
        {"id": "two", "input": [USER], "target": ["Paris", "Lutetia"]},
    )

    assert (text.id, text.prompt, text.expected) == ("1", "2 + 2?", "B")
    assert text.metadata == {"choices": ["3", "4"], "level": "easy"}
    assert (chat.id, chat.messages, chat.expected) == ("two", (USER,), "Paris")
    assert chat.metadata == {"ideal": ["Paris", "Lutetia"]}


def test_nested_metadata_never_hides_a_column(folder: GoldenFolder) -> None:
    (case,) = folder.read_rows({"input": "A?", "level": 1, "metadata": {"level": 2}})

    assert case.metadata == {"level": 1, "metadata": {"level": 2}}


def test_deepeval_goldens(folder: GoldenFolder) -> None:
    golden = {
        "input": "How long is the warranty?",
        "actual_output": "Two years.",
        "expected_output": "24 months",
        "context": None,
        "retrieval_context": ["Warranty: 24 months."],
        "additional_metadata": None,
    }
    (case,) = folder.read("goldens.json", json.dumps([golden], indent=4))

    assert (case.prompt, case.expected) == ("How long is the warranty?", "24 months")
    assert (case.contexts, case.metadata) == (
        ("Warranty: 24 months.",),
        {"actual_output": "Two years."},
    )
