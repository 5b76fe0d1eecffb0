"""The example of a model that is replaced by a smaller one: real answers, from recordings."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import OTHERS_OFF

EXAMPLE = Path(__file__).parents[1] / "examples" / "upgrade"
REGRESSED = "REGRESSED: regression against main: rubric: dropped 16.0 points (95% sure: at least 6.2; margin 2 points)"
SAME = "OK: regression against main: rubric: identical: every answer is the baseline's"
ACCEPTED, SMALLER = "local:qwen2.5-coder-1.5b-instruct", "local:qwen2.5-coder-0.5b-instruct"

ONLY_GATES = "of 60 cases failed; only gates count (--llm-fail-on gate)."
HEADLINES = {
    ACCEPTED: f"PASSED: 2 {ONLY_GATES}",
    SMALLER: f"FAILED: 1 gate missed. 11 {ONLY_GATES}",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example, for what a run leaves behind."""
    ignored = shutil.ignore_patterns(".llmeval", ".pytest_cache")
    return Path(shutil.copytree(EXAMPLE, tmp_path / "upgrade", ignore=ignored))


def run(project: Path, *command: str) -> tuple[int, list[str]]:
    """Exit code of a command of ours, and what it printed."""
    found = subprocess.run(
        [sys.executable, *command], cwd=project, capture_output=True, text=True, check=False
    )
    assert not found.stderr
    return found.returncode, found.stdout.splitlines()


def gated(project: Path, provider: str, *more: str) -> tuple[int, list[str]]:
    return run(project, "-m", "pytest", *OTHERS_OFF, "--llm-provider", provider, *more)


@pytest.mark.parametrize(
    ("provider", "workers", "verdict", "code"),
    [(SMALLER, "4", REGRESSED, 1), (ACCEPTED, "0", SAME, 0)],
)
def test_the_smaller_model_is_worse_and_the_accepted_one_is_not(
    project: Path, provider: str, workers: str, verdict: str, code: int
) -> None:
    ended, lines = gated(project, provider, "-n", workers)

    assert (ended, verdict in lines) == (code, True), lines
    headline = lines[lines.index(verdict) + 1]
    assert headline == HEADLINES[provider]  # no word about the baseline, which is up to date
    page = (EXAMPLE / "README.md").read_text("utf-8").splitlines()
    assert {verdict, headline} <= set(page)


@pytest.mark.parametrize(
    ("provider", "verdict", "code"), [(SMALLER, REGRESSED, 1), (ACCEPTED, SAME, 0)]
)
def test_three_jobs_that_share_the_questions_come_to_the_same(
    project: Path, provider: str, verdict: str, code: int
) -> None:
    for group in "123":
        log = f"shard-{group}.sqlite"
        gated(
            project,
            provider,
            "--splits",
            "3",
            "--group",
            group,
            "--llm-log",
            log,
            "--llm-baseline",
            "",
        )

    merge = "from pytest_llmeval.cli import main; main()"
    ended, lines = run(project, "-c", merge, "merge", *(f"shard-{group}.sqlite" for group in "123"))

    assert (ended, verdict in lines) == (code, True), lines
    assert lines[0].startswith("60 cases of 3 shards joined as ")
