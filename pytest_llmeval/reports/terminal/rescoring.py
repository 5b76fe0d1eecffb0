"""The changes after a run's answers were judged again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_llmeval.records.rescoring import Rescoring, ScoreChange
from pytest_llmeval.text import and_more, average, count, mean_text, one_line, usd

_WIDTH = 110
_SHOWN = 20
"""Flipped cases in the terminal. The JSON object has all."""


def rescoring_lines(rescoring: Rescoring) -> Iterator[str]:
    """Write the changes for a terminal."""
    amounts = f"{count(rescoring.cases, 'case')}, {count(rescoring.judged, 'score')}"
    yield f"{rescoring.source.id} judged again as {rescoring.run.id}: {amounts}"
    for change in rescoring.scores:
        yield from _change_lines(change)
    yield count(len(rescoring.flips), "outcome") + " changed" + (":" if rescoring.flips else "")
    for case in rescoring.flips[:_SHOWN]:
        reason = f": {case.reason}" if case.reason else ""
        text = f"{case.id}: {case.before} -> {case.after}, {case.scores}{reason}"
        yield f"  {one_line(text, _WIDTH)}"
    if len(rescoring.flips) > _SHOWN:
        yield f"  {and_more(len(rescoring.flips) - _SHOWN)} (--json PATH has all)"
    traffic = rescoring.run.traffic
    more = f" and {count(traffic.unpriced, 'unpriced call')}" if traffic.unpriced else ""
    yield f"{count(traffic.calls, 'call')} made, {usd(traffic.usd)}{more}"
    yield from (f"note: {note.text}" for note in rescoring.notes)


def rescoring_object(rescoring: Rescoring) -> dict[str, Any]:
    """Return the same for ``json.dumps(…, default=fields_of)``."""
    return dict(vars(rescoring))


def _change_lines(change: ScoreChange) -> Iterator[str]:
    values = f"mean {average(change.before)} -> {average(change.after)}"
    difference = f"difference {mean_text(change.difference)}, n={change.difference.n:,}"
    unscored = ""
    if change.unscored_before or change.unscored_after:
        unscored = f", unscored {change.unscored_before} -> {change.unscored_after}"
    yield f"{change.name:<9} {values}, {difference}, {change.changed:,} changed{unscored}"
    before = ", ".join(change.versions_before)
    after = ", ".join(change.versions_after)
    judges = f"by {before} -> {after}" if before != after else f"by the same judge, {after}"
    yield f"{'':<9} {judges}"
