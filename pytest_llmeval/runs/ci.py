"""What the environment of a CI job says: who runs it, where the repository is, where its page is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_llmeval.settings.table import Settings

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
REPOSITORY = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")  # GitHub's, GitLab's
MOST_BYTES = 1024 * 1024
"""What GitHub takes of one step; of a step that has more it shows nothing."""


def is_github_told(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Whether annotations for GitHub are to be printed."""
    asked = settings.annotations
    return asked == "github" or (asked == "auto" and environment.get("GITHUB_ACTIONS") == "true")


def place_in_repository(environment: Mapping[str, str], root: Path) -> Callable[[str], str]:
    """From a golden file's path to its path in the repository, with forward slashes.

    Args:
        environment: Tells where the repository is; where it does not, ``root`` is taken for it.
        root: What the paths of golden files are relative to.
    """
    named = next((environment[name] for name in REPOSITORY if environment.get(name)), "")
    top = Path(named or root).resolve()

    def place(file: str) -> str:
        path = Path(os.path.normpath(root.resolve() / file))
        return path.relative_to(top).as_posix() if path.is_relative_to(top) else file

    return place


def append(page: str, text: str) -> str:
    """Add a text to the page of a job's step; why that was not possible, or nothing.

    The job goes on without it: the variable may name a file of another machine, as in a container.
    """
    path = Path(page)
    try:
        if (path.stat().st_size if path.exists() else 0) + len(text.encode()) > MOST_BYTES:
            return (
                f"the page of this step, {page}, would be larger than the 1 MiB that GitHub takes"
            )
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        return f"the page of this step, {page}, cannot be written: {error.strerror or error}"
    return ""
