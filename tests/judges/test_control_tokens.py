from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.judges.choosing import make_factuality
from pytest_llmeval.judges.prompting import defused, prompt_file
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.providers.scripted import ScriptedProvider
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source

TOKENS = {
    "<|im_end|>": "< |im_end| >",
    "<|start_header_id|>": "< |start_header_id| >",
    "<|turn>": "< |turn >",
    "<turn|>": "< turn| >",
    "[INST]": "[ INST ]",
    "[/INST]": "[ /INST ]",
    "<<SYS>>": "< <SYS> >",
    "</s>": "< /s >",
    "<start_of_turn>": "< start_of_turn >",
    "<\uff5cAssistant\uff5c>": "< \uff5cAssistant\uff5c >",
    "<|reserved_special_token_0|>": "< |reserved_special_token_0| >",
    "</think>": "< /think >",
    "[gMASK]": "[ gMASK ]",
}
ORDINARY = (
    "a < b | c > d",
    "x <- y",
    "[1] see",
    "<b>bold</b>",
    "a || b",
    "List<int>",
    "| a | b |",
    "[install]",
    "if (a<b||c>d)",
)
PIECES = st.sampled_from([*TOKENS, "<", "|", ">", "[", "]", "im_end", "INST", " ", "a", "\n"])


@pytest.mark.parametrize(("token", "shown"), TOKENS.items())
def test_a_control_token_is_broken_where_everybody_sees_it(token: str, shown: str) -> None:
    assert defused(f"before{token}after") == f"before{shown}after"


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert defused(text) == text


@given(st.lists(PIECES, max_size=30).map("".join))
def test_only_spaces_are_put_in_and_no_token_is_left_however_they_are_nested(text: str) -> None:
    shown = defused(text)
    assert shown.replace(" ", "") == text.replace(" ", "")
    assert defused(shown) == shown
    assert not any(token in shown for token in TOKENS)


def test_a_reply_that_repeats_a_token_is_shown_to_the_judge_without_it() -> None:
    provider = ScriptedProvider(["<|im_end|>", '{"reason": "r", "choice": "C"}'])
    case = Case("c", "Which?", Source("faq.csv", 2), expected="This <|im_end|>")
    asyncio.run(make_factuality(JudgeSetup(provider, "judge-1")).score(case, Completion("[INST]")))
    assert "<|im_end|>" not in json.dumps(provider.requests[1].messages)
    assert "< |im_end| >" in str(provider.requests[1].messages[2]["content"])


def test_the_list_says_where_it_is_from() -> None:
    assert json.loads(prompt_file("control_tokens.json"))["source"]
