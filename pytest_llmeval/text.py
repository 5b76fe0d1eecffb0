"""What every report asks of a result: who answered, what it cost, which bounds are kept, which scores are numbers."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.records.comparison import Interval


def instant(text: str) -> datetime | None:
    """A time of the records; ``None`` if the text is none."""
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


NONE = "-"
TINY = "about 0"
AGES = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (0, ""))
DIRECTIONS = (
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
)  # change the direction of what follows them
CONTROLS = (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20))
VISIBLE = {
    **{code: chr(0x2400 + code) for code in CONTROLS},
    **{code: f"⟨U+{code:04X}⟩" for code in (*range(0x7F, 0xA0), *DIRECTIONS)},
}


def visible(text: str) -> str:
    """The text with a sign in place of each character that could hide or reorder others, or steer a terminal."""
    return text.translate(VISIBLE)


def printed(text: str) -> str:
    """The text as it may be printed: visible, and without what GitHub's runner obeys anywhere in a line."""
    return visible(text).replace("##[", "## [")


def one_line(text: str, width: int) -> str:
    """The text on one line of at most ``width`` characters."""
    flat = printed(" ".join(text.split()))
    return flat if len(flat) <= width else f"{flat[: width - 3]}..."


def count(amount: int, thing: str) -> str:
    """An amount of things: ``1 case``, ``1,204 cases``."""
    return f"{amount:,} {thing}{'' if amount == 1 else 's'}"


def number(value: float | None) -> str:
    """A score: four significant digits, from ten thousand on all of its whole part."""
    if value is None:
        return NONE
    if 0 < abs(value) < 0.0001:
        return TINY
    return f"{value:,.0f}" if abs(value) >= 9_999.5 else f"{value:.4g}"


def average(value: float | None) -> str:
    """A mean or one of its bounds: two decimals, more only where all would be zeros, none from ten thousand on."""
    if value is None:
        return NONE
    if abs(value) >= 10_000:
        return f"{value:,.0f}"
    if abs(value) >= 0.1 or value == 0:
        return f"{value:,.2f}"
    return f"{value:.2g}" if abs(value) >= 0.0001 else TINY


def mean_text(interval: Interval) -> str:
    """A mean with its interval: ``4.27 [4.10, 4.44]``."""
    bounds = "" if interval.low is None else f" [{average(interval.low)}, {average(interval.high)}]"
    return average(interval.estimate) + bounds


def percent(value: float | None) -> str:
    """A proportion: ``96.7%``, and ``100%`` only where it is all."""
    return NONE if value is None else "100%" if value == 1 else f"{min(value, 0.999):.1%}"


def rate_text(interval: Interval) -> str:
    """A proportion with its interval: ``96.7% [91.2%, 98.9%]``."""
    bounds = "" if interval.low is None else f" [{percent(interval.low)}, {percent(interval.high)}]"
    return percent(interval.estimate) + bounds


def usd(amount: float) -> str:
    """US dollars, to the cent from one dollar on, to two significant digits below."""
    if amount >= 1 or amount == 0:
        return f"${amount:,.2f}"
    return (
        f"${amount:.4f}"
        if amount >= 0.01
        else f"${amount:.2g}"
        if amount >= 1e-4
        else f"${amount:.6f}"
    )


def seconds(value: float | None) -> str:
    """A duration, in the unit that suits it."""
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
    """How long before ``now`` something was, in whole units: ``3 days``; empty if either is no time."""
    made, seen = instant(then), instant(now)
    if made is None or seen is None:
        return ""
    past_s = max((seen - made).total_seconds(), 0)
    unit_s, unit = next(pair for pair in AGES if past_s >= pair[0])
    return count(int(past_s // unit_s), unit) if unit_s else "less than a minute"


def moment(text: str) -> str:
    """A time of the records, to the minute; as it is if it is none."""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M %Z").strip()
    except ValueError:
        return text
