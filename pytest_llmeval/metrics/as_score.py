"""What a scorer returned, as a Score. A number that is none becomes an unscored Score, never a zero."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, SupportsFloat

from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.score import Score


def as_score(scorer: BaseScorer, result: object) -> Score:
    """The result of ``scorer.score`` as a Score.

    Args:
        scorer: Gives name, version and scale.
        result: A Score, or a number: int, float, bool, or anything that ``float()`` takes and that
            is not text.
    """
    if isinstance(result, Score):
        return result
    if not isinstance(result, SupportsFloat):
        found = f"{type(result).__name__} {result!r:.60}"
        return unscored(scorer, f"{scorer.name} returned {found}; allowed: a number or a Score")
    try:
        value = float(result)
    except (TypeError, ValueError, OverflowError) as error:
        return unscored(scorer, error)
    if not math.isfinite(value):
        return unscored(scorer, f"{scorer.name} returned {value}; allowed: a finite number")
    return scorer.make_score(value)


def unscored(scorer: BaseScorer, error: Exception | str) -> Score:
    """The Score of an answer that could not be scored.

    Args:
        scorer: Gives name, version and scale.
        error: Why; an exception that is not ours is told with its type.
    """
    is_foreign = isinstance(error, Exception) and not isinstance(error, LLMEvalError)
    text = f"{type(error).__name__}: {error}" if is_foreign else str(error)
    return scorer.make_score(None, error=text)


def version_with(base: str, params: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """A version that tells two settings of one metric apart: ``1/ignore_case=true``.

    Args:
        base: Version of the metric itself.
        params: Its parameters.
        defaults: What they are if nobody sets them; such parameters are left out.
    """
    changed = sorted(name for name, value in params.items() if value != defaults[name])
    return "/".join(
        [base, *(f"{name}={json.dumps(params[name], ensure_ascii=False)}" for name in changed)]
    )
