"""The decision on a case that must pass and misses a threshold: broken, or missed by chance.

A sequential test on further samples decides. Retrying until the case is green would let a broken
case pass.
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
    """Draw further samples until they show whether the case is broken.

    Args:
        plan: The plan of the case.
        samples: The samples of the case.
        scorers: The scorers of its thresholds, by key.
        missed: The thresholds that it misses.

    Raises:
        Undecided: The draws are inconclusive.
        CallError: A draw gave no answer.
        Unjudged: A draw could not be scored.
    """
    test = SequentialTest()
    while test.verdict is None:
        test = test.after(samples.draw(scorers))
    if test.verdict == "inconclusive":
        names = ", ".join(dict.fromkeys(str(threshold) for threshold in missed))
        raise Undecided(
            f"{plan.case.source}: the case must pass and misses {names}. {test.failures} of "
            f"{test.draws} further samples miss a threshold, too: too many for a working case, too "
            "few for a broken one"
        )
    return test.verdict == "broken"
