"""The text of counts, numbers, proportions, money and times, for every report and message."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from pytest_llmeval.records.interval import Interval

NONE = "-"
TINY = "about 0"
MINUS = "\u2212"


class Precision(NamedTuple):
    """The format of numbers of some size.

    Attributes:
        at_least: Smallest absolute value of this format.
        style: ``fixed``: a number of decimals. ``significant``: a number of digits, without
            trailing zeros.
        digits: The number of decimals or digits.
    """

    at_least: float
    style: Literal["fixed", "significant"]
    digits: int


FORMATS: Mapping[str, tuple[Precision, ...]] = {
    "number": (Precision(9_999.5, "fixed", 0), Precision(0.0001, "significant", 4)),
    "average": (
        Precision(10_000, "fixed", 0),
        Precision(0.1, "fixed", 2),
        Precision(0.0001, "significant", 2),
    ),
    "usd": (
        Precision(1, "fixed", 2),
        Precision(0.01, "fixed", 4),
        Precision(0.0001, "significant", 2),
        Precision(0, "fixed", 6),
    ),
}
"""Formats by kind of number, the largest values first. A smaller number is written as `TINY`.

The script of the HTML report reads this table, so the page writes numbers as Python does.
"""

ZEROS: Mapping[str, str] = {"number": "0", "average": "0.00", "usd": "0.00"}
"""The text of zero by kind of number."""

_AGES = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (0, ""))
# These characters change the direction of the text that follows them.
_DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROLS = (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20))
_VISIBLE = {
    **{code: chr(0x2400 + code) for code in _CONTROLS},
    **{code: f"⟨U+{code:04X}⟩" for code in (*range(0x7F, 0xA0), *_DIRECTIONS)},
}
_QUOTED = re.compile('"[^"]*"')
INVISIBLE = (
    "\\x00-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Characters that show nothing and are no white space, for a class of a regular expression.

Control characters, what Unicode ignores by default, fillers of Hangul, an empty Braille cell.
"""

_SHOWN = re.compile(rf"[^\s{INVISIBLE}]")

_CI_COMMAND = re.compile(r"##(?=\w*\[)")
"""Begins a command to the runner of GitHub, Azure or TeamCity: ``##[error]``, ``##vso[``."""


