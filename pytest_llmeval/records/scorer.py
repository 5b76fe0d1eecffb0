"""The identity of a scorer, and the name of the usual one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RUBRIC = "rubric"
"""The judge of --min-score. Reports show its score first, and a gate without a metric takes it."""


@dataclass(frozen=True)
class ScorerKey:
    """The identity of a scorer: its name and its arguments in any order.

    Attributes:
        name: Name of the metric or judge.
        arguments: Its arguments as one text, because lists and schemas have no hash.
    """

    name: str
    arguments: str

    @classmethod
    def of(cls, name: str, params: Mapping[str, Any]) -> ScorerKey:
        """Return the key of a scorer with these arguments."""
        return cls(name, _text(params))


def _text(value: object) -> str:
    """Write a value, with its keys sorted, so that equal values have equal texts."""
    if isinstance(value, Mapping):
        items = sorted(f"{name!r}: {_text(inner)}" for name, inner in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_text, value))}]"
    return repr(value)
