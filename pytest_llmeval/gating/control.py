"""The baseline's scores of all cases, where a run had a random part of them."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_llmeval.gating.pairing import Joined, Paired
from pytest_llmeval.gating.sampling import sampling_change
from pytest_llmeval.gating.scores import CaseScores, RandomDraw
from pytest_llmeval.goldens.selection import random_subset


def draw_of(settings: Mapping[str, str]) -> RandomDraw | None:
    """Return the random draw of a run by its settings; ``None`` if it drew no part at random."""
    limit = settings.get("limit", "")
    seed = settings.get("limit_seed", "0")
    if not limit.isdigit() or not seed.lstrip("-").isdigit():
        return None
    return RandomDraw(int(limit), int(seed))


def scores_of_all(joined: Joined, paired: Paired) -> tuple[float, ...]:
    """Return the baseline's scores of all its cases, if the candidate is a random part of them.

    That is checked: the cases that ran must be those that ``--llm-limit`` draws from the baseline's
    cases. After ``-k``, ``--llm-where``, a path, a new or deleted case, or a case that was lost
    they are not, and neither are they with a case that has no score.

    Returns:
        From 0 to 1, higher is better; empty if they cannot be used.
    """
    draw = joined.after.draw
    before = joined.before.cases
    if draw is None or paired.obstacle or joined.before.is_plain:
        return ()
    # Those that were judged again for the cases that ran are of another judge than the rest.
    if paired.metric in joined.before.renewed:
        return ()
    by_name = {_nodeid(case): case for case in before.values()}
    drawn = random_subset(list(by_name), draw.limit, draw.seed)
    tried = {_nodeid(case) for case in joined.after.cases.values()}
    if drawn != tried or len(paired.pairs) != len(drawn):
        return ()
    if any(sampling_change(old.sampling, new.sampling) for old, new in paired.pairs):
        return ()
    metric = paired.metric
    if any(old.value_of(metric) != before[old.key].value_of(metric) for old, _ in paired.pairs):
        # Other thresholds have decided the cases that did not run.
        return ()
    values = [case.value_of(metric) for case in by_name.values()]
    scaled = [
        (value - paired.low) / (paired.high - paired.low) for value in values if value is not None
    ]
    return tuple(scaled) if len(scaled) == len(before) == len(by_name) else ()


def _nodeid(case: CaseScores) -> str:
    """Return pytest's node id, by which ``--llm-limit`` draws: of a row of a file, or of a test."""
    suite, file, name = case.key
    return f"{suite}::{name}" if suite == file else f"{suite}[{name}]"
