"""What a list of judges says of one kind, and how a judge of it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_llmeval.protocols import Scorer
from pytest_llmeval.records import Scale

FAMILY = "judge"


@dataclass(frozen=True)
class Kind:
    """One kind of judge.

    Attributes:
        name: What thresholds, markers and reports call it.
        make: Makes a judge from `Means` and the kind's parameters, which are annotated keywords.
        scale: Range and direction of its scores.
        about: What the number says, in a line.
        source: Who published the protocol.
        family: Heading in the list of metrics.
        only: What to do where parts or parameters are asked for that a metric of the same name has, and the kind not.
    """

    name: str
    make: Callable[..., Scorer]
    scale: Scale
    about: str
    source: str
    family: str = FAMILY
    only: str = ""
