"""The notes of a summary: what a reader should know about its numbers."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence

from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import UNDECLARED_REMEDY
from pytest_llmeval.summary.tallies import LostSamples, ScoreTally
from pytest_llmeval.text import count, first_of, percent

_NAMED = 5


def summary_notes(
    run: Run,
    scores: Mapping[str, ScoreTally],
    *,
    flaky: Sequence[str],
    unbounded: int,
    truncated: int,
    unknown_endings: Mapping[str, int],
    run_on: Mapping[str, int],
) -> Iterator[str]:
    """Write the notes.

    Args:
        run: The run.
        scores: The scores that were counted, by name.
        flaky: Ids of the cases that must pass, missed a threshold, and passed on further samples.
        unbounded: Number of cases without any threshold.
        truncated: Number of cases with an answer cut at the token limit.
        unknown_endings: Numbers of cases by a finish reason that is not known.
        run_on: Numbers of cases by the token behind which their answer went on.
    """
    if not run.finished_at:
        yield "The run has not finished. These are the results so far."
    if run.lost:
        lost = count(len(run.lost), "test")
        yield f"{lost} died with a worker and left no result: {first_of(run.lost, _NAMED)}"
    if flaky:
        cases = count(len(flaky), "case")
        names = first_of(flaky, _NAMED)
        yield (
            f"flaky: {cases} that must pass missed a threshold, then passed on further samples: "
            f"{names}"
        )
    if unbounded:
        cases = count(unbounded, "case")
        yield f"{cases} had no threshold: only an assertion of the test could fail."
    if truncated:
        cases = count(truncated, "case")
        yield f"{cases} had an answer cut at the token limit; raise --llm-max-tokens."
    for reason, number in sorted(unknown_endings.items()):
        yield (
            f"{count(number, 'case')} had an answer with the unknown finish reason {reason!r}. "
            "Check that the answer is whole."
        )
    for token, number in sorted(run_on.items()):
        yield (
            f"{count(number, 'case')} had an answer that went on behind the end of its turn "
            f"({token}), where it was cut. Check the chat template and the stop tokens of the "
            "endpoint."
        )
    for name, values in sorted(scores.items()):
        yield from _score_notes(name, values)


def _score_notes(name: str, values: ScoreTally) -> Iterator[str]:
    """Write the notes on one score."""
    if values.unscored:
        unscored = count(values.unscored, "case")
        yield f"{name}: {unscored} unscored; the mean leaves them out."
    if len(values.versions) > 1:
        versions = len(values.versions)
        yield f"{name}: scored by {versions} versions; their scores cannot be compared."
    if outside := values.outside:
        yield (
            f"{name} has {count(outside, 'score')} outside its scale {values.scale.range}, so "
            f"no gate can compare it. {UNDECLARED_REMEDY}"
        )
    if values.position_biases:
        yield _position_bias(name, values.position_biases)


def lost_sample_notes(lost_samples: LostSamples) -> Iterator[str]:
    """Write how many samples have no score."""
    if not lost_samples.lost:
        return
    without = "sample has" if lost_samples.lost == 1 else "samples have"
    yield (
        f"{lost_samples.lost:,} of {lost_samples.samples:,} {without} no score, because a call "
        f"or a scorer failed; {count(lost_samples.cases, 'case')} may be worse than shown"
    )


def _position_bias(name: str, biases: Sequence[float]) -> str:
    """Write how much of the preference the answer shown first gets, over both orders."""
    share = percent(0.5 + statistics.fmean(biases))
    pairs = count(len(biases), "pair")
    return (
        f"{name}: the answer shown first gets {share} of the judge's preference over {pairs} of "
        "answers (50% is no position bias). Both orders are averaged."
    )
