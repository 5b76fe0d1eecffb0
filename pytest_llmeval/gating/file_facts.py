"""What a result file of another tool says about its scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_llmeval.text import count

MEAN = "mean"


@dataclass(frozen=True)
class Method:
    """How a run made the score of a case.

    Attributes:
        reducer: What made one value of the case's samples.
        samples: Samples of a case, as they were planned.
        options: Options of the scorer as text; ``None`` if they are unknown.
    """

    reducer: str = MEAN
    samples: int = 1
    options: str | None = None

    @property
    def effective_reducer(self) -> str:
        """The reducer, which makes no difference for a single sample."""
        return self.reducer if self.samples > 1 else MEAN

    @property
    def value(self) -> str:
        """What the value of a case is, in words."""
        return f"the {self.effective_reducer} of {count(self.samples, 'sample')}"

    def is_like(self, method: Method) -> bool:
        """Return whether the values of two runs estimate the same quantity."""
        if self.effective_reducer != method.effective_reducer:
            return False
        # The best of five is more than the best of three; their means differ by chance alone.
        return self.effective_reducer == MEAN or self.samples == method.samples


@dataclass(frozen=True)
class FileFacts:
    """What a result file of any tool says about its scores.

    Attributes:
        methods: How they were made, by metric; none if that is unknown.
        texts: Columns that are no scores because of their texts, with their number of numbers.
        notes: Cells that are no scores, in words.
    """

    methods: Mapping[str, Method] = field(default_factory=dict)
    texts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
