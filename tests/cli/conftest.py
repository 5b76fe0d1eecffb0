from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from pytest_llmeval.cli import main


class Command:
    """`llmeval` in this process."""

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)


@pytest.fixture
def llmeval() -> Command:
    return Command()
