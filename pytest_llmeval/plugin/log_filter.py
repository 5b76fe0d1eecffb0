"""Keeps what libraries log about background calls out of the records that pytest captures for a test."""

from __future__ import annotations

import logging

import pytest

_HANDLERS = ("caplog_handler", "report_handler")


def filter_handlers(config: pytest.Config) -> None:
    """Filter the handlers of pytest's own; a user's log shows everything."""
    plugin = config.pluginmanager.get_plugin("logging-plugin")
    for name in _HANDLERS:
        handler = getattr(
            plugin, name, None
        )  # where pytest names them otherwise, nothing is filtered
        if handler is not None:
            handler.addFilter(_is_of_a_test)


def _is_of_a_test(record: logging.LogRecord) -> bool:
    """Whether a record was not logged by the engine's thread, which works for other tests as well."""
    from pytest_llmeval.engine.background import THREAD  # late: only where something is logged

    return record.threadName != THREAD
