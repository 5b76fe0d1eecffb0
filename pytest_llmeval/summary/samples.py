"""The samples of a case, counted and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_llmeval.records.result import CaseResult, Sample


def requested_samples(samples: Iterable[Sample]) -> list[Sample]:
    """Return the requested samples, without the extra ones of a case that must pass."""
    return [sample for sample in samples if not sample.is_draw]


def met_count(samples: Iterable[Sample]) -> tuple[int, int]:
    """Count the samples that meet every threshold, and the samples where that is known."""
    known = [sample.met for sample in requested_samples(samples) if sample.met is not None]
    return sum(known), len(known)


def met_text(samples: Sequence[Sample]) -> str:
    """Write ``3 of 5 met``; empty without several samples or any known result."""
    met, known = met_count(samples)
    requested = len(requested_samples(samples))
    if requested < 2 or not known:
        return ""
    unjudged = f", {requested - known} not judged" if known < requested else ""
    return f"{met} of {known} met{unjudged}"


def extra_text(samples: Iterable[Sample]) -> str:
    """Write ``2 of 9 further samples miss a bound``; empty without further samples."""
    draws = [sample.met for sample in samples if sample.is_draw]
    if not draws:
        return ""
    return f"{draws.count(False)} of {len(draws)} further samples miss a bound"


def flicker_text(result: CaseResult) -> str:
    """Describe a passed case that must pass but missed a bound; empty otherwise."""
    extra = extra_text(result.samples) if result.outcome == "passed" else ""
    return f"flickers: settled as fine, {extra}" if extra else ""
