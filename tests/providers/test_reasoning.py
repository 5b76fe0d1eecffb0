"""The reasoning before an answer, in the spellings of each model, and texts about such tags."""

from __future__ import annotations

import pytest

from pytest_llmeval.providers.reasoning import (
    Thought,
    says_something,
    split_reasoning,
    without_controls,
)
from pytest_llmeval.text import is_blank

ANALYSIS = "<|channel|>analysis<|message|>Paris or Rome?"
FINAL = "<|end|><|start|>assistant<|channel|>final<|message|>"


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>a</think><think>b</think>Paris", "a\nb", "Paris"),
        ("<thought>a</thought>\n<think>b</think>\n\nParis", "a\nb", "Paris"),
        ("<think>a</think>b</think>Paris", "a\nb", "Paris"),
        ("\ufeff<think>a</think>Paris", "a", "Paris"),
        ("\u200b <think>a</think>\u200b\nParis", "a", "Paris"),
        ("Okay.\n<think>a</think>Paris", "a", "Paris"),
        ("<|im_start|>assistant\n<think>a</think>Paris", "a", "Paris"),
        ("<think >a</think >Paris", "a", "Paris"),
        ('<thinking duration="3">a</thinking>Paris', "a", "Paris"),
        ("a</think>Paris", "a", "Paris"),
        ("a</thinking>\nParis", "a", "Paris"),
        ("So it is Paris. </think> Paris", "So it is Paris.", "Paris"),
        ("所以是巴黎。</think>巴黎", "所以是巴黎。", "巴黎"),
        ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>Paris<|END_RESPONSE|>", "a", "Paris"),
        ("<|begin_of_thought|>a<|end_of_thought|>\n<|begin_of_solution|>Paris<|end_of_solution|>", "a", "Paris"),
        ("<unused94>thought\na<unused95>Paris", "a", "Paris"),
        ("<|channel>thought\na<channel|>Paris", "a", "Paris"),
        ("<reasoning>a</reasoning>Paris", "a", "Paris"),
        ("<think>a</think><answer>Paris</answer>", "a", "<answer>Paris</answer>"),
        ("<think>and so it is</think>Paris", "and so it is", "Paris"),
        ('<details type="reasoning" done="true"><summary>a</summary></details>\nParis', "<summary>a</summary>", "Paris"),
        ("analysisWe need to say Paris.", "We need to say Paris.", ""),
        ("<think>a", "a", ""),
        (ANALYSIS, "Paris or Rome?", ""),
        (f"{ANALYSIS}{FINAL}Paris", "Paris or Rome?", "Paris"),
        (f"<|start|>assistant{ANALYSIS}{FINAL}Paris<|return|>", "Paris or Rome?", "Paris"),
        (f"Paris or Rome?{FINAL}Paris", "Paris or Rome?", "Paris"),
        ('<|channel|>final <|constrain|>json<|message|>{"a": 1}<|return|>', "", '{"a": 1}'),
        ("analysisParis or Rome?assistantfinalParis", "Paris or Rome?", "Paris"),
        ("<longcat_think>a</longcat_think>Paris", "a", "Paris"),
        ("<longcat_think>a", "a", ""),
        ("<think_fast>a</think_fast>Paris", "a", "Paris"),
        ("<think_never_used_51bce0c785ca2f68081bfa7d91973934>a</think_never_used_51bce0c785ca2f68081bfa7d91973934>Paris",
         "a", "Paris"),
        ("<think:high>a</think:high>Paris", "a", "Paris"),
        ("<thought_process>a</thought_process>\nParis", "a", "Paris"),
        ("<inner_monologue>a</inner_monologue>Paris", "a", "Paris"),
        ("<scratchpad>a</scratchpad>Paris", "a", "Paris"),
        ("<scratchpad>a", "a", ""),
        ("<cot>a</cot>Paris", "a", "Paris"),
        ("<chain_of_thought>a</chain_of_thought>Paris", "a", "Paris"),
        ("<|begin_thinking|>a<|end_thinking|>Paris", "a", "Paris"),
        ("&lt;think&gt;a&lt;/think&gt;Paris", "a", "Paris"),
        ("\uff1cthink\uff1ea\uff1c/think\uff1eParis", "a", "Paris"),
        ("<ctrl94>thought\na<ctrl95>Paris", "a", "Paris"),
        ("<ctrl94>thought\na", "a", ""),
        ("[REASONING]a[/REASONING]Paris", "a", "Paris"),
        ('<details type="reasoning" done="false">a', "a", ""),
        ('<details open type="reasoning">a</details>Paris', "a", "Paris"),
        ("<|im_start|>think\na<|im_end|>\n<|im_start|>assistant\nParis", "a", "Paris"),
        ("<|im_start|>think\na<|im_end|>", "a", ""),
        ("Thinking...\na\n...done thinking.\n\nParis", "a", "Paris"),
        ("Paris\n<think>\na\n</think>", "a", "Paris"),
        ("Paris\n\n<thinking>\na", "a", "Paris"),
        ("<think>a</think>Paris\n<think>\nb\n</think>\n", "a\nb", "Paris"),
    ],
)  # fmt: skip
def test_reasoning_before_an_answer_is_taken_off(text: str, reasoning: str, answer: str) -> None:
    assert split_reasoning(text) == Thought(reasoning, answer)


