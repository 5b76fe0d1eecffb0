"""pytest's way in: the entry point ``llm_golden``.

This module is imported by every pytest run on the machine, so it imports no more than the option
table; everything else is registered in `pytest_configure`.
"""

from __future__ import annotations

import pytest

from pytest_llmeval.plugin import hookspecs, options


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini keys."""
    options.add_ini(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare our own hooks."""
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> None:
    """Declare the options, now that those of every other plugin are known."""
    options.add_options(parser, early_config.known_args_namespace)


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings and register the rest of the plugin."""
    from pytest_llmeval.plugin import registration

    registration.activate(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close connections and files."""
    from pytest_llmeval.plugin import registration

    registration.deactivate(config)
