"""The CI examples as the tests read them: files, the shell in them, and the commands in that shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
GITHUB = sorted((ROOT / "examples/ci/github").glob("*.yml"))
GITLAB = sorted((ROOT / "examples/ci/gitlab").glob(".*.yml"))
FILES = [*GITHUB, *GITLAB]
NO_JOBS = {"stages", "workflow", "default", "variables", "include"}
"""Top-level words of GitLab that are not the name of a job."""


@dataclass(frozen=True)
class Script:
    """One shell script of a job; ``shell`` is what runs it."""

    job: str
    shell: str
    text: str

    @property
    def commands(self) -> Iterator[list[str]]:
        """Its command lines of pytest and llmeval, as words; what the shell does with their output is left out."""
        for line in re.sub(r"\\\n\s*", " ", self.text).splitlines():
            found = re.match(r"[\s{]*((?:pytest|llmeval) .*)", line)
            if found:
                words = list(shlex.shlex(found[1], posix=True, punctuation_chars=True))
                end = next(
                    (place for place, word in enumerate(words) if set(word) <= set("|;&<>")),
                    len(words),
                )
                yield words[:end]


def name_of(file: Path) -> str:
    return file.relative_to(ROOT / "examples/ci").as_posix()


def load(file: Path) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


def jobs(file: Path) -> dict[str, dict[str, Any]]:
    document = load(file)
    if file in GITHUB:
        return dict(document["jobs"])
    return {name: job for name, job in document.items() if name not in NO_JOBS}


def scripts(file: Path) -> list[Script]:
    if file in GITHUB:
        steps = [(name, step) for name, job in jobs(file).items() for step in job["steps"]]
        return [Script(name, "bash", step["run"]) for name, step in steps if "run" in step]
    return [
        Script(name, "busybox" if "alpine" in job.get("image", "") else "bash", text)
        for name, job in jobs(file).items()
        for text in [*job.get("before_script", []), *job["script"]]
    ]


def script(file: Path, job: str, word: str) -> str:
    """The one script of a job in which a word stands."""
    (found,) = [each.text for each in scripts(file) if each.job == job and word in each.text]
    return found
