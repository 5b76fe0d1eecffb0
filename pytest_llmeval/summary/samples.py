"""The samples of a case, counted and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_llmeval.records.result import CaseResult, Sample, requested_samples


def met_count(samples: Iterable[Sample]) -> tuple[int, int]:
    """Count the samples that meet every threshold, and the samples where that is known."""
    known = [sample.met for sample in requested_samples(samples) if sample.met is not None]
    return sum(known), len(known)


def is_voted(samples: Iterable[Sample]) -> bool:
    """Return whether a vote has left all samples but one unjudged, which says nothing of them."""
    requested = requested_samples(samples)
    unjudged = sum(not (sample.scores or sample.error) for sample in requested)
    judged = sum(bool(sample.scores) for sample in requested)
    return unjudged > 0 and judged == 1


def met_text(samples: Sequence[Sample]) -> str:
    """Write ``3 of 5 met``; empty without several samples or any known result."""
    met, known = met_count(samples)
    requested = len(requested_samples(samples))
    if requested < 2 or not known:
        return ""
    unjudged = f", {requested - known} not judged" if known < requested else ""
    return f"{met} of {known} met{unjudged}"


def extra_text(samples: Iterable[Sample]) -> str:
    """Write ``2 of 9 further samples missed a threshold``; empty without further samples."""
    draws = _draws(samples)
    if not draws:
        return ""
    return f"{draws.count(False)} of {len(draws)} further samples missed a threshold"


def flaky_text(result: CaseResult) -> str:
    """Describe a passed case that must pass but missed a threshold; empty otherwise."""
    draws = _draws(result.samples)
    if result.outcome != "passed" or not draws:
        return ""
    missed = f"{draws.count(False)} of {len(draws)} missed a threshold"
    return f"flaky: passed on further samples; {missed}"


def _draws(samples: Iterable[Sample]) -> list[bool | None]:
    """Return whether each extra sample of a case that must pass meets every threshold."""
    return [sample.met for sample in samples if sample.is_draw]
