"""The record of a run as it starts."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import metadata
from typing import Any

from pytest_llmeval.records.run import Note, Run
from pytest_llmeval.redaction import public_address, public_urls
from pytest_llmeval.runlog.database import shown_address
from pytest_llmeval.settings.table import OPTIONS, Settings

_DISTRIBUTION = "pytest-llm-golden"


_URLS = {"base_url", "judge_base_url"}
_ADDRESSES = {
    "model", "provider", "judge_model", "judge_provider", "jury", "judge_against", "embedding",
}  # fmt: skip
"""Settings that may hold an address, with a password or a key by mistake too."""


def started_run(
    run_id: str, settings: Settings, started: datetime, versions: dict[str, str]
) -> Run:
    """Make the record of a run that starts.

    Args:
        run_id: Its experiment id.
        settings: The settings in force.
        started: When it started.
        versions: Versions to log, in addition to those of Python and of this package.
    """
    return Run(
        id=run_id,
        name=settings.name,
        started_at=started.isoformat(timespec="milliseconds"),
        settings=_changed_settings(settings),
        versions={
            "python": platform.python_version(),
            _DISTRIBUTION: metadata.version(_DISTRIBUTION),
            **versions,
        },
    )


def adaptation_notes(reports: Iterable[Mapping[str, Iterable[str]]]) -> tuple[Note, ...]:
    """Return a note on each model whose endpoint refused a part of the requests.

    Args:
        reports: By model and endpoint, what was sent differently; from every process of the run.
    """
    changes: dict[str, set[str]] = {}
    for report in reports:
        for target, changed in report.items():
            changes.setdefault(target, set()).update(changed)
    return tuple(
        Note(
            "setting",
            f"Requests to {target} were changed to what it takes: {'; '.join(sorted(changed))}.",
        )
        for target, changed in sorted(changes.items())
    )


def _changed_settings(settings: Settings) -> dict[str, str]:
    """Return the settings that differ from their defaults, as text and without secrets."""
    changed: dict[str, Any] = {}
    for option in OPTIONS:
        value = getattr(settings, option.name)
        if value not in (option.default, (), {}, None):
            changed[option.name] = value
    if "log" in changed:
        changed["log"] = shown_address(settings.log)
    for name in {"extra_body", "judge_extra_body"} & changed.keys():
        changed[name] = f"keys {', '.join(changed[name])}"
    texts: dict[str, str] = {}
    for name, value in changed.items():
        text = "\n".join(value) if isinstance(value, tuple) else str(value)
        if name in _URLS:
            text = public_urls(text)
        elif name in _ADDRESSES:
            text = public_address(text)
        texts[name] = text
    return texts