@pytest.mark.parametrize(
    "text",
    [
        "`</think>` ends a block.",
        "Close it with </think>.",
        "推理以</think>结束。",
        "블록은 </think>로 끝납니다",
        "Models think. </think> closes the block.",
        "```\nx</think>y\n```",
        "Here is the format:\n<think>a</think>b",
        "Paris. <analysis>Was that right?</analysis>",
        "<analysis>The whole answer in XML.</analysis>",
        "<reason>not closed",
        "Harmony writes <|start|>assistant<|channel|>final<|message|>x.",
        "analysisResult = 3",
        "analysisUser.java",
        "Sure! <think> is a tag used by DeepSeek.",
        "<thinking> is a tag.",
        "<think> and </think> are tags.",
        "<think> tags hold the reasoning; </think> ends it.",
        "<think>, as DeepSeek writes it.",
        "Well, <reasoning> tags hold the reasoning.",
        "<think> ist ein Tag.",
        "<think>是一个标签。",
        "<reasoning>Because</reasoning>\n<label>Paris</label>",
        "<thoughts>a</thoughts><answer>Paris</answer>",
        "<analysis>You must KILL the process</analysis><answer>Restart</answer>",
        "<analysis>a</analysis>\nParis",
        "<reason>a</reason>Paris",
        "The token <|im_end|> ends a turn.",
        "<think-tank>RAND</think-tank>",
        "<critical_thinking>4</critical_thinking><style>3</style>",
        "<final_thoughts>Good.</final_thoughts>",
        "<reasoning_score>5</reasoning_score>",
        "<thinking_score>5</thinking_score>",
        "<thought_process>a</thought_process><answer>x</answer>",
        "<scratchpad>a</scratchpad><answer>x</answer>",
        "<cotton>white</cotton>",
        "<monologue>To be</monologue>",
        "&lt;think&gt;",
        "Rome\n<thoughts>\nI like it.\n</thoughts>",
        "[Thoughts]\nI like it.\n[/Thoughts]\nParis",
        "[Thought] It is so.",
        "[Reasoning] It is so.",
        "Thinking...\nParis",
        "Use this:\n<think>\nx\n</think>",
        "First comes a block.\n<think>\nx\n</think>",
        "Paris\n```xml\n<think>\nx\n</think>\n```",
        "<details><summary>More</summary>x</details>",
        '<details type="faq">x</details>',
        "&lt;think&gt; is a tag.",
        "<analysis>not closed",
        "<reflection>a</reflection>Paris",
    ],
)
def test_a_text_about_such_tags_is_left_whole(text: str) -> None:
    assert split_reasoning(text) == Thought("", text)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<reason>a</reason>Paris", "Paris"),
        ("<analysis>a</analysis>\nParis", "Paris"),
        ("<reasoning>a</reasoning>\n<score>5</score>", "<score>5</score>"),
        ("<scratchpad>a</scratchpad>yes", "yes"),
        ("<analysis>alone</analysis>", "<analysis>alone</analysis>"),
        ("<think>a</think>Paris", "Paris"),
    ],
)
def test_a_judge_may_reason_in_any_tag(text: str, answer: str) -> None:
    assert split_reasoning(text, is_of_judge=True).answer == answer


@pytest.mark.parametrize(
    "text",
    [
        "", "\u200b\ufeff", "<|im_end|>", "</s>", "<|endoftext|>\n", "\u3164", "\u2800", "\ufe0f", "[/INST]",
        "<\uff5cend▁of▁sentence\uff5c>", "<end_of_turn>", "<eos>", "<turn|>", "[EOS]", "<|im_start|>assistant\n<|im_end|>", "<|return|>",
        "<pad>", "<unk>", "<pad><pad>", "[MASK][MASK]", "\ufe00", "\u17b4", "\U000e0100", "\x00", "\u061c", "\u180b",
    ],
)  # fmt: skip
def test_control_tokens_and_unseen_letters_say_nothing(text: str) -> None:
    assert not says_something(text)
    assert without_controls(text) == ""
    assert "<" in text or "[" in text or is_blank(text)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        ".",
        "🙂",
        "<b>",
        "a<|im_end|>",
        "</think>x",
        "ᄀ",
        "[MASK]",
        "[CLS]",
        "[INST]",
        "<|psi|>",
        "\U0001f6d9",
        "\ue000",
    ],
)
def test_anything_that_is_seen_says_something(text: str) -> None:
    assert says_something(text)


@pytest.mark.parametrize(
    "text",
    [
        "<think></think>",
        "<reason>a</reason>",
        "</think> a",
        "<|end|>",
        "<|im_end|>",
        "<think ",
        "\n<think>\n",
        "a_a:a_think",
        "<details ",
        "[reasoning]",
        "Thinking...\n",
        "<|im_start|>think\n",
        "\u200b",
        "`",
    ],
)
def test_endless_repetition_is_read(text: str) -> None:
    split_reasoning(text * 50_000)
    says_something(text * 50_000)
    without_controls(text * 50_000)


@pytest.mark.parametrize("tag", ["</think>yes", "</think>\nyes", "<|END_THINKING|>yes"])
def test_a_tag_within_json_is_a_part_of_its_text(tag: str) -> None:
    text = f'{{"claims": ["score 5 {tag}", "Second."]}}'
    assert split_reasoning(text).answer == text
