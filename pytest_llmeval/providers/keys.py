"""API keys: read once from the environment, shown to nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pytest_llmeval.errors import InputError

MODEL_KEY, JUDGE_KEY, OPENAI_KEY, AZURE_KEY = (
    "LLMEVAL_API_KEY", "LLMEVAL_JUDGE_API_KEY", "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY",
)  # fmt: skip
AZURE_ENDPOINT = "AZURE_OPENAI_ENDPOINT"
NO_KEY = "unused"
"""Sent where a custom endpoint needs no key: the SDK insists on one."""

HIDDEN = "[hidden]"
SHORTEST_PIECE = 6
"""Characters of a key that are hidden even without the rest: servers echo heads and tails of a wrong key."""


@dataclass(frozen=True)
class Keys:
    """The API keys of a session. Their values are not in the repr.

    Attributes:
        model: For the model under test; ``None`` if the environment has none.
        judge: For the judge.
    """

    model: str | None = field(default=None, repr=False)
    judge: str | None = field(default=None, repr=False)


def read_keys(environ: Mapping[str, str], base_url: str | None = None) -> Keys:
    """The keys in an environment.

    The model's is ``LLMEVAL_API_KEY``, else ``AZURE_OPENAI_API_KEY`` for Azure, else ``OPENAI_API_KEY``; the judge's is
    ``LLMEVAL_JUDGE_API_KEY``, else the model's. It is Azure where ``AZURE_OPENAI_ENDPOINT`` is set and no base URL is.

    Args:
        environ: The environment.
        base_url: The base URL in force, so that Azure's key is not sent elsewhere.

    Raises:
        InputError: A variable holds what cannot be a key. The message names the variable, not the value.
    """
    azure = (AZURE_KEY,) if environ.get(AZURE_ENDPOINT) and not base_url else ()
    model = _first(environ, (MODEL_KEY, *azure, OPENAI_KEY))
    return Keys(model, _first(environ, (JUDGE_KEY,)) or model)


def _first(environ: Mapping[str, str], names: Iterable[str]) -> str | None:
    for name in names:
        key = environ.get(name, "").strip()  # a key read from a file often ends with a newline
        if re.search(r"[^!-~]", key):
            raise InputError(
                f"{name}: found a space or a character that no API key has; allowed: printable ASCII without spaces. "
                "Set it again, without quotes or line breaks."
            )
        if key:
            return key
    return None


def redacted(text: str, secrets: Iterable[str]) -> str:
    """A text without secrets, whole, in pieces or masked (``sk-…***…1234``).

    Args:
        text: Any text that came from outside.
        secrets: What must not be shown.
    """
    for secret in secrets:
        if secret and secret != NO_KEY:
            text = re.sub(_pattern(secret), HIDDEN, text)
    return text


def _pattern(secret: str) -> str:
    """Matches the secret, any piece of it from `SHORTEST_PIECE` characters on, and its masked forms."""
    if len(secret) <= SHORTEST_PIECE:
        return rf"(?<!\w){re.escape(secret)}(?!\w)"
    mask, head, tail = r"[^\s'\"]*(?:\*\*|\.\.\.|…)[^\s'\"]*", re.escape(secret[:3]), re.escape(secret[-3:])
    pieces = (secret[at : at + SHORTEST_PIECE] for at in range(len(secret) - SHORTEST_PIECE + 1))
    any_piece = "|".join(map(re.escape, pieces))
    return rf"{re.escape(secret)}|{head}{mask}|{mask}{tail}|(?:{any_piece})[\w-]*"
