"""What every report asks of a result: who answered, what it cost, which bounds are kept, which scores are numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_llmeval.records.result import CaseResult, Sample
from pytest_llmeval.records.score import Score, finite
from pytest_llmeval.records.threshold import COMPARISONS, Threshold

WORST_FIRST = (False, None, True)


@dataclass(frozen=True)
class Check:
    """One threshold and what became of it.

    Attributes:
        threshold: The bound.
        score: The Score that decides; ``None`` if none was taken.
        value: The number compared; ``None`` if there is none.
        met: Whether the bound is kept; ``None`` if that could not be decided.
    """

    threshold: Threshold
    score: Score | None
    value: float | None
    met: bool | None


def asked_for(samples: Iterable[Sample]) -> list[Sample]:
    """The samples that were asked for, without those that the test of a case that must pass has drawn."""
    return [sample for sample in samples if not sample.is_draw]


def kept_count(samples: Iterable[Sample]) -> tuple[int, int]:
    """How many samples keep every bound, of how many for which that is known."""
    known = [sample.kept for sample in asked_for(samples) if sample.kept is not None]
    return sum(known), len(known)


def kept_text(samples: Sequence[Sample]) -> str:
    """``3 of 5 kept``; empty where there are no several samples, or nothing is known of them."""
    (kept, known), many = kept_count(samples), len(asked_for(samples))
    if many < 2 or not known:
        return ""
    return f"{kept} of {known} kept" + (f", {many - known} not judged" if known < many else "")


def drawn_text(samples: Iterable[Sample]) -> str:
    """``2 of 9 further samples miss a bound``; empty where the case is none that must pass, or missed none itself."""
    draws = [sample.kept for sample in samples if sample.is_draw]
    return f"{draws.count(False)} of {len(draws)} further samples miss a bound" if draws else ""


def flicker_text(result: CaseResult) -> str:
    """That a case which must pass has missed a bound and is fine all the same; else empty."""
    drawn = drawn_text(result.samples) if result.outcome == "passed" else ""
    return f"flickers: settled as fine, {drawn}" if drawn else ""


def checks(result: CaseResult) -> Iterator[Check]:
    """What became of each threshold of a result, in their order.

    A test may score several answers. The bound is on each of them, so the worst one decides.
    """
    for threshold in result.thresholds:
        found = [_check(threshold, score) for score in _bounded(threshold, result)]
        yield min(
            found,
            key=lambda check: WORST_FIRST.index(check.met),
            default=Check(threshold, None, None, None),
        )


def _bounded(threshold: Threshold, result: CaseResult) -> list[Score]:
    """The scores of a threshold's metric; where it is bounded with several sets of arguments, the n-th for the n-th."""
    scores = [score for score in result.scores if score.name == threshold.metric]
    arguments: list[object] = []
    for other in result.thresholds:
        if other.metric == threshold.metric and other.params not in arguments:
            arguments.append(other.params)
    place = arguments.index(threshold.params)
    return scores if len(arguments) == 1 else scores[place : place + 1]


def _check(threshold: Threshold, score: Score) -> Check:
    value = finite(score).value
    met = None if value is None else COMPARISONS[threshold.comparison](value, threshold.bound)
    return Check(threshold, score, value, met)
