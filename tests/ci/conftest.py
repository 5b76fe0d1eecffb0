from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mock_endpoint import MockEndpoint

OTHERS = ("LLMEVAL_", "OPENAI_", "PYTEST_", "GITHUB_", "GIT_", "CI")


@dataclass
class Runner:
    """A machine of a CI system: a folder, and a shell that runs steps in it."""

    folder: Path
    environment: dict[str, str]

    def run(self, script: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a step as GitHub and GitLab do, in bash that ends at the first command that fails."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """A machine whose model is a loopback endpoint, and on which `gh` is whatever stands in the folder ``bin``."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    search = [str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    with MockEndpoint() as endpoint:
        folder = tmp_path / "project"
        folder.mkdir()
        mine = {"HOME": str(tmp_path), "PATH": os.pathsep.join(search), "LLMEVAL_NO_SELFTEST": "1"}
        model = {"OPENAI_BASE_URL": endpoint.url, "OPENAI_API_KEY": "sk-example"}
        yield Runner(folder, {**inherited, **mine, **model})
