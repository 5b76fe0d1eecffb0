"""Texts with numbers in plain notation: without LaTeX, Markdown and marks that nobody sees."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pytest_llmeval.metrics.plain import plain_digits, without_markdown
from pytest_llmeval.metrics.scripts import normal_form

_LATEX = (
    (re.compile(r"(?<!\\)\$(?=\S)([^$\n]*[^\s\\$])\$(?!\d)"), r" \1 "),
    (re.compile(r"\\(?:text|mathrm|textbf|textrm|mbox|mathbf)\s?\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\^\s?\{?\s?\\circ\s?\}?"), "°"),
    (re.compile(r"\\times|\\cdot"), "×"),
    (re.compile(r"\\pm"), "±"),
    (re.compile(r"\\left|\\right"), ""),
    (re.compile(r"\\!"), ""),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\([%$#])"), r"\1"),
    (re.compile(r"\\[,;: ]"), " "),
)
"""Patterns of LaTeX notation, with the plain text that replaces them, in linear time."""
_FRAC = re.compile(r"\\[dtc]?frac\s?(?:\{([^{}]*)\}\s?\{([^{}]*)\}|(\d)\s?(\d))")
_NOTATION = (
    (re.compile(r"(\^|\*\*)\s?\{?\s?\(\s?([-+\u2212\u2013]?\d{1,6})\s?\)\s?\}?"), r"\1\2"),
    (re.compile(r"(?<![\w)\]}])\((\d{1,30})\)(?=\s?(?:\^|\*\*|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]))"), r"\1"),
    (re.compile(r"(?<=\d)['`\u00b4\u2019](?=\d{3}(?!\d))"), "'"),
    (re.compile(r"百分之\s?(\d[\d.,]*)"), r"\1%"),
    (re.compile(r"千分之\s?(\d[\d.,]*)"), r"\1‰"),
    (re.compile(r"(?<![\d.,])(\d{1,30})\s?(?:分之|分の|분의)\s?(\d{1,30})(?![\d.,])"), r"\2/\1"),
)
"""Notations of numbers with the one that is read."""


def plain_text(text: str) -> str:
    """Return a text in normal form, without Markdown and LaTeX and with ASCII digits."""
    text = _without_latex(without_markdown(plain_digits(_unseen().sub("", normal_form(text)))))
    for pattern, plain in _NOTATION:
        text = pattern.sub(plain, text)
    return text


@cache
def _unseen() -> Any:
    """Compile the pattern of characters for the layout alone, as marks of the direction."""
    import regex

    return regex.compile(r"\p{Cf}++")


def _without_latex(text: str) -> str:
    if "\\" in text:
        text = _FRAC.sub(_plain_fraction, text).replace("~", " ")
    for pattern, plain in _LATEX:
        text = pattern.sub(plain, text)
    return text


def _plain_fraction(match: re.Match[str]) -> str:
    above, below = (match[1], match[2]) if match[2] is not None else (match[3], match[4])
    return f" {above.strip()}/{below.strip()} "
