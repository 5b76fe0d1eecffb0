"""The oldest pytest that `pyproject.toml` allows runs golden files and leaves other projects alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import OTHERS_OFF
from tests.declared import ROOT
from tests.plugin.conftest import FAQ

FLOOR = re.findall(r'^  "pytest>=([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
TERMINAL = """
import pty, sys
sys.exit(pty.spawn([sys.executable, "-m", "pytest", *sys.argv[1:]]) >> 8)
"""
ANSWERED = ("--llm-provider", "column:expected", "--llm-threshold", "exact_match>=1")


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with that pytest; the other packages are those of this environment."""
    folder = tmp_path_factory.mktemp("oldest")
    (floor,) = FLOOR
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--target", folder)
    got = subprocess.run(
        [*install, "--no-deps", f"pytest=={floor}.*,<{floor}.1"], capture_output=True, text=True
    )
    offline = ("No matching distribution", "Failed to establish", "Network is unreachable")
    if got.returncode and any(text in got.stderr for text in offline):
        pytest.skip(f"no package index has pytest {floor}")
    assert got.returncode == 0, got.stderr
    return folder


def test_golden_files_and_guests_on_the_oldest_pytest(oldest: Path, tmp_path: Path) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "LLMEVAL_"))
    }
    environment["PYTHONPATH"] = os.pathsep.join([str(oldest), str(ROOT)])

    def run(*args: str, start: tuple[str, ...] = ("-m", "pytest")) -> str:
        command = [sys.executable, *start, *OTHERS_OFF, *args]
        got = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )
        assert got.returncode == 0, got.stdout + got.stderr
        return got.stdout

    (tmp_path / "pytest.ini").write_text("[pytest]\nllm_golden = faq.csv\n")
    (tmp_path / "test_guest.py").write_text("def test_guest(): pass\n")
    assert f"pytest-{FLOOR[0]}" in run("test_guest.py", "-p", "no:xdist")
    assert "1 passed" in run("test_guest.py", start=("-c", TERMINAL))

    (tmp_path / "faq.csv").write_text(FAQ)
    assert "4 passed" in run(*ANSWERED, "--llm-strict", "--llm-gate", "pass_rate>=.9")
    assert "4 passed" in run(*ANSWERED, "-n", "2")
    assert "4 passed" in run(*ANSWERED, start=("-c", TERMINAL))
