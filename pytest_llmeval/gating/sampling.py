"""How the answers of a case were taken and put together, which two runs must share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from pytest_llmeval.text import count

_SAMPLES, _REDUCER, _ANSWER_PATTERN = "samples", "reducer", "answer_pattern"
"""Subjects of the basis of a result (`cases.basis`)."""

MEAN = "mean"
_NONE = "none"


class Sampling(NamedTuple):
    """How the answers of a case were taken and put together.

    Attributes:
        samples: Number of answers.
        reducer: What reduces their scores to one; that of a single one is its mean.
        pattern: The pattern that takes the answer out of a reply; empty for none.
    """

    samples: int = 1
    reducer: str = MEAN
    pattern: str = ""

    @classmethod
    def of(cls, samples: int, reducer: str = MEAN, pattern: str | None = None) -> Sampling:
        """Return the sampling of some settings."""
        name = reducer.strip().lower()
        return cls(samples, name if samples > 1 else MEAN, pattern or "")

    @property
    def reduction(self) -> tuple[int, str]:
        """What a score of the case rests on."""
        return self.samples, self.reducer

    @property
    def is_mean(self) -> bool:
        """Whether the expected score is the same for any number of samples."""
        return self.reducer == MEAN

    @property
    def quantity(self) -> str:
        """What a score of the case is, in words."""
        return f"the {self.reducer} of {count(self.samples, 'sample')}"

    def is_like(self, sampling: Sampling) -> bool:
        """Return whether the scores of two samplings estimate the same quantity."""
        if self.reducer != sampling.reducer:
            return False
        # The best of five is more than the best of three; their means differ by chance alone.
        return self.is_mean or self.samples == sampling.samples

    def basis(self) -> dict[str, str]:
        """Write it as subjects of a basis."""
        pattern = json.dumps(self.pattern, ensure_ascii=False) if self.pattern else _NONE
        return {_SAMPLES: str(self.samples), _REDUCER: self.reducer, _ANSWER_PATTERN: pattern}

    def reduction_text(self) -> str:
        """Write the number of samples and the reducer: ``3 samples, min``."""
        samples = count(self.samples, "sample")
        return f"{samples}, {self.reducer}" if self.samples > 1 else samples


def sampling_of(basis: Mapping[str, str]) -> Sampling | None:
    """Read the sampling from a basis; ``None`` if it does not say."""
    samples, reducer = basis.get(_SAMPLES, ""), basis.get(_REDUCER, "")
    pattern = basis.get(_ANSWER_PATTERN, "")
    if not samples.isdecimal() or not reducer or not pattern:
        return None
    if pattern == _NONE:
        return Sampling(int(samples), reducer)
    try:
        return Sampling(int(samples), reducer, str(json.loads(pattern)))
    except ValueError:
        return None


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
