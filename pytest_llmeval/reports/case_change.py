"""What became of a case since a baseline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pytest_llmeval.reports.facts import finite
from pytest_llmeval.reports.summary import FIRST_SCORE
from pytest_llmeval.results import Before, CaseResult

Change = Literal["lost", "gained", "flipped", "worse", "better", "reworded", "same", "new"]
"""``lost``: it passed before and fails now. ``flipped``: its outcome changed in another way. ``reworded``: only its
answer changed. ``new``: the baseline does not say."""

FLIPS: tuple[Change, ...] = ("lost", "gained", "flipped")
FAILED = ("failed", "xfailed")
DUST = 1e-9  # a mean over samples may differ by less


def change_of(result: CaseResult, before: Before | None) -> Change:
    """What became of a case. Where its outcome stayed, the first score that moved decides, the rubric's before others.

    Args:
        result: The case now.
        before: What the baseline says of it; ``None``: nothing.
    """
    if before is None:
        return "new"
    if before.outcome and before.outcome != result.outcome:
        if before.outcome == "passed" and result.outcome in FAILED:
            return "lost"
        return "gained" if before.outcome in FAILED and result.outcome == "passed" else "flipped"
    for gain in _gains(result, before):
        return "better" if gain > 0 else "worse"
    answer = result.completion.text if result.completion else None
    return "same" if before.answer is None or before.answer == answer else "reworded"


def _gains(result: CaseResult, before: Before) -> Iterator[float]:
    """How much each score that moved has gained, below 0 where it is worse."""
    for score in sorted(result.scores, key=lambda score: score.name != FIRST_SCORE):
        now, then = finite(score).value, before.scores.get(score.name)
        if now is not None and then is not None and then.value is not None and abs(now - then.value) > DUST:
            yield now - then.value if score.scale.higher_is_better else then.value - now
