"""A filter that removes log records of background calls from those that pytest captures."""

from __future__ import annotations

import logging

import pytest

_HANDLERS = ("caplog_handler", "report_handler")


def filter_handlers(config: pytest.Config) -> None:
    """Filter pytest's handlers, but not those of the user."""
    plugin = config.pluginmanager.get_plugin("logging-plugin")
    for name in _HANDLERS:
        # The names are private, so a handler may be missing.
        handler = getattr(plugin, name, None)
        if handler is not None:
            handler.addFilter(_is_of_test)


def _is_of_test(record: logging.LogRecord) -> bool:
    """Return whether a record is not from the engine's thread, which works for all tests."""
    from pytest_llmeval.engine.background import THREAD

    return record.threadName != THREAD
