"""Columns that look like a requirement, and that no case gets a threshold from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pytest_llmeval.goldens.cells import as_text, read_object
from pytest_llmeval.goldens.names import normal

LIMITED = (
    "numeric", "math", "exact_match", "contains", "starts_with", "regex", "json_schema", "bleu",
    "chrf", "rouge", "edit_distance", "similarity", "relevance", "length", "language", "sentiment",
    "refusal", "latency", "cost", "bias", "toxicity", "rubric", "geval", "faithfulness",
    "context_recall", "context_precision", "answer_relevance", "factuality", "closed_qa",
    "contains_all", "contains_any", "contains_none", "text_quality",
)  # fmt: skip
"""Scorers that a column such as ``max_length`` limits; ``max_age`` limits none."""

_LIMITED = {normal(name): name for name in LIMITED}
_NUMBER = re.compile(r"\s*-?(?:\d+\.?\d*|\.\d+)\s*")
_COMPARISON = re.compile(rf"\s*(?:<=|>=|==|<|>){_NUMBER.pattern}")
_WORDS = re.compile(r"[A-Z]?[a-z0-9.]+|[A-Z0-9.]+|[^\W_]+")
_EXTREME = re.compile(r"(min(?:imum|imal)?|max(?:imum|imal)?)(.+)")

_ASSERTIONS = {
    **dict.fromkeys(("contains", "containstext", "mustcontaintext"), "contains: TEXT"),
    "icontains": "icontains: TEXT",
    **dict.fromkeys(("regex", "regexp", "expectedregex", "mustmatch", "answerregex",
                     "expectedpattern", "matchregex", "answerpattern"), "regex: PATTERN"),
    **dict.fromkeys(("startswith", "muststartwith", "shouldstartwith"), "starts-with: TEXT"),
    **dict.fromkeys(("equals", "mustequal", "shouldequal", "mustbe"), "equals: TEXT"),
    **dict.fromkeys(("assert", "asserts", "assertion", "assertions", "check", "checks",
                     "validator", "validators"), "contains: TEXT"),
}  # fmt: skip
"""Assertions of promptfoo, by the normal name of a column that seems to hold one."""

_SKIPPING = frozenset((
    "skip", "skipped", "disabled", "ignore", "ignored", "exclude", "excluded", "xfail", "skipif",
))  # fmt: skip
_ON = frozenset(("true", "yes", "1", "x", "y", "on", "skip", "skipped"))
_ENABLING = frozenset(("enabled", "enable"))
_OFF = frozenset(("false", "no", "0", "n", "off"))

_BY_VALUE = {"schema": "json_schema", "rubric": "criteria", "rubrics": "criteria"}
"""Names of settings that are those of something else, depending on the value."""


def is_meant(name: str, value: Any) -> bool:
    """Return whether a value fits the setting that its column seems to be."""
    setting = _BY_VALUE.get(normal(name), "")
    if setting == "json_schema":
        return isinstance(read_object(value), dict)
    if setting == "criteria":
        return isinstance(value, str | list) and not _NUMBER.fullmatch(str(as_text(value)))
    return True


def depends_on_value(name: str) -> bool:
    """Return whether the name alone does not say that a column is a setting."""
    return normal(name) in _BY_VALUE


def comparison_remedy(name: str, values: Iterable[Any]) -> str:
    """Say how the requirements of a column are written; empty if a value is no comparison.

    Args:
        name: Name of the column, which is that of the score.
        values: What stands in its cells.
    """
    first = ""
    for value in values:
        if not isinstance(value, str) or not _COMPARISON.fullmatch(value):
            return ""
        first = first or value.strip()
    score = "_".join(_WORDS.findall(name)).lower()
    return f"a column threshold with '{score}{first}'" if first else ""


def requirement_remedy(name: str, value: Any) -> str:
    """Say how a requirement is written that a column seems to hold; empty for another column."""
    plain = normal(name)
    text = str(as_text(value)).strip()
    if assertion := _ASSERTIONS.get(plain):
        return f"a column __expected with an assertion such as '{assertion}'"
    is_skipped = plain in _SKIPPING and text.casefold() in _ON
    if is_skipped or (plain in _ENABLING and text.casefold() in _OFF):
        return "every row is a case, so delete the row, or write a tag for --llm-where"
    extreme = _EXTREME.fullmatch(plain)
    if extreme and extreme[2] in _LIMITED and _NUMBER.fullmatch(text):
        sign = ">=" if extreme[1].startswith("min") else "<="
        return f"a column threshold with '{_LIMITED[extreme[2]]}{sign}{text}'"
    return ""
