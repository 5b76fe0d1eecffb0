"""Notations that the parser of LaTeX drops or flattens: vectors, transposes, nested sets."""

from __future__ import annotations

import re
from itertools import pairwise

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.plain import TEXT_COMMANDS

_TRANSPOSE = (
    r"\s?\^\s?\{?\s?(?:T|\\top|\\intercal|\\dagger|\\math\w\w\s?\{\s?T\s?\})\s?\}?(?![A-Za-z])"
)
_TRANSPOSED = re.compile(
    rf"(?<![A-Za-z\\])(\\math\w\w\s?\{{[A-Za-z]\}}|[A-DF-Za-df-z]){_TRANSPOSE}"
)
_RAISED_T = re.compile(_TRANSPOSE)
_MATRIX_TRANSPOSED = re.compile(rf"(?:\\end\s?\{{\w+\}}|\]|\([A-Z +-]+\)){_TRANSPOSE}")
_DERIVATIVE = re.compile(r"(?<![A-Za-z\\])([A-Za-z])\s?\^\s?\{\s?\(\s?([1-9])\s?\)\s?\}")
_NEGATIVE_ROOT = re.compile(
    r"\\sqrt\s?\[\s?(\d*[13579])\s?\]\s?\{\s?[-\u2212]\s?(\d+(?:\.\d+)?)\s?\}"
)
_BOLD_NUMBER = re.compile(rf"\\(?:boldsymbol|bm|{TEXT_COMMANDS})\s?\{{\s?([-+]?[\d.,]+)\s?\}}")
_UPRIGHT_GREEK = re.compile(
    r"\\(?:mathrm|mathit|text|textrm|textit|textnormal|mbox)\s?\{\s?(\\[A-Z][a-z]+)\s?\}"
)
_BOLD = r"\\(?:mathbf|boldsymbol|bm|bf)(?![A-Za-z])\s?"
_BOLD_FORMULA = re.compile(rf"\s*(?:{_BOLD}|\\textbf\s?)\{{((?:[^{{}}]|\{{[^{{}}]*\}})*)\}}\s*")
_MORE_THAN_LETTERS = re.compile(r"[\d=<>+*/^-]")
_BOLD_CHOICE = re.compile(rf"\s*{_BOLD}(?:\{{\s?\(?([A-H])\)?\s?\}}|([A-H]))\s*")
_BOLD_SET = re.compile(rf"(?<=\\in)\s?{_BOLD}(?:\{{\s?([RNZQC])\s?\}}|([RNZQC])(?![A-Za-z]))")
_BOLD_LETTER = re.compile(rf"{_BOLD}(?:\{{\s?(\\?[A-Za-z]+)\s?\}}|([A-Za-z])(?![A-Za-z]))")
_ABSOLUTE = re.compile(r"(?<![A-Za-z\\])abs\s?\(([^()]*)\)")
_NESTED_LIST = re.compile(r"\s*\[\s*(\[[^\[\]]*\](?:\s*,\s*\[[^\[\]]*\])+)\s*\]\s*")
_ARRAY = re.compile(
    r"(?:\\left\s?)?[\[(]\s*\\begin\s?\{array\}\s?(?:\{[^{}]*\})?((?:[^\\]|\\(?!end|begin))*)"
    r"\\end\s?\{array\}\s*(?:\\right\s?)?[\])]"
)
"""A matrix that is written as an array in brackets."""
_ROW = re.compile(r"\[([^\[\]]*)\]")
_NO_SOLUTION = re.compile(r"\s*\\text\s?\{\s*no solutions?\.?\s*\}\s*", re.IGNORECASE)

_VECTOR = re.compile(
    r"\\(?:vec|overrightarrow|mathbf|boldsymbol|bm)\s?(?:\{\s?\\?[A-Za-z]+\s?\}|[A-Za-z])"
)
_CROSSED = re.compile(
    r"(?:[A-Za-z]|\\(?:alpha|beta|gamma))(?:\s?(?:\\times(?![A-Za-z])|×)\s?[A-Za-z](?![A-Za-z]))+"
)
"""A product of letters alone with a cross, as of vectors or sets."""
_CROSSED_VECTORS = re.compile(
    r"(?<![A-Za-z\\])[uvw]\s?(?:\\times(?![A-Za-z])|×)\s?[uvw](?![A-Za-z])"
)
_INVERSE = re.compile(r"(?<![A-Za-z\\])[A-Z]\s?\^\s?\{\s?[-\u2212]\s?1\s?\}")
_CAPITAL = re.compile(r"(?<![a-z\\])[A-Z](?![a-z])")
_PRODUCT = re.compile(r"\\times|\\cdot|\\wedge|\\otimes|×|·|⋅")
_INTEGRAL = re.compile(r"(?:\\o?int|∫)(?![A-Za-z])(?!\s?(?:\\limits)?\s?[_^])")
_HALF_INTEGRAL = re.compile(r"(?:\\o?int|∫)\s?(?:\\limits)?\s?_\s?(?:\{[^{}]*\}|\\?\w)(?!\s?\^)")
_ABOUT = re.compile(r"\\approx|\\simeq|\\cong|≈|≃|≅")
_SET_SIGN = re.compile(r"\\\{|\\\}|\\lbrace|\\rbrace|\\emptyset|\\varnothing|∅")
_TYPED_SET_SIGN = re.compile(r"[{}∅]")
_LAYOUT = re.compile(r"\\[,;:! ]|\\(?:left|right|displaystyle|quad|qquad)(?![A-Za-z])|[\s{}~]")


