"""Whether a case that must pass and misses a threshold is broken, or only flickers.

A sequential test on further samples decides. Trying again until it is green would let a broken case
pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import Undecided
from pytest_llmeval.stats.sprt import SequentialTest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.cases.sample import Scorers
    from pytest_llmeval.cases.samples import Samples
    from pytest_llmeval.records.threshold import Threshold


def is_broken(plan: Plan, samples: Samples, scorers: Scorers, missed: Sequence[Threshold]) -> bool:
    """Draw further samples of a case that must pass, until they decide.

    Args:
        plan: The case.
        samples: Its samples.
        scorers: The scorers of its thresholds, by key.
        missed: The thresholds that it misses.

    Returns:
        Whether it is broken; if not, it is fine.

    Raises:
        Undecided: The draws decide nothing.
        CallError: A draw gave no answer.
        Unjudged: A draw could not be scored.
    """
    test = SequentialTest()
    while test.verdict is None:
        test = test.after(samples.draw(scorers))
    if test.verdict == "inconclusive":
        names = ", ".join(dict.fromkeys(str(threshold) for threshold in missed))
        raise Undecided(
            f"{plan.case.source}: the case must pass and misses {names}; {test.failures} of "
            f"{test.draws} further samples miss a bound too, too many for a case that is fine and "
            "too few for one that is broken"
        )
    return test.verdict == "broken"
