"""API keys: read from the environment and never shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pytest_llmeval.errors import InputError

MODEL_KEY, JUDGE_KEY, OPENAI_KEY, AZURE_KEY = (
    "LLMEVAL_API_KEY", "LLMEVAL_JUDGE_API_KEY", "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY",
)  # fmt: skip
JURY_KEY = "LLMEVAL_JURY_API_KEY"
_KEYS = (MODEL_KEY, JUDGE_KEY, OPENAI_KEY, AZURE_KEY)
"""Prefixes of all key variables."""
AZURE_ENDPOINT = "AZURE_OPENAI_ENDPOINT"
NO_KEY = "unused"
"""The key for endpoints that need none, since the SDK requires one."""

HIDDEN = "[hidden]"
_SHORTEST_PIECE = 6
"""Length of a hidden piece of a key: servers echo heads and tails of a wrong key."""


def default_key(environ: Mapping[str, str], is_judge: bool) -> str | None:
    """Find the key if no base URL is set.

    The model uses ``LLMEVAL_API_KEY``, then ``AZURE_OPENAI_API_KEY`` if ``AZURE_OPENAI_ENDPOINT``
    is set, then ``OPENAI_API_KEY``. The judge uses ``LLMEVAL_JUDGE_API_KEY``, then the model's key.

    Args:
        environ: The environment.
        is_judge: Whether the key is for the judge.

    Raises:
        InputError: A variable cannot be a key. The message has its name, not its value.
    """
    azure = (AZURE_KEY,) if environ.get(AZURE_ENDPOINT) else ()
    return first_key(environ, (*dedicated_keys(1, is_judge, True), *azure, OPENAI_KEY))


def juror_environment(
    environ: Mapping[str, str], number: int, fitting: tuple[str, ...]
) -> dict[str, str]:
    """Return the environment in which a juror's key is looked up.

    Args:
        environ: The environment.
        number: Number of the juror, from 1. The first key is in ``LLMEVAL_JURY_API_KEY``, the next
            in ``LLMEVAL_JURY_API_KEY_2``.
        fitting: Variables of the model or the judge whose keys fit the juror's endpoint.
    """
    juror_key = environ.get(f"{JURY_KEY}_{number}" if number > 1 else JURY_KEY)
    variables = {
        name: value
        for name, value in environ.items()
        if name in fitting or not name.startswith(_KEYS)
    }
    if juror_key:
        variables[JUDGE_KEY] = juror_key
    return variables


def dedicated_keys(number: int, is_judge: bool, is_shared: bool) -> tuple[str, ...]:
    """Return the variables for one entry of a list, the most specific first."""
    suffix = f"_{number}" if number > 1 else ""
    judge, model = f"{JUDGE_KEY}{suffix}", f"{MODEL_KEY}{suffix}"
    if not is_judge:
        return (model,)
    return (judge, model) if is_shared else (judge,)


def first_key(environ: Mapping[str, str], names: Iterable[str]) -> str | None:
    """Return the first key in these variables; ``None`` without one.

    Raises:
        InputError: A variable cannot be a key.
    """
    for name in names:
        key = environ.get(name, "").strip()  # a key from a file often ends with a newline
        if re.search(r"[^!-~]", key):
            raise InputError(
                f"{name}: found a space or a character that no API key has; "
                "allowed: printable ASCII without spaces. "
                "Set it again, without quotes or line breaks."
            )
        if key:
            return key
    return None


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Remove secrets from a text, whole, in pieces or masked (``sk-…***…1234``).

    Args:
        text: Any text from outside.
        secrets: The secrets.
    """
    for secret in secrets:
        if secret and secret != NO_KEY:
            text = re.sub(_pattern(secret), HIDDEN, text)
    return text


def _pattern(secret: str) -> str:
    """Match a secret, any piece of `_SHORTEST_PIECE` characters or more, and its masked forms."""
    if len(secret) <= _SHORTEST_PIECE:
        return rf"(?<!\w){re.escape(secret)}(?!\w)"
    mask = r"[^\s'\"]*(?:\*\*|\.\.\.|…)[^\s'\"]*"
    head = re.escape(secret[:3])
    tail = re.escape(secret[-3:])
    pieces = (secret[at : at + _SHORTEST_PIECE] for at in range(len(secret) - _SHORTEST_PIECE + 1))
    any_piece = "|".join(map(re.escape, pieces))
    return rf"{re.escape(secret)}|{head}{mask}|{mask}{tail}|(?:{any_piece})[\w-]*"
