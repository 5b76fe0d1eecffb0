"""Links that a commit holds: none leads a run to a file outside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.conftest import FAQ, Project

SECRET = "DB_PASSWORD=zq7secret"
ANSWERED = ("--llm-provider", "column:expected", "--llm-threshold", "exact_match>=1")

CHECKED = """
import pytest

@pytest.mark.llm_golden("golden/faq.csv")
@pytest.mark.llm_metric("json_schema", schema="schema.json", min=1)
def test_schema(llm_completion):
    pass
"""


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "env").write_text(f"{SECRET}\n", encoding="utf-8")
    (folder / "rows.csv").write_text(FAQ, encoding="utf-8")
    return folder


def link(project: Project, name: str, target: Path) -> None:
    path = project.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_linked_golden_file_is_refused_and_not_quoted(
    project: Project, outside: Path, workers: str
) -> None:
    link(project, "golden/env.csv", outside / "env")
    link(project, "golden/rows.csv", outside / "rows.csv")
    link(project, "golden/folder", outside)
    link(project, "golden/good.csv", project.path / "golden" / "faq.csv")
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")

    found = project.run("golden", *ANSWERED, "-n", workers)
    named = project.run(str(outside / "rows.csv"), "golden/good.csv", *ANSWERED, "-n", workers)

    text = found.stdout.str()
    assert found.ret == 2
    for name in ("env.csv", "rows.csv"):
        assert f"golden/{name}: found a symbolic link to {outside}" in text
    assert "faq.csv" not in text.partition("short test summary")[2]
    assert SECRET not in text
    assert named.ret == 0, "a file outside is used where somebody names it"
    named.assert_outcomes(passed=6)


def test_no_recording_or_setting_is_followed_outside(project: Project, outside: Path) -> None:
    before = sorted(outside.rglob("*"))
    link(project, "golden/recordings", outside)
    recorded = project.run("golden/faq.csv", "--llm-model", "m", "--llm-record", "once")
    (project.path / "golden/recordings").unlink()
    link(project, "golden/baselines", outside)
    compared = project.run("golden/faq.csv", *ANSWERED, "--llm-baseline", "rows")
    link(project, "store", outside)
    stored = project.run("golden/faq.csv", *ANSWERED, "--llm-store", "store/a.sqlite")
    link(project, "prompt.txt", outside / "env")
    prompted = project.run("golden/faq.csv", "--llm-model=m", "--llm-template", "file:prompt.txt")
    link(project, "schema.json", outside / "env")
    project.write("test_schema.py", CHECKED)
    checked = project.run("test_schema.py", "--llm-provider", "column:expected")

    assert "recordings/faq.csv.jsonl: found a symbolic link to" in recorded.stdout.str()
    assert recorded.ret != 0
    for run in (compared, stored, prompted):
        assert run.ret == 4
        assert "A symbolic link leads to" in run.stderr.str()
    assert "Remove the symbolic link to" in checked.stderr.str()
    for run in (prompted, checked):
        assert run.ret != 0
        assert SECRET not in run.stdout.str() + run.stderr.str()
    assert sorted(outside.rglob("*")) == before
