"""A user's regular expression is Python's, and its search ends."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval import patterns
from pytest_llmeval.errors import BadReply, OutOfTime
from pytest_llmeval.patterns import search_pattern
from pytest_llmeval.providers.extraction import extract_answer
from pytest_llmeval.records.call import Completion

PIECES = [
    "a", "b", r"\w", r"\d", r"\s", ".", "[ab]", "[^a]", "[a{]", "{e}", "{", "}", "{2}", "{,2}", "{1,}", "{,}", "(a)",
    "(?:b)", r"\1", "^", "$", r"\b", "|", "*", "+", "?", "*?", r"\{", r"\[", "]", "[]a]", "[^]a]", "m{e<=1}", "(?=a)",
    "(?!b)", "(?<=a)", r"\N{LATIN SMALL LETTER A}", r"\\", "~", "-", " ", "1", "{i}", "{s}", "{d<2}", r"[\]a]",
]  # fmt: skip
TEXTS = [
    "ab",
    "aab{e}",
    "{",
    "m",
    "x{e}",
    "a1 b",
    "aa",
    "",
    "b\n",
    "A]",
    "{,}",
    "a{,2}",
    "1{i}",
    "m{e<=1}",
    "mf",
]
ENDLESS = [
    ("^(a|aa)+$", "a" * 60 + "!"),
    ("^(a|a|a)*$", "a" * 60 + "!"),
    ("(x+x+)+y", "x" * 30_000),
    ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 100_000),
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join))
def test_a_pattern_matches_where_python_s_re_does(pattern: str) -> None:
    try:
        expected = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return
    for text in TEXTS:
        there, here = expected.search(text), search_pattern(pattern, text)
        assert (here and here.span()) == (there and there.span())


def test_a_combining_mark_is_a_part_of_a_word() -> None:
    for word in ("दिल्ली", "ปี", "סֵפֶר", "كِتَاب", "cafe\u0301"):
        match = search_pattern(r"\w+", word)
        assert match is not None
        assert match[0] == word


@pytest.mark.parametrize(("pattern", "text"), ENDLESS)
def test_a_search_without_end_is_given_up_and_says_which_bound(
    pattern: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "PATIENCE_S", 0.2)
    with pytest.raises(
        OutOfTime, match=r"found no end within 0\.2 seconds in a text of [\d,]+ cha"
    ):
        search_pattern(pattern, text)


def test_the_pattern_that_takes_the_answer_out_of_a_reply_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patterns, "PATIENCE_S", 0.2)
    with pytest.raises(BadReply, match=r"--llm-answer-pattern: the regular expression '\^\(a\|aa"):
        extract_answer(Completion("a" * 60 + "!"), "^(a|aa)+$")
    assert extract_answer(Completion("x [/INST] 5 "), r".*\[/INST\](.*)").text == "5"
