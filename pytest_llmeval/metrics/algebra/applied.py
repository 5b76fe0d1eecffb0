r"""Derivatives and functions of what stands in brackets, which are taken for unknown numbers.

``\frac{dy}{dx}`` is no fraction, and ``E[X^2]`` is no product. Each of them is written as a symbol
of its own, so that equal ones are equal. What they are worth is not known: whether formulas with
different ones are the same can't be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.plain import TEXT_COMMANDS

_NAMES = (
    "E|Var|VAR|var|Cov|cov|Corr|corr|Std|SD|SE|Pr|Prob|tr|Tr|det|rank|dim|ker|Re|Im|erf|sgn|sign"
    "|arg|Res"
)
"""Functions whose names are letters or words, and whose brackets may be square."""
_SHOWN = 60
_LAYOUT = re.compile(
    rf"\\(?:left|right|bigl?|bigr?|Bigl?|Bigr?|displaystyle|{TEXT_COMMANDS}|mathbb|mathcal)(?![A-Za-z])"
    r"|\\[,;:! ]|[\s{}~]"
)
_SAME = str.maketrans({"[": "(", "]": ")", "’": "'", "′": "'", "∂": "\\partial", "−": "-"})
_CLOSED_BY = {"(": ")", "[": "]", "{": "}"}
_BRACKETS = re.compile(r"\\[{}]|[()\[\]{}]")
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_PRIME = re.compile(r"(?<=[A-Za-z}])(?:['’′]|\s?\^\s?\{?\s?\\prime|\s?\^\s?\{\s?\(\s?[1-9]\s?\))")
_ORDER = re.compile(r"\^\(([1-9])\)(?=\()")
"""The order of a derivative: ``f^{(2)}(x)``."""
_MEAN = re.compile(r"\\langle\s?([^,<>]{1,80}?)\s?\\rangle")
"""A mean in physics: ``\\langle X^2\\rangle``; with a comma it is a tuple."""
_FRACTION = re.compile(r"\\[dtc]frac")
_Span = tuple[int, int, bool]
"""Start and end of a derivative or a function, and whether others may be the same."""
_LEADING = re.compile(r"\s*A_\{\w+\}\s*=(?![^=]*=)")


@dataclass(frozen=True)
class Symbolic:
    """A formula with symbols for derivatives and functions.

    Attributes:
        text: The formula.
        applied: The functions and operators of which other formulas may be the same: the one of
            ``E[2X]`` is ``2E[X]``.
        notation: How its derivatives are written: ``quotient``, ``prime``, or empty without any.
    """

    text: str
    applied: tuple[str, ...]
    notation: str


def with_symbols(text: str) -> Symbolic:
    """Write symbols for the derivatives and functions of a formula.

    Raises:
        InputError: It is not certain what is differentiated.
    """
    applied: list[str] = []
    plain = _typed_quotient().sub(r"\\frac{\1\2\3}{\1\4\5}", text)
    quotients = list(_derivatives(plain))
    plain = _replaced(plain, quotients, applied)
    plain = _replaced(plain, sorted(_calls(plain)), applied)
    notation = "prime" if _PRIME.search(text) else ""
    return Symbolic(plain, tuple(sorted(set(applied))), "quotient" if quotients else notation)


def is_defined(text: str) -> bool:
    """Return whether a formula with symbols is an equation that gives a value to one."""
    return _LEADING.match(text) is not None


def _replaced(text: str, spans: Iterable[_Span], applied: list[str]) -> str:
    """Replace parts of a formula, of which none lies within another, with symbols."""
    parts: list[str] = []
    position = 0
    for start, end, is_doubtful in spans:
        if start < position:
            continue
        key = _FRACTION.sub(r"\\frac", _LAYOUT.sub("", text[start:end].translate(_SAME)))
        key = _ORDER.sub(lambda match: "'" * int(match[1]), key).replace("^\\prime", "'")
        key = key.replace("\\prime", "'")
        applied += [key] * is_doubtful
        letters = sha256(key.encode()).hexdigest()[:16].translate(_LETTERS)
        parts += [text[position:start], f" A_{{{letters}}}"]
        position = end
    return "".join([*parts, text[position:]])


def _derivatives(text: str) -> Iterator[_Span]:
    for match in _quotient().finditer(text):
        if match["operator"] is None:
            yield *match.span(), False
            continue
        end = _end_of_bracket(text, match.end())
        if end is not None:
            yield match.start(), end, True
        elif not _is_of(match["variable"], text[match.end() :]):
            raise InputError(f"what {match[0][:_SHOWN]!r} differentiates is not certain")


def _is_of(variable: str, rest: str) -> bool:
    """Return whether what is differentiated has the variable alone."""
    body = re.split(r"[=<>,]", rest)[0]
    letters = set(re.findall(r"(?<![A-Za-z\\])[f-hF-Hu-z](?![A-Za-z])", body))
    return variable in body and letters <= {variable}


def _calls(text: str) -> Iterator[_Span]:
    for match in _MEAN.finditer(text):
        yield *match.span(), True
    for match in _head().finditer(text):
        end = _end_of_bracket(text, match.end())
        if end is not None:
            yield match.start(), end, match["named"] is not None


def _end_of_bracket(text: str, position: int) -> int | None:
    """Return where the bracket ends that stands at a position; ``None`` if none does."""
    opening = _opening().match(text, position)
    if opening is None:
        return None
    stack = [_CLOSED_BY[opening["bracket"]]]
    for match in _BRACKETS.finditer(text, opening.end()):
        sign = match[0][-1]
        if sign in _CLOSED_BY:
            stack.append(_CLOSED_BY[sign])
        elif sign != stack.pop():
            return None
        if not stack:
            return match.end()
    return None


@cache
def _opening() -> Any:
    return re.compile(r"\s*(?:\\(?:left|[bB]igl?|[bB]iggl?)\s?)?(?P<bracket>[(\[])")


@cache
def _quotient() -> Any:
    """Compile the pattern of a quotient of differentials or differences, with braces within."""
    import regex

    mark = r"(?:d|∂|\\partial(?![A-Za-z])|\\(?:mathrm|text|rm)\s?\{\s?d\s?\}"
    mark += r"|\\[Dd]elta(?![A-Za-z])|D(?=\s?[a-z]\s?(?:\^|\}|D)))"
    power = r"(?:\s?\^\s?(?:\{\s?\w\s?\}|\w))?"
    group = r"(?P<group>\{(?:[^{}]|(?&group))*+\})"
    inner = r"(?:[^{}]|(?&group))"
    letter = r"[A-Za-z](?![A-Za-z])(?!\s?[A-Za-z]{2})|[A-Za-z](?=\s?(?:d|\\partial))|\\[a-z]+"
    name = rf"\s?(?P<variable>{letter})(?:_\{{?\w\}}?)?"
    return regex.compile(
        rf"(?(DEFINE){group})\\[dtc]?frac\s?\{{\s?{mark}{power}\s?"
        rf"(?:(?P<operator>\}})|(?=[A-Za-z\\(\[{{]){inner}*+\}})"
        rf"\s?\{{\s?(?:{mark}{name}{power}\s?)+\}}"
    )


@cache
def _typed_quotient() -> Any:
    import regex

    power = r"(\^?\{?\d?\}?)"
    return regex.compile(
        rf"(?<![A-Za-z\\])(d|∂){power}([A-Za-z]?)\s?/\s?(?:d|∂)([A-Za-z]){power}(?![A-Za-z])"
    )


@cache
def _head() -> Any:
    """Compile the pattern of the name of a function before its bracket."""
    import regex

    command = rf"\\(?:{TEXT_COMMANDS}|mathbb|mathcal|Bbb)"
    index = r"(?:\s?_\s?(?:\{[^{}]*\}|\\?\w))?"
    named = rf"(?P<named>{command}\s?\{{\s?(?:{_NAMES})\s?\}}|(?<![A-Za-z\\])(?:{_NAMES})){index}"
    primes = r"(?:['’′]+|\s?\^\s?\{\s?\(\s?[1-9]\s?\)\s?\}"
    primes += r"|\s?\^\s?\{\s?(?:\\prime\s?)+\}|\s?\^\s?\\prime)"
    primed = rf"(?<![A-Za-z\\])[A-Za-z]{index}{primes}"
    indexed = r"(?<![A-Za-z\\])[f-hF-H]\s?_\s?(?:\{[^{}]*\}|\w)"
    inverse = r"(?<![A-Za-z\\])[f-hF-H]\s?\^\s?\{\s?-\s?1\s?\}"
    opening = r"(?=\s?(?:\\(?:left|[bB]igl?|[bB]iggl?)\s?)?[(\[])"
    special = r"(?P<named>\\(?:Gamma|zeta|Phi)(?![A-Za-z]))"
    return regex.compile(rf"(?:{named}|{special}|{primed}|{indexed}|{inverse}){opening}")
