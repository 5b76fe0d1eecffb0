"""The output of a run for a CI job: step summary, annotations and GitLab's findings."""

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
_REPOSITORY = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Variables of GitHub and GitLab with the folder of the repository."""
_MOST_BYTES = 1024 * 1024
"""GitHub's limit for the summary of a step; it shows nothing of a larger one."""


@dataclass(frozen=True)
class CiOutput:
    """A writer of the output for a CI job.

    Attributes:
        settings: The settings in force.
        root: Folder that paths of golden files are relative to.
        paths: Paths of the log and the reports by kind.
        full_report: Path of a report with every case; empty if there is none.
    """

    settings: Settings
    root: Path
    paths: Mapping[str, Path]
    full_report: str

    def write(self, run: Run, results: Iterable[CaseResult], summary: Summary) -> tuple[str, ...]:
        """Write summary and findings, and return lines for the output of the job."""
        lines: list[str] = []
        page = os.environ.get(_STEP_SUMMARY)
        if page or "summary" in self.paths:
            failure = self._write_summary(page, run, results, summary)
            if failure:
                lines.append(f"llm: {failure}")
        repository_path = repository_paths(os.environ, self.root)
        if "code_quality" in self.paths:
            from pytest_llmeval.reports.gitlab import write_code_quality

            write_code_quality(self.paths["code_quality"], run, results, repository_path)
        if _is_annotated(self.settings, os.environ):
            from pytest_llmeval.reports.github import github_annotations

            lines += github_annotations(run, results, repository_path)
        return tuple(lines)

    def _write_summary(
        self, page: str | None, run: Run, results: Iterable[CaseResult], summary: Summary
    ) -> str:
        """Write the Markdown summary, and return why the step cannot show it, or ``""``."""
        from pytest_llmeval.reports.markdown.page import markdown, write_markdown

        text = markdown(run, results, summary, self.full_report)
        if "summary" in self.paths:
            write_markdown(self.paths["summary"], text)
        return append(page, text) if page else ""


def _is_annotated(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Return whether annotations for GitHub are printed."""
    if settings.annotations == "auto":
        return environment.get("GITHUB_ACTIONS") == "true"
    return settings.annotations == "github"


def repository_paths(environment: Mapping[str, str], root: Path) -> Callable[[str], str]:
    """Return a function from a golden file to its path in the repository.

    Args:
        environment: Variables that may name the folder of the repository (default: ``root``).
        root: Folder that paths of golden files are relative to.
    """
    folder = next((environment[name] for name in _REPOSITORY if environment.get(name)), "")
    top = Path(folder or root).resolve()

    def repository_path(file: str) -> str:
        path = Path(os.path.normpath(root.resolve() / file))
        return path.relative_to(top).as_posix() if path.is_relative_to(top) else file

    return repository_path


def append(page: str, text: str) -> str:
    """Add a text to the summary of a job's step, and return why that failed, or ``""``.

    A failure is no error, because in a container the file may not exist.
    """
    path = Path(page)
    try:
        size = path.stat().st_size if path.exists() else 0
        if size + len(text.encode()) > _MOST_BYTES:
            return f"the summary of this step, {page}, would exceed GitHub's limit of 1 MiB"
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        return f"the summary of this step, {page}, cannot be written: {error.strerror or error}"
    return ""
