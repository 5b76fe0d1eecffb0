"""How the answers of a case were taken and put together, which two runs must share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from pytest_llmeval.text import count

SAMPLES, REDUCER, ANSWER_PATTERN = "samples", "reducer", "answer_pattern"
"""Subjects of the basis of a result (`cases.basis`)."""

_MEAN = "mean"
_NONE = "none"


class Sampling(NamedTuple):
    """How the answers of a case were taken and put together.

    Attributes:
        samples: Number of answers.
        reducer: What reduces their scores to one; that of a single one is its mean.
        pattern: The pattern that takes the answer out of a reply; empty for none.
    """

    samples: int = 1
    reducer: str = _MEAN
    pattern: str = ""

    @classmethod
    def of(cls, samples: int, reducer: str, pattern: str | None) -> Sampling:
        """Return the sampling of some settings."""
        name = reducer.strip().lower()
        return cls(samples, name if samples > 1 else _MEAN, pattern or "")

    @property
    def reduction(self) -> tuple[int, str]:
        """What a score of the case rests on."""
        return self.samples, self.reducer

    @property
    def is_mean(self) -> bool:
        """Whether the expected score is the same for any number of samples."""
        return self.reducer == _MEAN

    def basis(self) -> dict[str, str]:
        """Write it as subjects of a basis."""
        pattern = json.dumps(self.pattern, ensure_ascii=False) if self.pattern else _NONE
        return {SAMPLES: str(self.samples), REDUCER: self.reducer, ANSWER_PATTERN: pattern}

    def reduction_text(self) -> str:
        """Write the number of samples and the reducer: ``3 samples, min``."""
        samples = count(self.samples, "sample")
        return f"{samples}, {self.reducer}" if self.samples > 1 else samples


def sampling_of(basis: Mapping[str, str]) -> Sampling | None:
    """Read the sampling from a basis; ``None`` if it does not say."""
    samples, reducer = basis.get(SAMPLES, ""), basis.get(REDUCER, "")
    pattern = basis.get(ANSWER_PATTERN, "")
    if not samples.isdecimal() or not reducer or not pattern:
        return None
    return Sampling(int(samples), reducer, "" if pattern == _NONE else str(json.loads(pattern)))


def differs_in_reduction(old: Sampling | None, new: Sampling | None) -> bool:
    """Return whether two samplings are known to differ in number or reducer."""
    return old is not None and new is not None and old.reduction != new.reduction


def differs_in_pattern(old: Sampling | None, new: Sampling | None) -> bool:
    """Return whether two samplings are known to differ in the pattern of the answer."""
    return old is not None and new is not None and old.pattern != new.pattern


def sampling_change(old: Sampling | None, new: Sampling | None) -> str:
    """Write what differs between two samplings; empty if nothing is known to."""
    if old is None or new is None:
        return ""
    parts = []
    if old.reduction != new.reduction:
        parts.append(f"{old.reduction_text()} -> {new.reduction_text()}")
    if old.pattern != new.pattern:
        before, after = (pattern or _NONE for pattern in (old.pattern, new.pattern))
        parts.append(f"answer pattern {before} -> {after}")
    return ", ".join(parts)
