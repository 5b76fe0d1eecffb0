"""Lists in the text of a cell as databases and R write them: ``{a,"b, c"}``, ``c("a")``."""

from __future__ import annotations

import re

_CALL = re.compile(r"(?:ARRAY\s*\[(.*)\]|c\((.*)\))", re.DOTALL)
_ITEM = re.compile(
    r"""\s*(?:'(?P<single>(?:[^']|'')*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<nothing>NULL|NA)"""
    r"""|(?P<number>-?\d+(?:\.\d+)?))\s*(?:,|\Z)""",
    re.DOTALL,
)
_BRACES = re.compile(r"\{(.*)\}", re.DOTALL)
_TYPE = re.compile(r"\w+(?:\[\])?")
_ITEM_IN_BRACES = re.compile(
    # PostgreSQL puts quotes around a text with a comma, and no blank behind a comma.
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,{}"'\\:=;()][^,{}"\\:=;()\n]*))(?:,|\Z)""",
    re.DOTALL,
)
_WORD = re.compile(r"[^\W\d_][^\W_]")
"""Two letters, which the name of a variable in a mathematical set does not have."""


def read_array(text: str) -> list[str] | None:
    """Read a list of SQL or R with a text in quotes; ``None`` for another text."""
    text = _without_cast(text)
    call = _CALL.fullmatch(text)
    if call is not None:
        items = _items(_ITEM, call[1] if call[2] is None else call[2])
        return items if items and re.search("['\"]", text) else None
    braces = _BRACES.fullmatch(text)
    if braces is None or '"' not in text:
        return None
    return _items(_ITEM_IN_BRACES, braces[1]) or None


def read_words(text: str) -> list[str] | None:
    """Read words in braces, as PostgreSQL writes a list; ``None`` for another text."""
    braces = _BRACES.fullmatch(_without_cast(text))
    items = _items(_ITEM_IN_BRACES, braces[1]) if braces else None
    return items if items and all(map(_WORD.search, items)) else None


def _without_cast(text: str) -> str:
    """Return a text without the type of PostgreSQL at its end: ``'{a,b}'::text[]``."""
    value, mark, name = text.rpartition("::")
    return value.strip() if mark and _TYPE.fullmatch(name.strip()) else text.strip()


def _items(pattern: re.Pattern[str], inner: str) -> list[str] | None:
    """Return the items between brackets; ``None`` if something stands between them."""
    items: list[str] = []
    end = 0
    while end < len(inner):
        item = pattern.match(inner, end)
        if item is None:
            return None
        end = item.end()
        groups = item.groupdict()
        if groups.get("single") is not None:
            items.append(groups["single"].replace("''", "'"))
        elif groups.get("double") is not None:
            items.append(re.sub(r"\\(.)", r"\1", groups["double"]))
        elif not groups.get("nothing") and groups.get("bare") != "NULL":
            items.append((groups.get("number") or groups.get("bare") or "").strip())
    return items
