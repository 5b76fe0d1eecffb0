"""The key of a call: a hash of everything that can change its answer."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.call import Request


_UNSEEN = ("source", "thresholds", "must_pass")
"""Fields of a case that a provider cannot see, so that they do not change the key."""

_UNSENT = "reasoning_room"
"""A parameter that is no part of a request."""

_KEY_VERSION = 1
"""Raised when the meaning of a key changes, so that old completions are not taken for new ones."""


def lasting_key(provider: BaseProvider, request: Request) -> str:
    """Return the key of a request in every run, or an empty text if the provider has no identity.

    Args:
        provider: Who answers.
        request: The request.
    """
    if provider.fingerprint is None:
        return ""
    return request_key(provider.fingerprint, request)


def request_key(fingerprint: str, request: Request) -> str:
    """Return the SHA-256, in hex, of the canonical JSON of a request and of who answers it.

    Args:
        fingerprint: Identifies the provider.
        request: The request; of its case only what a provider can read counts, not where the row
            stands.
    """
    case = request.case and {
        name: value for name, value in vars(request.case).items() if name not in _UNSEEN
    }
    parameters = {
        name: value for name, value in vars(request.parameters).items() if name != _UNSENT
    }
    content = {**vars(request), "parameters": parameters, "case": case}
    text = json.dumps(
        [_KEY_VERSION, fingerprint, content], sort_keys=True, separators=(",", ":"), default=dict
    )
    return hashlib.sha256(text.encode()).hexdigest()
