"""A run in a CI job: what it prints and writes for GitHub and GitLab."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import Project

ARGS = ("golden/faq.csv", "--llm-model", "mock", "--min-score", "4")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_job_on_github_shows_the_lines_that_are_worse_and_the_summary(
    project: Project, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    page = project.write("page.md", "what another step wrote\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.path.parent))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))

    run = project.run(
        *ARGS, "--llm-summary", "out/pr.md", "--llm-code-quality", "out/gl.json", "-n", workers
    )

    lines = [line for line in run.stdout.lines if line.startswith("::")]
    file = f"{project.path.name}/golden/faq.csv"
    assert len(lines) == 1
    assert lines[0].startswith(
        f"::error file={file},line=3,title=missed its threshold%3A shipping::rubric scored 2; required "
    )
    summary = (project.path / "out/pr.md").read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8") == f"what another step wrote\n{summary}"
    assert summary.startswith(
        "<!-- llmeval -->\n\n## ❌ FAILED: 1 of 3 cases missed its threshold."
    )
    assert "whole report: .llmeval/report.html" in summary
    (finding,) = json.loads((project.path / "out/gl.json").read_text())
    assert finding["location"] == {"path": file, "lines": {"begin": 3}}
    run.stdout.fnmatch_lines(["summary *out/pr.md", "code_quality *out/gl.json"])


def test_a_job_goes_on_where_its_page_cannot_be_written_and_nobody_is_told_unless_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.path / "gone/page.md"))

    run = project.run(f"{ARGS[0]}::opening", *ARGS[1:], "--llm-annotations", "none")

    assert run.ret == 0
    run.stdout.fnmatch_lines(["llm: the summary of this step, *page.md, cannot be written: *"])
    run.stdout.no_fnmatch_line("::*")
