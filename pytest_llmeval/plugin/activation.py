"""What the plugin keeps for one pytest run."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import InputError
from pytest_llmeval.settings import Settings

if TYPE_CHECKING:
    from pytest_llmeval.protocols import Provider
    from pytest_llmeval.session.case_run import CaseRun
    from pytest_llmeval.session.session import Session


class Activation:
    """The state of the plugin in one process.

    Args:
        config: pytest's configuration.
        settings: The settings in force.
        worker: Name of this xdist worker, or ``main``.

    Attributes:
        current: The CaseRun of the test that runs now.
    """

    def __init__(self, config: pytest.Config, settings: Settings, worker: str) -> None:
        self.config, self.settings, self.worker = config, settings, worker
        self.current: CaseRun | None = None
        self._refusal: pytest.UsageError | None = None
        self._asked: list[object] = []
        self._adopted: dict[int, tuple[object, Provider]] = {}

    @cached_property
    def session(self) -> Session:
        """The session; made when the first test needs it."""
        from pytest_llmeval.session.session import Environment, Session

        urls = getattr(self.config, "workerinput", {}).get("llm_local_urls", {})
        return Session(self.settings, Environment(self.config.rootpath, dict(os.environ), urls))

    def add_metrics(self) -> None:
        """Add the metrics that hooks offer; again after more conftest files have been loaded.

        Raises:
            InputError: One of them is no metric, or its name is taken.
        """
        for hook in self.config.hook.pytest_llmeval_metrics.get_hookimpls():
            if hook not in self._asked:
                self._asked.append(hook)
                offered: Any = hook.function()
                for metric in offered:
                    self.session.metrics.add(metric, hook.plugin_name)

    def refuse(self, error: pytest.UsageError) -> None:
        """Refuse to run any test: at once; in an xdist worker, whose usage error nobody would see, test by test.

        Raises:
            pytest.UsageError: The error, where this is no worker.
        """
        if self.worker == "main":
            raise error
        self._refusal = error

    def raise_refusal(self) -> None:
        """Raise what `refuse` has kept.

        Raises:
            InputError: The tests of this worker are refused.
        """
        if self._refusal is not None:
            raise InputError(str(self._refusal))

    def adopt(self, value: object) -> Provider:
        """What a user's fixture ``llm_provider`` returned, as one Provider however often it is asked for.

        Raises:
            SettingError: It is nothing that could answer.
        """
        from pytest_llmeval.providers.python import as_provider

        if id(value) not in self._adopted:
            self._adopted[id(value)] = (value, as_provider(value))
        return self._adopted[id(value)][1]

    def close(self) -> None:
        """Close the session, if there is one."""
        if "session" in vars(self):
            self.session.close()


ACTIVATION = pytest.StashKey[Activation]()
RUN = pytest.StashKey["CaseRun"]()
"""On an item: what its fixtures and its outcome share, from the first fixture of ours to its tear-down."""


def usage_error(error: InputError) -> pytest.UsageError:
    """An error of ours as pytest shows it: the message, without a traceback."""
    return pytest.UsageError(str(error))
