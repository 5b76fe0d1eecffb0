"""How the samples of a case did, in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_llmeval.records.result import CaseResult, Sample


def asked_for(samples: Iterable[Sample]) -> list[Sample]:
    """The samples that were asked for, without those that the test of a case that must pass has drawn."""
    return [sample for sample in samples if not sample.is_draw]


def met_count(samples: Iterable[Sample]) -> tuple[int, int]:
    """How many samples meet every threshold, of how many for which that is known."""
    known = [sample.met for sample in asked_for(samples) if sample.met is not None]
    return sum(known), len(known)


def kept_text(samples: Sequence[Sample]) -> str:
    """``3 of 5 kept``; empty where there are no several samples, or nothing is known of them."""
    (kept, known), many = met_count(samples), len(asked_for(samples))
    if many < 2 or not known:
        return ""
    return f"{kept} of {known} kept" + (f", {many - known} not judged" if known < many else "")


def drawn_text(samples: Iterable[Sample]) -> str:
    """``2 of 9 further samples miss a bound``; empty where the case is none that must pass, or missed none itself."""
    draws = [sample.met for sample in samples if sample.is_draw]
    return f"{draws.count(False)} of {len(draws)} further samples miss a bound" if draws else ""


def flicker_text(result: CaseResult) -> str:
    """That a case which must pass has missed a bound and is fine all the same; else empty."""
    drawn = drawn_text(result.samples) if result.outcome == "passed" else ""
    return f"flickers: settled as fine, {drawn}" if drawn else ""
