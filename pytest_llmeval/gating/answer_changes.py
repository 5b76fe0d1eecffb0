"""What the answers of a run have in common, read for a comparison with another run."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmeval.gating.scores import RunScores
from pytest_llmeval.stats.answer_texts import AnswerTally


def tally_of(before: RunScores, after: RunScores) -> AnswerTally:
    """Count the answers of a run, each with that of the same case in another run."""
    tally = AnswerTally()
    is_by_id = before.is_plain or after.is_plain
    old: dict[object, str] = {}
    for case in before.read_cases() if before.read_cases else ():
        if case.answers:
            old[case.key[2] if is_by_id else case.key] = case.answers[0]
    for case in after.read_cases() if after.read_cases else ():
        if case.text is not None:
            key = case.key[2] if is_by_id else case.key
            tally.add(replace(case.text, before=old.get(key)))
    return tally
