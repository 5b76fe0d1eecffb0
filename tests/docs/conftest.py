from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.shop import ShopEndpoint
from tests.warm import warm

LOCAL_URL = "http://127.0.0.1:8000/v1"
"""An endpoint of the reader's own, in the pages; ours takes its place."""

OTHERS = ("LLMEVAL_", "OPENAI_", "AZURE_", "PYTEST_", "PYTHON", "GITHUB_", "CI", "BUILD_NUMBER")

UNTESTED, TESTED = "no self-test (skipped with --llm-no-selftest)", "self-test 25 of 25"


@dataclass
class Reader:
    """Somebody who follows a page in an empty folder: writes its files, runs its commands."""

    folder: Path
    endpoint: ShopEndpoint
    environment: dict[str, str]

    def write(self, name: str, text: str) -> None:
        """Make a file; what Python had compiled of an older one of that name is forgotten."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(LOCAL_URL, self.endpoint.url), encoding="utf-8")
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            compiled.unlink()

    def was_imported(self, name: str) -> bool:
        """Whether Python has read a file since it was written."""
        path = self.folder / name
        return any(path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run commands in a shell; output and errors come together, as on a terminal."""
        return subprocess.run(
            ["bash", "-c", script.replace(LOCAL_URL, self.endpoint.url)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )

    def output(self, script: str) -> str:
        """What commands print. The endpoint's address is left out: a reader's calls go to the default one.

        The judge here is scripted and cannot be tested; a reader's has passed its self-test in an
        earlier run.
        """
        return (
            self.run(script)
            .stdout.replace(f" at {self.endpoint.url}", "")
            .replace(UNTESTED, TESTED)
        )


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A reader with an API key, whose endpoint is a loopback one."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    folder = tmp_path / "project"
    folder.mkdir()
    endpoint = ShopEndpoint()
    path = [warm().commands, Path(sys.executable).parent, os.environ["PATH"]]
    with endpoint:
        yield Reader(
            folder,
            endpoint,
            {
                **inherited,
                "PATH": os.pathsep.join(map(str, path)),
                "COLUMNS": "80",
                "PY_COLORS": "0",
                "PYTHONUTF8": "1",
                "PYTEST_ADDOPTS": "-p no:hypothesispytest -p no:anyio",
                "OPENAI_BASE_URL": endpoint.url,
                "OPENAI_API_KEY": "sk-example",
                "LLMEVAL_MODELS": str(tmp_path / "models"),
                "LLMEVAL_NO_SELFTEST": "1",
            },
        )
