"""A case that must pass and misses a bound: broken, or does it flicker? Never told by trying until it is green."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_llmeval.errors import Undecided
from pytest_llmeval.stats.sprt import SequentialTest

if TYPE_CHECKING:
    from pytest_llmeval.cases.evaluation import CaseEvaluation
    from pytest_llmeval.records.score import Score
    from pytest_llmeval.records.threshold import Threshold


def settle(run: CaseEvaluation, missed: Sequence[tuple[Threshold, Score]]) -> SequentialTest | None:
    """Draw further samples of a case that must pass, until they say what it is.

    Args:
        run: The test.
        missed: The bounds that it misses, with the scores.

    Returns:
        The draws, which say fine or broken; ``None`` where nothing is drawn: the case is none that
        must pass, or a
        bound is missed by something else than the answer to the case.

    Raises:
        Undecided: The draws say neither.
        CallError: A draw gave no answer.
        Unjudged: A draw could not be scored.
    """
    is_own = run.samples is not None and all(run.is_of_samples(score) for _, score in missed)
    if run.samples is None or not is_own or not run.plan.case.must_pass:
        return None
    test = SequentialTest()
    while test.verdict is None:
        test = test.after(run.samples.draw())
    if test.verdict == "inconclusive":
        names = ", ".join(dict.fromkeys(str(threshold) for threshold, _ in missed))
        raise Undecided(
            f"{run.plan.case.source}: the case must pass and misses {names}; {test.failures} of {test.draws} further "
            "samples miss a bound too, too many for a case that is fine and too few for one that is broken"
        )
    return test
