"""Texts with numbers in plain notation: without LaTeX, Markdown and marks that nobody sees."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pytest_llmeval.metrics.plain import TEXT_COMMANDS, plain_digits, without_markdown
from pytest_llmeval.metrics.scripts import normal_form

_LATEX = (
    (re.compile(r"(?<=\d)!(?=\s?(?:\$(?!\d)|\\[)\]]))"), " factorial"),
    (re.compile(r"\\textperthousand(?![a-zA-Z])"), "‰"),
    (re.compile(r"(?<!\\)\$(?=\S)([^$\n]*[^\s\\$])\$(?!\d)"), r" \1 "),
    (re.compile(rf"\\(?:{TEXT_COMMANDS})\s?\{{([^{{}}]*)\}}"), r" \1 "),
    (re.compile(r"(?<=[a-zA-Z]) {1,3}(?=\^\s?\{?\s?[23])"), ""),
    (re.compile(r"\^\s?\{?\s?\\circ\s?\}?"), "°"),
    (re.compile(r"\\times|\\cdot"), "×"),
    (re.compile(r"\\pm(?![a-zA-Z])"), "±"),
    (re.compile(r"\\(?:geq?|geqslant)(?![a-zA-Z])"), "≥"),
    (re.compile(r"\\(?:leq?|leqslant)(?![a-zA-Z])"), "≤"),
    (re.compile(r"\\neq?(?![a-zA-Z])"), "≠"),
    (re.compile(r"\\gt(?![a-zA-Z])"), ">"),
    (re.compile(r"\\lt(?![a-zA-Z])"), "<"),
    (re.compile(r"\\(?:left|right)(?![a-z])"), ""),
    (re.compile(r"\\!"), ""),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\([%$#])"), r"\1"),
    (re.compile(r"\\[,;: ]"), " "),
)
"""Patterns of LaTeX notation, with the plain text that replaces them, in linear time."""
_FRAC = re.compile(r"\\[dtc]?frac\s?(?:\{([^{}]*)\}\s?\{([^{}]*)\}|(\d)\s?(\d))")
_LEADING_MINUS = re.compile(r"(?:^|[=({\[,:])\s?[-\u2212\u2013]$")
"""A minus before a fraction that is subtracted from nothing."""
_SHORT_UNITS = "h|hr|min|mn|m|ft|lb|kg|km"
"""Units before the next number of a quantity without blanks: ``1h30min``."""
_HALF = (
    r"and (?:a|one) half|einhalb|und ein halb|et demie?|y medi[oa]|e mezz[oa]|e mei[oa]"
    r"|en een half|i pół|с половиной|з половиною|и половина|och en halv|och ett halvt|og en halv"
    r"|ja puoli|a půl|a pol|és fél|și jumătate|i mig|i mitja|buçuk|setengah|rưỡi|ครึ่ง|και μισό"
    r"|و\s?نصف|و\s?نیم|וחצי"
)
"""Words of a half behind a whole number."""
_QUARTER = r"and (?:a|one) quarter|y un cuarto|e un quarto|et quart|وربع|ורבע"
"""Words of a quarter behind a whole number."""
_WHOLE = r"(?<![\w.,/:-])(\d{1,9})"
_PARTS_END = r"(?![^\W\d_])(?! (?:of|an?|von|de|del|di|do|от|من)\b)"
_NOTATION = (
    (re.compile(rf"{_WHOLE} {{1,2}}(?:{_HALF}){_PARTS_END}"), r"\1 1/2"),
    (re.compile(rf"{_WHOLE} {{1,2}}(?:{_QUARTER}){_PARTS_END}"), r"\1 1/4"),
    (re.compile(rf"{_WHOLE} and three quarters{_PARTS_END}"), r"\1 3/4"),
    (re.compile(r"(\^|\*\*)\s?\{?\s?\(\s?([-+\u2212\u2013]?\d{1,6})\s?\)\s?\}?"), r"\1\2"),
    (re.compile(r"(?<![\w)\]}])\((\d{1,30})\)(?=\s?(?:\^|\*\*|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]))"), r"\1"),
    (re.compile(r"(?<=\d)['`\u00b4\u2019](?=\d{3}(?!\d))"), "'"),
    (
        re.compile(
            rf"(?<![\w.,])(\d{{1,6}})({_SHORT_UNITS})(?=\d{{1,6}}(?:{_SHORT_UNITS}|s|in|oz)(?![^\W_]))"
        ),
        r"\1 \2 ",
    ),
    (
        re.compile(
            rf"(?<=[ \d])({_SHORT_UNITS})(?=\d{{1,6}}(?:{_SHORT_UNITS}|s|in|oz)(?![^\W\d_]))"
        ),
        r"\1 ",
    ),
    (re.compile(r"(?<![\w.,])(\d{1,6}) ?h ?(\d{2})(?: ?(?:min|mn|m))?(?![^\W_])"), r"\1 h \2 min"),
    (re.compile(r"\bU\.S\.(?= [a-z])"), "US"),
    (re.compile(r"百分之\s?(\d[\d.,]*)"), r"\1%"),
    (re.compile(r"千分之\s?(\d[\d.,]*)"), r"\1‰"),
    (re.compile(r"(?<![\d.,])(\d{1,30})\s?(?:分之|分の|분의)\s?(\d{1,30})(?![\d.,])"), r"\2/\1"),
)
"""Notations of numbers with the one that is read."""


_PREFIX = re.compile(r"(?<![^\W\d_])(?:([והבלמכש])[-\u05be\u2011]|([وبلفك]))(?=\d)")
"""A letter of Hebrew or Arabic that is joined with the number behind it."""


def without_prefixes(text: str) -> str:
    """Return a text with a blank between a number and a letter such as *and* before it."""
    return _PREFIX.sub(r"\1\2 ", text)


def plain_text(text: str) -> str:
    """Return a text in normal form, without Markdown and LaTeX and with ASCII digits."""
    text = _without_latex(without_markdown(plain_digits(_unseen().sub("", normal_form(text)))))
    text = without_prefixes(text)
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
    is_minus = _LEADING_MINUS.search(match.string, 0, match.start()) is not None
    return f"{'' if is_minus else ' '}{above.strip()}/{below.strip()} "
