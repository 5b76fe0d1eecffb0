"""Notes on texts with the variables of a template, which are sent or compared as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from pytest_llmeval.goldens.formats.tables import Table
from pytest_llmeval.goldens.names import known_names, normal
from pytest_llmeval.goldens.noted_cases import cases_with, lines_of
from pytest_llmeval.goldens.prompting import content_text
from pytest_llmeval.records.case import Case

_NAME = r"[^\W\d][\w .-]{0,60}?"
_IN_BRACES = re.compile(
    rf"\{{\{{?[#^&~-]?\s*(?:(?:row|case|item|metadata|vars|inputs?|record|example)\.)?"
    rf"({_NAME})\s*(?:\|[^{{}}]*|![rsa][^{{}}]*|:[<>^=.\d,+][^{{}}\s]*)?\}}?\}}"
)
_BRACKETED = (
    re.compile(rf"\[\[\s*({_NAME})\s*\]\]"),
    re.compile(rf"(?<!\w)\[({_NAME})\](?!\()"),
    re.compile(rf"(?<!\w)<<?({_NAME})>>?"),
)
"""Variables in brackets, which a text of its own may have, too."""

_SIGNED = re.compile(r"%\((\w+)\)[sdrf]|%(\w+)%|(?<![\w$])\$([^\W\d]\w*)|(?<!\w)@([^\W\d]\w*)@")
_BLOCK = re.compile(r"\{%-?\s*(?:if|elif|for\s+\w+\s+in|set\s+\w+\s*=)\s+(?:not\s+)?([^\W\d]\w*)")
_BLANK = re.compile(r"(?<![\w^_}])\{\{\s*([^\W\d_]{2}\w*(?:\.\w+)*)\s*(?:\|[^{}]*)?\}\}(?!\})")
"""A variable of Jinja2 or Mustache with a name that no column has."""

_TEXT = frozenset((
    *known_names("expected"), *known_names("prompt"), *known_names("id"), *known_names("tags"),
    "br", "hr", "img", "meta", "link", "source", "area", "base", "col", "embed", "p", "li",
    "option", "label", "output", "response", "text",
))  # fmt: skip
"""What stands in brackets as the form of an answer, or as a tag of HTML that is not closed."""

_SIGNS = frozenset("{[<%$@")

_REMEDY = "write the text into each row, or the prompt into --llm-template, which fills columns in"


def notes_on_variables(table: Table, cases: Sequence[Case]) -> Iterator[str]:
    """Yield a note on texts with the name of a column as a variable.

    Args:
        table: The golden file.
        cases: The cases.
    """
    names = {normal(name) for name in table.columns}

    def has_braces(case: Case) -> bool:
        return bool(_first(_prompt(case), _in_braces, names))

    unfilled = cases_with(cases, has_braces)
    if unfilled:
        name = _first(_prompt(unfilled[0]), _in_braces, names)
        yield (
            f"the prompt has the column {name!r} in braces ({lines_of(unfilled)}), and is sent as "
            f"it is; {_REMEDY}"
        )
    rest = cases_with(cases, lambda case: not has_braces(case)) if unfilled else cases
    yield from _on_signed_variables(rest, names)
    answers = cases_with(cases, lambda case: bool(_first(case.expected or "", _any, names)))
    if answers:
        name = _first(answers[0].expected or "", _any, names)
        yield (
            f"the expected answer has the variable {name!r}, a column ({lines_of(answers)}), and "
            "is compared as it is; write the text into each row"
        )


def _on_signed_variables(cases: Sequence[Case], names: set[str]) -> Iterator[str]:
    """Yield notes on prompts with a variable in other signs, or of no column."""
    signed = cases_with(cases, lambda case: bool(_first(_prompt(case), _in_signs, names)))
    if signed:
        name = _first(_prompt(signed[0]), _in_signs, names)
        yield (
            f"the prompt has the variable {name!r}, a column ({lines_of(signed)}), and is sent as "
            f"it is; {_REMEDY}"
        )
    blank = cases_with(cases, lambda case: "{{" in _prompt(case) and bool(_unknown(case, names)))
    if blank:
        name = _unknown(blank[0], names)
        yield (
            f"the prompt has the variable '{{{{{name}}}}}' ({lines_of(blank)}), which no column "
            "has, and is sent as it is; write the text into each row"
        )


def _prompt(case: Case) -> str:
    texts = [content_text(message.get("content")) for message in case.messages]
    return "\n".join([case.prompt, *texts])


def _unknown(case: Case, names: set[str]) -> str:
    unfilled = _BLANK.findall(_prompt(case))
    return next((name for name in unfilled if normal(name) not in names), "")


def _first(
    text: str, variables: Callable[[str], Iterator[tuple[str, str]]], names: set[str]
) -> str:
    """Return the first variable of a text that is the name of a column; empty without one."""
    if not _SIGNS.intersection(text):
        return ""
    return next((shown for shown, name in variables(text) if normal(name) in names), "")


def _in_braces(text: str) -> Iterator[tuple[str, str]]:
    for pattern in (_IN_BRACES, _BLOCK):
        for name in pattern.findall(text):
            yield name, name


def _in_signs(text: str) -> Iterator[tuple[str, str]]:
    for pattern in _BRACKETED:
        for match in pattern.finditer(text):
            # A tag of HTML or XML is closed, and a placeholder is not.
            if f"</{match[1]}" not in text and normal(match[1]) not in _TEXT:
                yield match[0], match[1]
    for match in _SIGNED.finditer(text):
        yield match[0], next(group for group in match.groups() if group)


def _any(text: str) -> Iterator[tuple[str, str]]:
    yield from _in_braces(text)
    yield from _in_signs(text)
