"""What identifies a judge: every ingredient that could change a score."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def fingerprint(kind: str, ingredients: Mapping[str, object]) -> str:
    """``KIND-`` and the first 16 hex digits of the SHA-256 of the canonical JSON of the ingredients.

    Args:
        kind: Name of the protocol, for example ``rubric``.
        ingredients: By name; values of built-in types.
    """
    canonical = json.dumps(ingredients, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"{kind}-{hashlib.sha256(canonical.encode()).hexdigest()[:16]}"
