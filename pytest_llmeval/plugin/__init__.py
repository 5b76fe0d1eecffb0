"""The entry point ``llm_golden`` of pytest.

Every pytest run on the machine imports this module, so it imports only the option table.
`pytest_configure` registers everything else.
"""

from __future__ import annotations

import pytest

from pytest_llmeval.plugin import hookspecs, options


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini keys."""
    options.add_ini(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that this plugin offers."""
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> None:
    """Declare the options after those of all other plugins."""
    options.add_options(parser, early_config.known_args_namespace)


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings and register the rest of the plugin."""
    from pytest_llmeval.plugin import registration

    registration.activate(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close connections and files."""
    from pytest_llmeval.plugin import registration

    registration.deactivate(config)
