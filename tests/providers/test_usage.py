"""The tokens of a reply: the words of each service, and numbers that cannot be true."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmeval.providers.usage import read_usage, usage_of
from pytest_llmeval.records.call import Usage


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        pytest.param(
            {"prompt_tokens": 2000, "completion_tokens": 5, "total_tokens": 2005,
             "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
             "completion_tokens_details": {"reasoning_tokens": 3}},
            Usage(2000, 5, 1920, 0, 3), id="OpenAI"),
        pytest.param(
            {"input_tokens": 2000, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 1920},
             "output_tokens_details": {"reasoning_tokens": 2}},
            Usage(2000, 5, 1920, 0, 2), id="OpenAI's responses"),
        pytest.param(
            {"input_tokens": 80, "cache_read_input_tokens": 1900, "cache_creation_input_tokens": 20,
             "output_tokens": 5},
            Usage(2000, 5, 1900, 20), id="Anthropic counts the cache apart"),
        pytest.param(
            {"prompt_tokens": 2000, "completion_tokens": 5, "total_tokens": 2005,
             "cache_read_input_tokens": 1900, "cache_creation_input_tokens": 20},
            Usage(2000, 5, 1900, 20), id="a proxy that includes Anthropic's cache"),
        pytest.param(
            {"prompt_tokens": 500, "completion_tokens": 5, "total_tokens": 905,
             "cache_read_input_tokens": 400},
            Usage(900, 5, 400), id="a proxy whose total shows the cache apart"),
        pytest.param(
            {"prompt_tokens": 80, "completion_tokens": 5, "cache_read_input_tokens": 1900},
            Usage(1980, 5, 1900), id="a proxy with more of the cache than of the prompt"),
        pytest.param(
            {"prompt_tokens": 1000, "completion_tokens": 9, "prompt_cache_hit_tokens": 600,
             "prompt_cache_miss_tokens": 400},
            Usage(1000, 9, 600), id="DeepSeek"),
        pytest.param(
            {"prompt_tokens": 1000, "completion_tokens": 9, "cached_tokens": 600},
            Usage(1000, 9, 600), id="Moonshot"),
        pytest.param(
            {"promptTokenCount": 100, "candidatesTokenCount": 10, "thoughtsTokenCount": 40,
             "cachedContentTokenCount": 60, "totalTokenCount": 150},
            Usage(100, 50, 60, 0, 40), id="Gemini"),
        pytest.param(
            {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 150},
            Usage(100, 50, reasoning_tokens=40), id="Gemini's OpenAI layer leaves the thoughts out"),
        pytest.param(
            {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 150,
             "completion_tokens_details": {"reasoning_tokens": 40}},
            Usage(100, 50, reasoning_tokens=40), id="Grok leaves the reasoning out"),
        pytest.param({"inputTokens": 1000, "outputTokens": 10}, Usage(1000, 10), id="Vercel"),
        pytest.param({"promptTokens": 9, "completionTokens": 1, "totalTokens": 10}, Usage(9, 1), id="in camelCase"),
        pytest.param({"prompt_eval_count": 9, "eval_count": 1}, Usage(9, 1), id="Ollama"),
        pytest.param(
            {"inputTokens": 100, "outputTokens": 5, "cacheReadInputTokens": 400, "totalTokens": 505},
            Usage(500, 5, 400), id="Bedrock counts the cache apart"),
        pytest.param(
            {"inputTokens": 100, "outputTokens": 5, "totalTokens": 105, "cachedInputTokens": 40},
            Usage(100, 5, 40), id="a cache in camelCase"),
        pytest.param(
            {"promptTokens": 9, "completionTokens": 4, "completionTokensDetails": {"reasoningTokens": 3}},
            Usage(9, 4, reasoning_tokens=3), id="details in camelCase"),
        pytest.param(
            {"billed_units": {"input_tokens": 4}, "tokens": {"input_tokens": 9, "output_tokens": 1}},
            Usage(9, 1), id="Cohere"),
        pytest.param(
            {"billed_units": {"input_tokens": 100, "output_tokens": 50},
             "tokens": {"input_tokens": 500, "output_tokens": 52}},
            Usage(100, 50), id="Cohere bills fewer"),
        pytest.param(
            {"input_token_count": 10, "generated_token_count": 20}, Usage(10, 20), id="watsonx"),
        pytest.param({"completion_tokens": 5, "total_tokens": 12}, Usage(7, 5), id="a prompt by the total"),
        pytest.param({"prompt_tokens": 3, "total_tokens": 3}, Usage(3), id="an embedding"),
        pytest.param({"prompt_tokens": 3, "total_tokens": 5}, Usage(3, 2), id="a total alone"),
        pytest.param({"prompt_tokens": 5.0, "completion_tokens": "7"}, Usage(5, 7), id="as text"),
        pytest.param({"prompt_tokens": 3, "completion_tokens": 0, "prompt_tokens_details": None}, Usage(3), id="no details"),
        pytest.param({"prompt_tokens": 3, "completion_tokens": 0, "prompt_tokens_details": [1]}, Usage(3), id="odd details"),
    ],
)  # fmt: skip
def test_the_words_of_each_service_are_understood(usage: dict[str, Any], expected: Usage) -> None:
    assert read_usage(usage) == expected


@pytest.mark.parametrize(
    "tokens",
    [
        "-1", "2.5", "9223372036854775808", "1e300", "Infinity", "NaN", '"many"', '"-3"', "true",
        "[1]", "{}", "1" * 400,
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens"])
def test_counts_that_cannot_be_true_are_no_usage(name: str, tokens: str) -> None:
    counts = {"prompt_tokens": 5, "completion_tokens": 1, name: json.loads(tokens)}
    assert read_usage(counts) is None


@pytest.mark.parametrize(
    "usage",
    [
        {"total_tokens": 100}, {"tokens_spent": 9}, {"completion_tokens": 5}, {"prompt_tokens": 100}, {"tokens": 9}, {"tokens": {}},
        {"prompt_tokens": None, "completion_tokens": None}, {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 100, "spoken_tokens": 100}, {"prompt_tokens": 100, "completion_tokens": None},
        {"billed_units": {"input_tokens": 4}},
    ],
)  # fmt: skip
def test_without_a_count_of_the_prompt_or_of_the_answer_the_tokens_are_unknown(
    usage: object,
) -> None:
    assert read_usage(usage) is None


def test_an_embedding_writes_nothing() -> None:
    assert read_usage({"prompt_tokens": 3}, writes_text=False) == Usage(3)
    assert read_usage({"billed_units": {"input_tokens": 4}}, writes_text=False) == Usage(4)


def test_tokens_are_read_wherever_a_reply_has_them() -> None:
    assert read_usage(
        usage_of({"usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9}})
    ) == Usage(9)
    assert read_usage(usage_of({"prompt_eval_count": 9, "eval_count": 1})) == Usage(9, 1)
    assert usage_of({"model": "m"}) is None


@pytest.mark.parametrize("usage", [None, {}, [], [1], "12", 3, True])
def test_what_is_no_usage_at_all_is_none(usage: object) -> None:
    assert read_usage(usage) is None


@pytest.mark.parametrize("cached", [-5, "x", 2.5, 2**70, None])
def test_a_cached_count_that_cannot_be_true_is_zero(cached: object) -> None:
    usage = {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": cached}}
    assert read_usage(usage, writes_text=False) == Usage(9)
