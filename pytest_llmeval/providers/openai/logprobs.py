"""The log probabilities in a reply, which never cost the answer next to them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_llmeval.records.call import TokenLogprob


def read_logprobs(logprobs: Any) -> tuple[TokenLogprob, ...]:
    """Read the log probabilities of a choice.

    Without that of one of its tokens, the others would stand at the wrong position. So none is
    read then, as from an endpoint that sends none. A rival without one is as good as impossible:
    many servers write minus infinity as null.
    """
    rows = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    tokens = []
    for row in rows if isinstance(rows, list) else ():
        read = _read(row)
        if read is None:
            return ()
        tokens.append(TokenLogprob(*read, dict(_rivals(row.get("top_logprobs")))))
    return tuple(tokens)


def _rivals(rows: Any) -> Iterator[tuple[str, float]]:
    for row in rows if isinstance(rows, list) else ():
        read = _read(row)
        if read is not None:
            yield read


def _read(row: Any) -> tuple[str, float] | None:
    """Return a token and its log probability; ``None`` if one of them is missing."""
    if not isinstance(row, Mapping) or row.get("token") is None:
        return None
    value = row.get("logprob")
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return (str(row["token"]), number) if math.isfinite(number) else None
