"""The entry point ``llm_golden`` of pytest.

Every pytest run on the machine imports this module, so it imports only the option table.
`pytest_configure` registers everything else.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_llmeval.plugin import hookspecs, options


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini keys."""
    options.add_ini(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that this plugin offers."""
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # after the project's conftest.py, even a broken one
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, object, object]:
    """Declare the options after those of all other plugins and of the project."""
    before = options.declaring(early_config)
    try:
        return (yield)
    finally:
        if options.declaring(early_config) != before:
            options.note_owned(early_config, parser, args)
        options.add_options(parser, early_config)


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings and register the rest of the plugin."""
    from pytest_llmeval.plugin import registration

    registration.activate(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close connections and files."""
    from pytest_llmeval.plugin import registration

    registration.deactivate(config)
