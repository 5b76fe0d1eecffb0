"""What a CI job shows of a run: the page of its step, annotations, and GitLab's findings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.settings.table import Settings

if TYPE_CHECKING:
    from pytest_llmeval.records.result import CaseResult
    from pytest_llmeval.records.run import Run
    from pytest_llmeval.summary.summary import Summary


_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
_REPOSITORY = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")  # GitHub's, GitLab's
_MOST_BYTES = 1024 * 1024
"""What GitHub takes of one step; of a step that has more it shows nothing."""


@dataclass(frozen=True)
class CiOutput:
    """Where the output for a CI job goes.

    Attributes:
        settings: The settings in force.
        root: What the paths of golden files are relative to.
        paths: What the run leaves behind, by kind.
        whole: Where the whole report is; empty if there is none.
    """

    settings: Settings
    root: Path
    paths: Mapping[str, Path]
    whole: str

    def write(self, run: Run, results: Iterable[CaseResult], summary: Summary) -> tuple[str, ...]:
        """Write the summary and the findings, and return the lines for the output of the job."""
        lines: list[str] = []
        page = os.environ.get(_STEP_SUMMARY)
        if page or "summary" in self.paths:
            trouble = self._write_summary(page, run, results, summary)
            lines += [f"llm: {trouble}"] if trouble else []
        place = place_in_repository(os.environ, self.root)
        if "code_quality" in self.paths:
            from pytest_llmeval.reports.gitlab import write_code_quality

            write_code_quality(self.paths["code_quality"], run, results, place)
        if _is_annotated(self.settings, os.environ):
            from pytest_llmeval.reports.github import github_annotations

            lines += github_annotations(run, results, place)
        return tuple(lines)

    def _write_summary(
        self, page: str | None, run: Run, results: Iterable[CaseResult], summary: Summary
    ) -> str:
        """Write the Markdown summary; return why it could not be added to the page of the step."""
        from pytest_llmeval.reports.markdown.page import markdown, write_markdown

        text = markdown(run, results, summary, self.whole)
        if "summary" in self.paths:
            write_markdown(self.paths["summary"], text)
        return append(page, text) if page else ""


def _is_annotated(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Whether annotations for GitHub are printed."""
    if settings.annotations == "auto":
        return environment.get("GITHUB_ACTIONS") == "true"
    return settings.annotations == "github"


def place_in_repository(environment: Mapping[str, str], root: Path) -> Callable[[str], str]:
    """From a golden file's path to its path in the repository, with forward slashes.

    Args:
        environment: Tells where the repository is; where it does not, ``root`` is taken for it.
        root: What the paths of golden files are relative to.
    """
    named = next((environment[name] for name in _REPOSITORY if environment.get(name)), "")
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
        if (path.stat().st_size if path.exists() else 0) + len(text.encode()) > _MOST_BYTES:
            return (
                f"the page of this step, {page}, would be larger than the 1 MiB that GitHub takes"
            )
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        return f"the page of this step, {page}, cannot be written: {error.strerror or error}"
    return ""
