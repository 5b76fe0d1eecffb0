"""The judge ``context_precision``: are the useful contexts there, and do they stand before the others?

Average precision over the ranks: ``Σ_k precision@k · v_k / Σ_k v_k``, where ``v_k`` is 1 if the context at rank k is
useful; 0 if none is. Source: Ragas (arXiv 2309.15217; context precision of its documentation).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pytest_llmeval.judges import claims
from pytest_llmeval.judges.blocks import Block, context_blocks, contexts_of
from pytest_llmeval.judges.kind import Kind
from pytest_llmeval.judges.means import Means
from pytest_llmeval.judges.retrieval import NO_CONTEXTS
from pytest_llmeval.records import UNIT_SCALE, Case, Completion, Scale, Score

NAME = "context_precision"


@dataclass(frozen=True)
class ContextPrecisionJudge:
    """Asks of all contexts at once which are useful. The answer is not shown: it cannot speak for them.

    Attributes:
        means: Who is asked, and how.
    """

    means: Means

    @property
    def name(self) -> str:
        """Always ``context_precision``."""
        return NAME

    @property
    def scale(self) -> Scale:
        """From 0 to 1, higher is better."""
        return UNIT_SCALE

    @cached_property
    def version(self) -> str:
        """Fingerprint of judge model, provider, prompts, parameters and protocol."""
        return claims.version_of(NAME, self.means)

    async def score(self, case: Case, completion: Completion) -> Score:
        """The average precision of the contexts in their order.

        Raises:
            CallError: The first call gave no completion.
        """
        contexts = contexts_of(case, completion)
        if not contexts:
            return Score(NAME, None, UNIT_SCALE, version=self.version, error=NO_CONTEXTS)
        expected = [Block("expected", case.expected or "", is_marked=False)] if (case.expected or "").strip() else []
        shown = [*expected, *context_blocks(contexts)]
        task = f"Judge each of the {len(contexts)} contexts."
        judged = await claims.verdicts_on(NAME, self.means, case, shown, len(contexts), task)
        useful = judged.value
        return Score(
            NAME,
            None if useful is None else average_precision(useful),
            UNIT_SCALE,
            "" if useful is None else _reason(useful),
            self.version,
            error=judged.error or None,
            raw=judged.raw,
            parts={} if useful is None else {"contexts": float(len(useful)), "useful": float(sum(useful))},
            calls=judged.calls,
        )


def average_precision(useful: Sequence[bool]) -> float:
    """The mean, over the useful ranks, of the share of useful ones up to there; 0 if none is.

    Args:
        useful: For each rank, from the first, whether what stands there is useful.
    """
    precisions = (sum(useful[:rank]) / rank for rank, is_useful in enumerate(useful, 1) if is_useful)
    return math.fsum(precisions) / sum(useful) if any(useful) else 0.0


def _reason(useful: Sequence[bool]) -> str:
    useless = [str(rank) for rank, is_useful in enumerate(useful, 1) if not is_useful]
    return f"not useful: context {', '.join(useless)}" if useless else "all are useful"


CONTEXT_PRECISION_KIND = Kind(
    NAME,
    ContextPrecisionJudge,
    UNIT_SCALE,
    "whether the useful contexts stand first: average precision over the ranks",
    "Ragas, arXiv 2309.15217",
)
