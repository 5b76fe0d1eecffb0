r"""The last ``\boxed{…}`` of a text, with what stands before and behind it on its line."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.plain import TEXT_COMMANDS

_LINE = 200
"""Characters before and behind a box that are looked at."""
_SHOWN = 30
"""Characters around a box in a message."""
_NAMES = ("\\boxed", "\\fbox")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_TOKEN = re.compile(r"\s*(\S+)")
_LINE_BREAK = re.compile(r"\n|\\\\")
_WRAPPER = re.compile(
    rf"(?:\\(?:boxed|fbox|{TEXT_COMMANDS}|underline|displaystyle|color\s?\{{\w+\}})\s?)?\{{\s*$"
)
"""The beginning of a group that changes the look alone."""
_CLOSING_BRACE = re.compile(r"\s*\}")
_DISPLAY = re.compile(r"\\[()\[\]]|(?<!\\)\$\$")
_DOLLAR = re.compile(r"(?<!\\)\$")
_LINKS = re.compile(
    r"\\(?:Rightarrow|Longrightarrow|Leftrightarrow|rightarrow|longrightarrow|implies|iff|to"
    r"|therefore|because|leadsto|longmapsto|mapsto|in)(?![A-Za-z])"
)
"""Commands that say that the formula behind them follows."""
_ABOUT = re.compile(r"\\(?:approx|simeq|sim|cong)(?![A-Za-z])")
_PAIR_BEFORE = re.compile(r"[(\[]\s*$")
_PAIR_BEHIND = re.compile(r"\s?[,;]\s?[-\d\\]")
_BLANKS = re.compile(
    r"\\(?:quad|qquad|displaystyle|textstyle|hfill|left\.|right\.|hspace\s?\{[^{}]*\})(?![A-Za-z])"
    r"|\\[,;:! ]|[&~]"
)
_TEXT_GROUP = re.compile(rf"\\(?:{TEXT_COMMANDS})\s?\{{([^{{}}]*)\}}")
_RAISED = re.compile(r"(?<=[A-Za-z]) {1,3}\^")
"""The power of a unit behind a group with its name."""
_EMPHASIS_BEFORE = re.compile(r"(?:(?<![^\s(\"'])[*_`]{1,3}|(?<=:)\*\*\s?)$")
_EMPHASIS_BEHIND = re.compile(r"^([*_`]{1,3})(?![\w*(])")
_CONNECTIVE = re.compile(
    r"[\s$.]*(?:,|;|,?\s(?:and|or|und|oder|et|ou|y|o|e|и|или)\s|:|和|或|と|または)"
    r"[\s$]*(?:[A-Za-z](?:_\w)?\s*=\s*)?"
)
"""What stands between two boxes that are both the answer."""

_OPERATOR_BEFORE = re.compile(
    r"(?:[*/^_\u00d7·÷√∛]|\\(?!text|ge|le|ne|g?t|lt)[A-Za-z]+|\d|(?<![^\W\d_])[A-Za-z\u03b1-\u03c9]"
    r"|[)\]}])$|\d\s+$|\d\S{0,20}\s(?:or|and|oder|ou)\s+$|(?:[\d)\]}]|(?<![^\W\d_])[A-Za-z])\s?[-+\u2212]\s?$"
)
"""What goes on in a box: an operator, a factor, a function."""
_OPERATOR_BEHIND = re.compile(
    r"\s?(?:\^(?!\s?\{?\s?\\circ)|_|!(?=\w)|[*/\u00d7·÷+\u2212-]\s?(?:[\d(\\]|[A-Za-z](?![A-Za-z]))"
    r"|\\(?!text|%|circ|ge|le|ne|g?t|lt|ldots|dots|end|\W)[A-Za-z]+|\d|π|√"
    r"|(?:or|oder|ou)\s+\S{0,20}\d)|[(\[{]"
)
"""What goes on behind a box."""
_SIGN = re.compile(r"[-+\u2212\u2013±∓<>≤≥≠≈!]\s?$|\\(?:ge|le|ne|g?t|lt)q?\w*\s?$")
_LETTER = re.compile(r"[A-Za-z\u03b1-\u03c9]")


@dataclass(frozen=True)
class Box:
    """What stands in a box, and around it.

    Attributes:
        content: The text in the box.
        before: The text before it on its line, without marks of formulas.
        behind: The text behind it.
    """

    content: str
    before: str = ""
    behind: str = ""

    @property
    def has_sign(self) -> bool:
        """Whether a sign or a sign of a comparison stands before it, or a letter touches it."""
        is_touched = _LETTER.match(self.behind) is not None
        return is_touched or _SIGN.search(self.before) is not None


def last_box(text: str) -> Box | None:
    r"""Return the last ``\boxed{…}`` of a text; ``None`` if there is none.

    Raises:
        InputError: Its brace is not closed, as in an answer that was cut off. Or what stands around
            it makes its content a part of the answer only: ``2\boxed{5}``, ``\boxed{5}^2``.
    """
    start, name = max((text.rfind(name), name) for name in _NAMES)
    if start < 0:
        return None
    content, end = _group(text, start + len(name), name)
    if content is None:
        return None
    before, behind = text[max(start - _LINE, 0) : start], text[end : end + _LINE]
    before, behind = _unwrapped(_LINE_BREAK.split(before)[-1], _LINE_BREAK.split(behind)[0])
    _check_single(before, content)
    box = Box(content, *_without_marks(before, behind))
    _check_ends(box)
    return box


def _group(text: str, begin: int, name: str) -> tuple[str | None, int]:
    """Return the content of the group at a position, and where it ends."""
    token = _TOKEN.match(text, begin)
    if token is None:
        return None, begin
    if not token[1].startswith("{"):
        return token[1], token.end()
    depth = 0
    for match in _BRACES.finditer(text, token.start(1)):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return text[token.start(1) + 1 : match.start()], match.end()
    raise InputError(f"the last {name}{{ of the text is not closed")


def _unwrapped(before: str, behind: str) -> tuple[str, str]:
    r"""Take off groups around a box that change its look alone.

    Raises:
        InputError: It stands within another group, as in ``\frac{\boxed{5}}{2}``.
    """
    while match := _WRAPPER.search(before):
        closing = _CLOSING_BRACE.match(behind)
        if closing is None:
            break
        before, behind = before[: match.start()], behind[closing.end() :]
    opened: list[int] = []
    for brace in _BRACES.finditer(before):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            opened.pop()
    for position in opened:
        if not _WRAPPER.search(before[: position + 1]) or before[position - 1 : position] == "}":
            raise InputError(f"{before[-_SHOWN:]!r} before a box is a part of the answer")
    if opened:
        before = before[opened[-1] + 1 :]
    return before, behind


def _check_single(before: str, content: str) -> None:
    r"""Check that no other box stands next to this one: ``\boxed{5} or \boxed{6}``."""
    start, name = max((before.rfind(name), name) for name in _NAMES)
    if start < 0:
        return
    earlier, end = _group(before, start + len(name), name)
    between = _plain(_DISPLAY.sub("", before[end:]))
    if earlier != content and _CONNECTIVE.fullmatch(between):
        raise InputError(f"several boxes stand side by side: {earlier!r} and {content!r}")


def _without_marks(before: str, behind: str) -> tuple[str, str]:
    """Return the text around a box without marks of formulas, of emphasis and of layout."""
    before, behind = _DISPLAY.sub("", before), _DISPLAY.sub("", behind)
    opening, closing = list(_DOLLAR.finditer(before)), _DOLLAR.search(behind)
    is_money = closing is not None and behind[closing.end() : closing.end() + 1].isdigit()
    if len(opening) % 2 and closing is not None and not is_money:
        last = opening.pop()
        before = before[: last.start()] + before[last.end() :]
        behind = behind[: closing.start()] + behind[closing.end() :]
    return _EMPHASIS_BEFORE.sub("", _plain(before)), _EMPHASIS_BEHIND.sub("", _plain(behind))


def _plain(text: str) -> str:
    text = _TEXT_GROUP.sub(r" \1 ", _ABOUT.sub("≈", _LINKS.sub(" = ", text)))
    return _RAISED.sub("^", _BLANKS.sub(" ", text))


def _check_ends(box: Box) -> None:
    """Check that what touches a box is no part of the formula in it."""
    if _OPERATOR_BEFORE.search(box.before):
        raise InputError(f"{box.before[-_SHOWN:]!r} before a box is a part of the answer")
    is_pair = _PAIR_BEFORE.search(box.before) and _PAIR_BEHIND.match(box.behind)
    if is_pair or _OPERATOR_BEHIND.match(box.behind):
        raise InputError(f"{box.behind[:_SHOWN]!r} behind a box is a part of the answer")


def unsigned(box: Box) -> Box:
    """Return a box whose content begins with a minus and a blank without that blank."""
    return replace(box, content=re.sub(r"^\s*([-\u2212\u2013])\s+(?=[\d.$\\])", r"\1", box.content))
