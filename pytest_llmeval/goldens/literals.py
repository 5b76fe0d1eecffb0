"""Lists and objects in the text of a cell: as JSON, Python, pandas, numpy, SQL and R write them.

The reader evaluates nothing: it takes the constants from the syntax tree of the text.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from typing import Any

from pytest_llmeval.goldens.arrays import read_array
from pytest_llmeval.goldens.formats.json_table import DECODER

_BRACKETS = {"[": "]", "(": ")", "{": "}"}
_ADJACENT_TEXTS = re.compile(r"""['"]\s*['"]""")
_CALL = re.compile(
    r"(?:(?:np|numpy|collections)\.)?(?:array|asarray|list|tuple|set|frozenset|deque|dict_keys"
    r"|dict_values)\(|ARRAY\s*\[|c\("
)
"""How a list begins that has a word before its bracket."""

_OF_DATABASES = ("ARRAY", "c(")

_ARRAY = re.compile(r"(?:np\.|numpy\.)?array\(")
_SERIES = re.compile(r"\n(?:Name: .*, )?(?:Length: \d+, )?dtype: \w+\s*\Z")
"""The last line of a pandas Series that was written as text."""

_NAMES = {"None": None, "null": None, "nan": None, "NaN": None, "true": True, "false": False}
_WRAPPERS = frozenset((
    "array", "asarray", "deque", "dict_keys", "dict_values",
    "list", "tuple", "set", "frozenset", "dict", "str_", "bool_", "float16", "float32",
    "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "Timestamp", "Decimal", "UUID",
))  # fmt: skip
"""Types of Python, numpy and pandas whose only argument is the value."""

_EMPTY = frozenset(("list", "tuple", "set", "frozenset"))

_Errors = (ValueError, SyntaxError, MemoryError, RecursionError, tokenize.TokenError)


class UnreadableList(ValueError):
    """A text that looks like a list and cannot be read as one."""


def read_literal(text: str) -> Any:
    """Read a list or an object from the text of a cell; a tuple and a set count as lists.

    Returns:
        The list or the object; ``None`` if the text is an ordinary text.

    Raises:
        UnreadableList: The text looks like a list, and is neither JSON nor a list as Python,
            numpy, SQL or R writes it.
    """
    text = text.strip()
    if _SERIES.search(text):
        raise UnreadableList(text)
    if text[:1] not in _BRACKETS and not _CALL.match(text):
        return None
    if (items := read_array(text)) is not None:
        return items
    if text.startswith(_OF_DATABASES):
        return None
    try:
        document = DECODER.decode(text)
    except (ValueError, RecursionError):
        document = _python_literal(text)
    if isinstance(document, list | dict):
        return document
    if _looks_like_list(text):
        raise UnreadableList(text)
    return None


def without_brackets(text: str) -> str | None:
    """Return what stands in the brackets of ``[a, b]`` or ``{a,b}``; ``None`` for another text."""
    text = text.strip()
    if len(text) < 2 or _BRACKETS.get(text[0]) != text[-1] or not _is_one_bracket(text):
        return None
    return text[1:-1]


def _python_literal(text: str) -> Any:
    """Read a literal of Python or numpy; ``None`` if the text is none."""
    if text[-1] not in _BRACKETS.values():
        return None
    try:
        if _ADJACENT_TEXTS.search(text):
            # Python would join adjacent texts, which numpy writes for two items.
            return _value(_parsed(_with_commas(text)))
        try:
            tree = _parsed(text)
        except SyntaxError:
            tree = _parsed(_with_commas(text))
        return _value(tree)
    except _Errors:
        return None


def _parsed(text: str) -> ast.expr:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown escape in a text stays as it is
        return ast.parse(text, mode="eval").body


def _with_commas(text: str) -> str:
    """Put the commas between items that numpy separates by blanks.

    Raises:
        ValueError: Commas and blanks both separate items, or nothing does.
    """
    pieces: list[str] = []
    # For each open bracket: whether commas, and whether blanks separate its items.
    levels: list[list[bool]] = [[False, False]]
    last_end = (0, 0)
    after_item = False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER):
            continue
        is_closing = token.string in (")", "]", "}")
        is_operator = token.type == tokenize.OP and token.string not in _BRACKETS
        is_call = token.string == "(" and after_item and token.start == last_end
        if token.string == ",":
            levels[-1][0] = True
        elif after_item and not is_operator and not is_call:
            if token.start == last_end:
                raise ValueError("nothing between two items")
            if token.type == tokenize.NAME and token.string not in _NAMES:
                raise ValueError("words without quotes")
            levels[-1][1] = True
            pieces.append(",")
        pieces.append(token.string)
        if token.string in _BRACKETS and token.type == tokenize.OP:
            levels.append([False, False])
        elif is_closing and all(levels.pop()):
            raise ValueError("commas and blanks between items")
        after_item = is_closing or token.type in (tokenize.STRING, tokenize.NUMBER, tokenize.NAME)
        last_end = token.end
    return " ".join(pieces)


def _value(node: ast.expr) -> Any:
    """Return the value of a literal.

    Raises:
        ValueError: The node is no literal.
    """
    if isinstance(node, ast.Constant) and not isinstance(node.value, complex | type(...)):
        value = node.value
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        names = [_value(key) for key in node.keys if key is not None]
        return dict(zip(map(str, names), map(_value, node.values), strict=True))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _value(node.operand)
        if isinstance(number, int | float):
            return -number
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return _NAMES[node.id]
    if isinstance(node, ast.Call) and _name(node.func) in _WRAPPERS and len(node.args) == 1:
        return _value(node.args[0])
    if isinstance(node, ast.Call) and _name(node.func) in _EMPTY and not node.args:
        return []
    raise ValueError("no literal")


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _looks_like_list(text: str) -> bool:
    """Return whether a text was meant to be a list, rather than begins with a bracket by chance."""
    if text[0] != "[":
        return _ARRAY.match(text) is not None
    if text[1:].lstrip()[:1] in ("'", '"', "{"):
        return True
    return text[-1] == "]" and "," in text and _is_one_bracket(text)


def _is_one_bracket(text: str) -> bool:
    """Return whether the bracket at the start closes at the end."""
    depth = 0
    for index, letter in enumerate(text):
        if letter in _BRACKETS:
            depth += 1
        elif letter in _BRACKETS.values():
            depth -= 1
        if depth == 0:
            return index == len(text) - 1
    return False
