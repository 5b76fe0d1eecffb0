"""The end of a turn in an answer, made-up turns behind it, and texts about such tokens."""

from __future__ import annotations

import pytest

from pytest_llmeval.providers.reading import answer_in
from pytest_llmeval.providers.turns import Turn, end_of_turn


@pytest.mark.parametrize(
    "text",
    [
        "Paris<|im_end|>", "Paris\n<|im_end|>\n", "Paris</s>", "Paris<eos>", "<bos>Paris<eos>",
        "Paris<end_of_turn>\n", "Paris<|endoftext|>", "Paris<\uff5cend\u2581of\u2581sentence\uff5c>",
        "<|begin_of_text|>Paris<|eot_id|>", "Paris<|END_OF_TURN_TOKEN|>", "Paris<|return|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\nParis", "<|im_start|>assistant\nParis",
        "Paris<|im_end|><|endoftext|>", "Paris<|im_start|>",
    ],
)  # fmt: skip
def test_tokens_of_the_template_around_an_answer_are_taken_off(text: str) -> None:
    assert end_of_turn(text) == Turn("Paris")


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("Paris<|im_end|>\n<|im_start|>user\nNext?<|im_end|>", "<|im_end|>"),
        ("Paris<|endoftext|>Human: another", "<|endoftext|>"),
        ("Paris<|endoftext|>The fox jumps.", "<|endoftext|>"),
        ("Paris<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nNext?", "<|eot_id|>"),
        ("Paris<end_of_turn>\n<start_of_turn>user\nx", "<end_of_turn>"),
        ("Paris<|end|>\n<|user|>\nx", "<|end|>"),
        ("Paris</s><s>[INST] x [/INST]", "</s>"),
        ("Paris</s>\n### Instruction: x", "</s>"),
        ("Paris<eos>\n\nUser: x", "<eos>"),
        ("Paris<|im_start|>user\nNext", "<|im_start|>"),
        ("Paris<|user|>\nNext", "<|user|>"),
        ("Paris[INST] next [/INST]", "[INST]"), ("Paris[INST] Next?", "[INST]"),
        ("Paris<|user|>What now?", "<|user|>"), ("Paris<|user|>and now?<|assistant|>", "<|user|>"),
        ("Paris<\uff5cend\u2581of\u2581sentence\uff5c><\uff5cUser\uff5c>x", "<\uff5cend\u2581of\u2581sentence\uff5c>"),
    ],
)  # fmt: skip
def test_turns_that_the_model_made_up_are_cut_and_their_token_named(text: str, token: str) -> None:
    assert end_of_turn(text) == Turn("Paris", token)
    assert answer_in(f"<think>a</think>{text}") == ("Paris", token, True)


@pytest.mark.parametrize(
    "text",
    [
        "Paris", "  Paris\n", "", "a < b | c > d",
        "The turn ends with <|im_end|>", "The token that ends a turn is:\n<|im_end|>",
        "Use `Paris<|im_end|>` there.", 'It ends in "</s>"', 'A string: "Paris<|im_end|>\\n"',
        "```\nParis<|im_end|>\n<|im_start|>user\nx\n```",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHo<|im_end|>",
        "<s>old price</s> new", "<p>Was <s>5</s> 4</p>", "<s>Paris</s>", "a<|endoftext|>b",
        "Documents are joined by a separator: a<|endoftext|>B",
        "He said that <eos> marks it.", "<bos> is a token.", "<|im_end|>",
        "Paris\n\nUser: Next?", "#!/bin/sh\ncat <<EOF\nx\nEOF", "[INST] Hi [/INST] Hello.",
        "List<s> x;", "Was <s>5</s> 4", "cat,<s>5</s>", "x,Hi,[INST] Hi [/INST] Hello.",
        "The chat:\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>",
        "Mistral prompt: <s>[INST] Hi [/INST] Hello</s>", "print('hello</s>')",
        "See footnote[INST] of 2020 for details.", "Call it<|user|>name",
        "Write it<|system|> or so.", "Call it<|user|>name or <|assistant|>name",
        "vector<eos>v; return v;", "let y = a<|end|>b", "**Paris</s>**",
    ],
)  # fmt: skip
def test_a_text_about_tokens_stays_whole(text: str) -> None:
    assert end_of_turn(text) == Turn(text)


@pytest.mark.parametrize("text", ["a<|im_end|>", "`<|im_end|>", "<s>", "x </s>", "<bos>", "\n"])
def test_endless_repetition_is_read(text: str) -> None:
    end_of_turn(text * 50_000)
