"""The key of a call: a hash of everything that can change its answer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.wire import to_builtin

if TYPE_CHECKING:
    from pytest_llmeval.records import Request

KEY_VERSION = 1
"""Raised when the meaning of a key changes, so that old completions are not taken for new ones."""


def request_key(fingerprint: str, request: Request) -> str:
    """SHA-256, in hex, of the canonical JSON of a request and of who answers it.

    Args:
        fingerprint: Identifies the provider.
        request: The request; of its case only what a provider can read counts, not where the row stands.
    """
    case = request.case and replace(request.case, source=None, thresholds=())  # type: ignore[arg-type]
    content = to_builtin(replace(request, case=None)) | {"case": case and vars(case)}
    text = json.dumps([KEY_VERSION, fingerprint, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
