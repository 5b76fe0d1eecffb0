"""Importing us costs nothing: heavy libraries are opened when they are first needed."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"pandas", "numpy", "openai", "httpx", "httpx2", "sqlalchemy", "torch"}

IMPORT_ALL = """
import importlib, pkgutil, pytest_llmeval
for module in pkgutil.walk_packages(pytest_llmeval.__path__, "pytest_llmeval."):
    importlib.import_module(module.name)
"""


def imported_by(code: str) -> set[str]:
    """Top-level packages that a fresh interpreter imports for this code."""
    command = [sys.executable, "-X", "importtime", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}


def test_importing_the_plugin_loads_no_heavy_library() -> None:
    imported = imported_by("import pytest_llmeval.plugin")
    assert "pytest_llmeval" in imported
    assert not imported & HEAVY


def test_importing_every_module_of_ours_loads_no_heavy_library() -> None:
    assert not imported_by(IMPORT_ALL) & HEAVY
