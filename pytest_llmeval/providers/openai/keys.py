"""API keys: read from the environment and never shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

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

_AZURE_TOKEN = "AZURE_OPENAI_AD_TOKEN"
_SECRET_VARIABLE = re.compile(r"(API_?KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(_\d+)?$", re.I)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
"""Variables of proxies, in lower case; clients read them in either case."""


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


def known_keys(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield every key in the environment, whichever endpoint it is for."""
    for name, value in environ.items():
        if name.startswith((*_KEYS, JURY_KEY, _AZURE_TOKEN)) and value.strip():
            yield value.strip()


def known_secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of variables that look like secrets of other services.

    An application under test reads them, so its errors may show them.
    """
    for name, value in environ.items():
        if _SECRET_VARIABLE.search(name):
            yield value.strip()


def known_addresses(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the addresses in the environment that may hold a password or a key."""
    for name, value in environ.items():
        if name.lower() in _PROXIES or name == AZURE_ENDPOINT:
            yield value
