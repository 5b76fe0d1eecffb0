"""API keys: read once from the environment, shown to nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

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


class _Endpoint(Protocol):
    """What decides which key an endpoint gets."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        ...

    @property
    def usual_key(self) -> str | None:
        """The variable where the key of such a service stands by custom."""
        ...


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
    return _first(environ, (*own_keys(1, is_judge, True), *azure, OPENAI_KEY))


def endpoint_keys(
    environ: Mapping[str, str],
    endpoints: Sequence[_Endpoint],
    is_judge: bool,
    shares_list: bool = False,
) -> list[str | None]:
    """The key of each endpoint of a list; ``None`` where the environment has none for it.

    The first has ``LLMEVAL_API_KEY``, the second ``LLMEVAL_API_KEY_2`` and so on (the judge's:
    ``LLMEVAL_JUDGE_API_KEY``, ``LLMEVAL_JUDGE_API_KEY_2``, …, else the model's); else the key of an
    earlier entry with the same scheme, host and port; else the usual one of its service. The first
    takes ``OPENAI_API_KEY`` as well, as the SDK does. A key that is made for one place goes to no
    other host.

    Args:
        environ: The environment.
        endpoints: The list.
        is_judge: Whether it is the judge's.
        shares_list: Whether the judge's list is also the model's, so that the model's numbered keys
            fit.

    Raises:
        InputError: A variable holds what cannot be a key. The message names the variable, not the
            value.
    """
    by_origin: dict[str, str] = {}
    keys = []
    for number, endpoint in enumerate(endpoints, start=1):
        names = own_keys(number, is_judge, shares_list or number == 1)
        usual = endpoint.usual_key or (OPENAI_KEY if number == 1 else None)
        key = (
            _first(environ, names)
            or by_origin.get(endpoint.origin)
            or _first(environ, (usual,) if usual else ())
        )
        if key:
            by_origin.setdefault(endpoint.origin, key)
        keys.append(key)
    return keys


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