def instant(text: str) -> datetime | None:
    """Parse a time of the records. Return ``None`` for a text that is not a time."""
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def timestamp() -> str:
    """Return the current time in the format of the records: ISO 8601, UTC, milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def shows_something(text: str) -> bool:
    """Return whether a text has a character that a reader sees."""
    return _SHOWN.search(text) is not None


def is_blank(text: str) -> bool:
    """Return whether a text shows nothing: white space, characters without width, or empty."""
    return not shows_something(text)


def visible(text: str) -> str:
    """Replace characters that could reorder text or control a terminal with visible signs."""
    return text.translate(_VISIBLE)


def printed(text: str) -> str:
    """Return a printable text: visible, and without a command that a CI obeys in a line."""
    return _CI_COMMAND.sub("## ", visible(text))


def harmless(text: str) -> str:
    """Return a text for lines of its own, none of which a terminal or a CI obeys."""
    lines = printed(text).splitlines()
    safe = "\n".join(f"| {line}" if line.lstrip().startswith("::") else line for line in lines)
    return f"{safe}\n" if text.endswith(("\n", "\r")) else safe


def one_line(text: str, width: int) -> str:
    """Return the text on one line of at most ``width`` characters."""
    flat = printed(" ".join(text.split()))
    return flat if len(flat) <= width else f"{flat[: width - 3]}..."


def separated_items(text: str) -> list[str]:
    """The items of a list with semicolons or, where it has none, with commas between them.

    Raises:
        ValueError: A quote is not closed, or text follows it.
    """
    unquoted = _QUOTED.sub("", text)
    return quoted_items(text, ";" if ";" in unquoted else ",")


def quoted_items(text: str, separator: str = ",") -> list[str]:
    """The items of a list in a text; an item in double quotes may hold the separator.

    Inside the quotes, ``""`` and a backslash before it stand for a quote. Empty items are left out.

    Raises:
        ValueError: A quote is not closed, or text follows it.
    """
    mark = re.escape(separator)
    quoted = r'"((?:[^"\\]|\\["\\]|\\(?!["\\])|"")*)"\s*'
    item = re.compile(rf'\s*(?:{quoted}|((?!")[^{mark}]*))(?:{mark}|\Z)')
    items: list[str] = []
    position = 0
    while position < len(text):
        match = item.match(text, position)
        if match is None:
            raise ValueError(f"a quote that is not closed, or text behind it: {text[position:]!r}")
        if match[1] is not None:
            items.append(re.sub(r'\\(["\\])|"(")', r"\1\2", match[1]))
        elif match[2].strip():
            items.append(match[2].strip())
        position = match.end()
    return items


def count(amount: int, thing: str) -> str:
    """Write an amount of things: ``1 case``, ``1,204 cases``."""
    return f"{amount:,} {thing}{'' if amount == 1 else 's'}"


def first_of(names: Sequence[str], most: int) -> str:
    """Join the first names, and write the number of the rest: ``a, b and 3 more``."""
    text = ", ".join(names[:most])
    return f"{text} {and_more(len(names) - most)}" if len(names) > most else text


def and_more(amount: int, thing: str = "") -> str:
    """Write the length of the rest of a list: ``and 3 more``, ``and 1,204 more cases``."""
    if not thing:
        return f"and {amount:,} more"
    return f"and {amount:,} more {thing}{'' if amount == 1 else 's'}"


def _written(value: float, kind: str) -> str:
    if value == 0:
        return ZEROS[kind]
    for precision in FORMATS[kind]:
        if abs(value) >= precision.at_least:
            if precision.style == "fixed":
                return f"{value:,.{precision.digits}f}"
            return f"{value:.{precision.digits}g}"
    return TINY


def number(value: float | None) -> str:
    """Write a score in four significant digits. From ten thousand on, write its whole part."""
    return NONE if value is None else _written(value, "number")


def average(value: float | None) -> str:
    """Write a mean or one of its bounds in two decimals. Use more if both would be zero."""
    return NONE if value is None else _written(value, "average")


def mean_text(interval: Interval) -> str:
    """Write a mean with its interval: ``4.27 [4.10, 4.44]``."""
    bounds = "" if interval.low is None else f" [{average(interval.low)}, {average(interval.high)}]"
    return average(interval.estimate) + bounds


def percent(value: float | None) -> str:
    """Write a proportion: ``96.7%``. Only 1 is ``100%``."""
    if value is None:
        return NONE
    return "100%" if value == 1 else f"{min(value, 0.999):.1%}"


def level(value: float) -> str:
    """Write a confidence level: ``95%``."""
    return f"{100 * value:g}%"


def rate_text(interval: Interval) -> str:
    """Write a proportion with its interval: ``96.7% [91.2%, 98.9%]``."""
    bounds = "" if interval.low is None else f" [{percent(interval.low)}, {percent(interval.high)}]"
    return percent(interval.estimate) + bounds


def points(value: float | None, signed: bool = True) -> str:
    """Write a share of a scale in points, which are hundredths of it: ``+5.3``."""
    if value is None:
        return NONE
    sign = "+" if signed else ""
    return f"{100 * value:{sign}.1f}".replace("-", MINUS)


def change_text(change: float | None) -> str:
    """Write a change of a score: ``dropped 12.0 points``, ``no change``."""
    if not change:
        return "no change"
    return f"{'dropped' if change < 0 else 'rose'} {points(abs(change), signed=False)} points"


def margin_text(margin: float) -> str:
    """Write a margin: ``2 points``."""
    written = f"{100 * margin:g}"
    return f"{written} point{'' if written == '1' else 's'}"


def p_value(value: float | None) -> str:
    """Write a p-value: ``0.0014``."""
    if value is None:
        return NONE
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def p_text(value: float | None) -> str:
    """Write a p-value for a sentence: ``p = 0.0014``."""
    if value is None:
        return "p unknown"
    return f"p {p_value(value)}" if value < 0.0001 else f"p = {p_value(value)}"


def usd(amount: float) -> str:
    """Write US dollars: to the cent from one dollar on, below with more digits."""
    return f"${_written(amount, 'usd')}"


def seconds(value: float | None) -> str:
    """Write a duration in milliseconds, seconds, minutes or hours."""
    if value is None:
        return NONE
    if value < 1:
        return f"{1000 * value:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def age(then: str, now: str) -> str:
    """Write the time from ``then`` to ``now``: ``3 days``. Empty if either is not a time."""
    start = instant(then)
    end = instant(now)
    if start is None or end is None:
        return ""
    past_s = max((end - start).total_seconds(), 0)
    unit_s, unit = next(pair for pair in _AGES if past_s >= pair[0])
    return count(int(past_s // unit_s), unit) if unit_s else "less than a minute"


def moment(text: str) -> str:
    """Write a time of the records to the minute. Any different text stays unchanged."""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M %Z").strip()
    except ValueError:
        return text
