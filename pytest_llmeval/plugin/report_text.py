"""The texts of a report as pytest shows them: without secrets, and no command to terminal or CI.

What a server answers, or an application raises, stands in tracebacks, in captured output and in
JUnit XML.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.text import harmless

if TYPE_CHECKING:
    from pytest_llmeval.redaction import Secrets

_PYTEST = "_pytest."


def clean_report(
    report: pytest.TestReport | pytest.CollectReport, secrets: Secrets, is_case: bool
) -> None:
    """Clean the texts of a report.

    Args:
        report: The report, which is changed.
        secrets: The secrets of the process.
        is_case: Whether the test calls a model. Only then its tracebacks hold texts from outside,
            and may not contain commands to a terminal or a CI.
    """
    if report.sections:
        report.sections[:] = [(title, secrets.hide(text)) for title, text in report.sections]
    if report.longrepr is None:
        return
    if is_case:
        report.longrepr = _cleaned(report.longrepr, lambda text: harmless(secrets.hide(text)))
    else:
        report.longrepr = _cleaned(report.longrepr, secrets.hide)


def clean_text(text: str, secrets: Secrets | None) -> str:
    """Return a text of a case without secrets and without commands to a terminal or a CI."""
    return harmless(text if secrets is None else secrets.hide(text))


def clean_warning(warning: warnings.WarningMessage, secrets: Secrets) -> None:
    """Clean the text of a warning, which pytest shows in its summary and sends from a worker."""
    text = str(warning.message)
    if (hidden := secrets.hide(text)) != text:
        warning.message = hidden


def clean_error(shown: Any, secrets: Secrets) -> None:
    """Clean pytest's representation of an error of its own or of a plugin."""
    _cleaned(shown, secrets.hide)


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    """Clean every text in pytest's representation of an exception, which pytest shows later."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        value[:] = [_cleaned(inner, clean) for inner in value]
    elif type(value) is tuple:
        return tuple(_cleaned(inner, clean) for inner in value)
    elif type(value).__module__.startswith(_PYTEST):
        for name, inner in vars(value).items():
            setattr(value, name, _cleaned(inner, clean))
    return value
