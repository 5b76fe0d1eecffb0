"""The conversion of a scorer's result into a Score. An invalid number is unscored, never zero."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, SupportsFloat

from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.escaping import described, raised_in
from pytest_llmeval.frames import user_location
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.score import Score

EMPTY = "the answer is empty"
"""Why an answer that shows nothing is unscored where nothing would be the best answer."""


def as_score(scorer: BaseScorer, result: object) -> Score:
    """Convert the result of ``scorer.score`` into a Score.

    Args:
        scorer: The scorer, which has the name, version and scale.
        result: A Score, or a number that ``float()`` accepts. Text is refused.
    """
    if isinstance(result, Score):
        return result
    if not isinstance(result, SupportsFloat):
        returned = f"{type(result).__name__} {result!r:.60}"
        return unscored(scorer, f"{scorer.name} returned {returned}; allowed: a number or a Score")
    try:
        value = float(result)
    except (TypeError, ValueError, OverflowError) as error:
        return unscored(scorer, error)
    if not math.isfinite(value):
        return unscored(scorer, f"{scorer.name} returned {value}; allowed: a finite number")
    return scorer.make_score(value)


def unscored(scorer: BaseScorer, error: Exception | str) -> Score:
    """Make the Score of an answer that could not be scored.

    Args:
        scorer: The scorer, which has the name, version and scale.
        error: The cause. The text of a foreign exception begins with its type, and names the line
            of the user's code.
    """
    text = str(error)
    if isinstance(error, Exception) and not isinstance(error, LLMEvalError):
        text = described(error)
        location = user_location(raised_in(error))
        if location:
            text = f"{text} ({location})"
    return scorer.make_score(None, error=text)


def version_with(base: str, params: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Add the parameters that are not the default to a version: ``1/ignore_case=true``."""
    changed = sorted(name for name, value in params.items() if value != defaults[name])
    parts = [f"{name}={json.dumps(params[name], ensure_ascii=False)}" for name in changed]
    return "/".join([base, *parts])
