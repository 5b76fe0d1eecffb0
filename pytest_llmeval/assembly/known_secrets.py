"""The secrets of a session: what the settings and the environment hold."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_llmeval.providers.openai.keys import known_addresses, known_keys, known_secrets
from pytest_llmeval.redaction import Secrets, is_http
from pytest_llmeval.settings.table import Settings
from pytest_llmeval.text import harmless


def shown_error(error: Exception, environ: Mapping[str, str]) -> str:
    """Return the text of an error without secrets, and without effect on terminal and CI."""
    return harmless(find_secrets(Settings(), environ).hide(str(error)))


def find_secrets(settings: Settings, environ: Mapping[str, str]) -> Secrets:
    """Find every secret that a call, an error or a log record could show.

    Args:
        settings: The settings in force; markers may add addresses later.
        environ: The environment of the process.
    """
    secrets = Secrets(known_keys(environ), known_secrets(environ))
    addresses = (
        settings.base_url, settings.judge_base_url, settings.log, *settings.jury, settings.model,
        settings.judge_model, settings.provider, settings.judge_provider,
    )  # fmt: skip
    for address in (*addresses, *known_addresses(environ)):
        secrets.learn_addresses(address)
    if is_http(settings.name):  # some take the address of the repository
        secrets.learn_addresses(settings.name)
    secrets.learn_members(settings.extra_body)
    secrets.learn_members(settings.judge_extra_body)
    return secrets
