"""What a result file of another tool says about its scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_llmeval.gating.sampling import Sampling


@dataclass(frozen=True)
class Method:
    """How a run made the score of a case.

    Attributes:
        sampling: How its answers were taken, as planned, and put together.
        options: Options of the scorer as text; ``None`` if they are unknown.
    """

    sampling: Sampling
    options: str | None = None


@dataclass(frozen=True)
class FileFacts:
    """What a result file of any tool says about its scores.

    Attributes:
        methods: How they were made, by metric; none if that is unknown.
        texts: Columns that are no scores because of their texts, with their number of numbers.
        notes: Cells that are no scores, in words.
        repeats: Number of results by the id of the case.
        left_out: Columns of numbers that are no scores by their names.
    """

    methods: Mapping[str, Method] = field(default_factory=dict)
    texts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    repeats: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