def rewritten(text: str) -> str:
    """Write what the parser drops in a notation that it reads.

    Raises:
        InputError: There is none.
    """
    text = _ARRAY.sub(r"\\begin{pmatrix}\1\\end{pmatrix}", text)
    if _MATRIX_TRANSPOSED.search(text):
        raise InputError("a transposed matrix cannot be compared")
    text = _TRANSPOSED.sub(r"\1_{p0}", text)
    text = _DERIVATIVE.sub(lambda match: match[1] + "'" * int(match[2]), text)
    text = _NEGATIVE_ROOT.sub(r"(-\\sqrt[\1]{\2})", text)
    text = _BOLD_NUMBER.sub(r"\1", text)
    text = _UPRIGHT_GREEK.sub(r"\1 ", text)
    text = _with_vectors(text)
    text = _ABSOLUTE.sub(r"|\1|", text)
    if _NO_SOLUTION.fullmatch(text):
        return "\\emptyset"
    return _matrix_of_lists(text)


def without_emphasis(text: str) -> str:
    """Return a formula that is bold as a whole without that emphasis."""
    match = _BOLD_FORMULA.fullmatch(text)
    if match is None or not _MORE_THAN_LETTERS.search(match[1]):
        return text
    return match[1].strip()


def _with_vectors(text: str) -> str:
    """Write a bold letter as a vector, but a capital one alone as a choice of several answers."""
    choice = _BOLD_CHOICE.fullmatch(text)
    if choice is not None:
        return choice[1] or choice[2]
    text = _BOLD_SET.sub(lambda match: rf" \mathbb{{{match[1] or match[2]}}}", text)
    return _BOLD_LETTER.sub(lambda match: rf"\vec{{{match[1] or match[2]}}}", text)


def order_of(text: str) -> str:
    """Return how a formula is written, if the order or the nesting of its parts matters.

    The comparison takes products for numbers, and sets of sets for sets, so that formulas that are
    the same for it may differ. Without such parts the text is empty.
    """
    vectors = list(_VECTOR.finditer(text))
    is_product = len(vectors) > 1 and (
        _PRODUCT.search(text) is not None
        or any(not text[one.end() : two.start()].strip() for one, two in pairwise(vectors))
    )
    patterns = (_RAISED_T, _INTEGRAL, _HALF_INTEGRAL, _CROSSED_VECTORS)
    is_special = any(pattern.search(text) for pattern in patterns) or _is_of_letters(text)
    if _BOLD_CHOICE.fullmatch(text):
        return _LAYOUT.sub("", text).replace("(", "").replace(")", "")
    if not (is_product or is_special or _ABOUT.search(text) or _is_nested(text)):
        return ""
    text = _RAISED_T.sub("^T", _ABOUT.sub("≈", text)).replace("∫", "\\int").replace("×", "\\times")
    text = _BOLD_LETTER.sub(lambda match: rf"\vec{{{match[1] or match[2]}}}", text)
    return _LAYOUT.sub("", text)


def _is_of_letters(text: str) -> bool:
    """Return whether a product may be one of vectors, sets or matrices, which has an order."""
    if _CROSSED.fullmatch(text.strip()):
        return True
    return _INVERSE.search(text) is not None and len(set(_CAPITAL.findall(text))) > 1


def _is_nested(text: str) -> bool:
    """Return whether a set is an element of a set."""
    signs = _SET_SIGN if "\\" in text else _TYPED_SET_SIGN
    depth = 0
    for match in signs.finditer(text):
        if match[0] in ("\\{", "\\lbrace", "{"):
            depth += 1
        elif match[0] in ("\\}", "\\rbrace", "}"):
            depth -= 1
        elif depth > 0:
            return True
        if depth > 1:
            return True
    return False


def _matrix_of_lists(text: str) -> str:
    """Write a list of lists as a matrix: ``[[1, 2], [3, 4]]``."""
    match = _NESTED_LIST.fullmatch(text)
    if match is None:
        return text
    rows = [row.split(",") for row in _ROW.findall(match[1])]
    if len({len(row) for row in rows}) != 1:
        return text
    body = "\\\\".join("&".join(row) for row in rows)
    return f"\\begin{{pmatrix}}{body}\\end{{pmatrix}}"
