"""Ids: readable, stable, fit for a node id."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.goldens.ids import HASH_LENGTH, SLUG_LENGTH, made_id
from tests.goldens.conftest import GoldenFolder


def test_an_id_is_made_of_the_prompt_and_a_hash(folder: GoldenFolder) -> None:
    (case,) = folder.read("faq.csv", "prompt\nHow do I get my money back?\n")

    assert case.id == "how-do-i-get-my-money-back-edff0321"


def test_letters_of_every_script_are_kept() -> None:
    assert made_id("환불은 어떻게 받나요?", ()).startswith("환불은-어떻게-받나요-")
    assert made_id("नमस्ते दुनिया", ()).startswith("नमस्ते-दुनिया-")
    assert made_id("\u00fcber", ()).startswith("\u00fcber-")
    assert made_id("u\u0308ber", ()).startswith("\u00fcber-")


def test_a_prompt_without_letters_is_still_named() -> None:
    assert made_id("🙂!", ()).startswith("case-")


def test_the_chat_is_part_of_the_hash(folder: GoldenFolder) -> None:
    first, second = folder.read_rows(
        {"messages": [{"role": "user", "content": "Why?"}]},
        {"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "Why?"}]},
    )

    assert first.id != second.id
    assert first.id.startswith("why-")
    assert second.id.startswith("why-")


@given(st.text())
def test_a_made_id_fits_a_node_id(prompt: str) -> None:
    name = made_id(prompt, ())

    assert len(name) <= SLUG_LENGTH + 1 + HASH_LENGTH
    assert name == made_id(prompt, ())
    assert "::" not in name
    assert not any(char.isspace() for char in name)
    assert name.encode("utf-8")
