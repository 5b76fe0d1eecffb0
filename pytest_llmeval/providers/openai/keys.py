"""API keys: read once from the environment, shown to nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pytest_llmeval.errors import InputError

MODEL_KEY, JUDGE_KEY, OPENAI_KEY, AZURE_KEY = (
    "LLMEVAL_API_KEY", "LLMEVAL_JUDGE_API_KEY", "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY",
)  # fmt: skip
JURY_KEY = "LLMEVAL_JURY_API_KEY"
_KEYS = (MODEL_KEY, JUDGE_KEY, OPENAI_KEY, AZURE_KEY)
"""Every key starts with one of these."""
AZURE_ENDPOINT = "AZURE_OPENAI_ENDPOINT"
NO_KEY = "unused"
"""Sent where a custom endpoint needs no key: the SDK insists on one."""

HIDDEN = "[hidden]"
_SHORTEST_PIECE = 6
"""Characters of a key that are hidden even without the rest: servers echo heads and tails of a wrong key."""


def default_key(environ: Mapping[str, str], is_judge: bool) -> str | None:
    """The key where no base URL is set.

    The model's is ``LLMEVAL_API_KEY``, else ``AZURE_OPENAI_API_KEY`` where
    ``AZURE_OPENAI_ENDPOINT`` is set, else
    ``OPENAI_API_KEY``; the judge's is ``LLMEVAL_JUDGE_API_KEY``, else the model's.

    Args:
        environ: The environment.
        is_judge: Whether the judge is asked.

    Raises:
        InputError: A variable holds what cannot be a key. The message names the variable, not the
            value.
    """
    azure = (AZURE_KEY,) if environ.get(AZURE_ENDPOINT) else ()
    return first_key(environ, (*own_keys(1, is_judge, True), *azure, OPENAI_KEY))


def juror_environment(
    environ: Mapping[str, str], place: int, keeps: tuple[str, ...]
) -> dict[str, str]:
    """The environment in which a juror's key is looked for.

    Args:
        environ: The environment.
        place: The juror's place in the jury, from 1: its key is in ``LLMEVAL_JURY_API_KEY``, the
            second one's in
            ``LLMEVAL_JURY_API_KEY_2`` and so on.
        keeps: The other variables whose keys it may have, because they are made for where it is
            asked.
    """
    own = environ.get(f"{JURY_KEY}_{place}" if place > 1 else JURY_KEY)
    kept = {
        name: value
        for name, value in environ.items()
        if name in keeps or not name.startswith(_KEYS)
    }
    return {**kept, JUDGE_KEY: own} if own else kept


def own_keys(number: int, is_judge: bool, is_shared: bool) -> tuple[str, ...]:
    """The variables that are made for one place of a list, the most specific first."""
    suffix = f"_{number}" if number > 1 else ""
    judge, model = f"{JUDGE_KEY}{suffix}", f"{MODEL_KEY}{suffix}"
    if not is_judge:
        return (model,)
    return (judge, model) if is_shared else (judge,)


def first_key(environ: Mapping[str, str], names: Iterable[str]) -> str | None:
    """The key in the first of these variables that holds one.

    Raises:
        InputError: A variable holds what cannot be a key.
    """
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
    """Matches the secret, any piece of it from `_SHORTEST_PIECE` characters on, and its masked forms."""
    if len(secret) <= _SHORTEST_PIECE:
        return rf"(?<!\w){re.escape(secret)}(?!\w)"
    mask, head, tail = (
        r"[^\s'\"]*(?:\*\*|\.\.\.|…)[^\s'\"]*",
        re.escape(secret[:3]),
        re.escape(secret[-3:]),
    )
    pieces = (secret[at : at + _SHORTEST_PIECE] for at in range(len(secret) - _SHORTEST_PIECE + 1))
    any_piece = "|".join(map(re.escape, pieces))
    return rf"{re.escape(secret)}|{head}{mask}|{mask}{tail}|(?:{any_piece})[\w-]*"
