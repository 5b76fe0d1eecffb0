from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmeval.errors import SettingError
from pytest_llmeval.settings.project import find_project


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "pytest.ini",
            "[pytest]\nllm_judge_model = judge-1\nllm_columns =\n    q = prompt\n    a = expected\n",
        ),
        (
            "tox.ini",
            "[pytest]\nllm_judge_model = judge-1\nllm_columns = q = prompt\n    a = expected\n",
        ),
        (
            "setup.cfg",
            "[tool:pytest]\nllm_judge_model = judge-1\nllm_columns = q = prompt\n    a = expected\n",
        ),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\nllm_judge_model = "judge-1"\nllm_columns = ["q = prompt", "a = expected"]\n',
        ),
        (
            "pyproject.toml",
            '[tool.pytest]\nllm_judge_model = "judge-1"\nllm_columns = ["q = prompt", "a = expected"]\n',
        ),
        (
            "pytest.toml",
            '[pytest]\nllm_judge_model = "judge-1"\nllm_columns = ["q = prompt", "a = expected"]\n',
        ),
    ],
)
def test_the_keys_of_pytests_ini_file_count_in_every_form_of_it(
    name: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    project = find_project(inner)
    assert project.root == tmp_path
    assert project.ini["judge_model"] == "judge-1"
    columns = project.ini["columns"]
    lines = columns.splitlines() if isinstance(columns, str) else columns
    assert [line for line in lines if line] == ["q = prompt", "a = expected"]  # type: ignore[attr-defined]


def test_a_file_without_a_section_for_pytest_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nllm_judge_model = outer\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (inner / "tox.ini").write_text("[tox]\n")
    (inner / "setup.cfg").write_text("[metadata]\n")
    assert (find_project(inner).root, find_project(inner).ini) == (
        tmp_path,
        {"judge_model": "outer"},
    )
    (inner / "pytest.ini").write_text("")
    assert (find_project(inner).root, find_project(inner).ini) == (inner, {})


def test_pytest_itself_reads_the_same(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nllm_judge_model = judge-1 # no comment\nllm_min_agreement =\n    kappa>=0.6\n    alpha>=0.5\n"
    )
    (tmp_path / "test_ini.py").write_text(
        "def test_ini(pytestconfig):\n"
        '    assert pytestconfig.getini("llm_judge_model") == "judge-1 # no comment"\n'
        '    assert pytestconfig.getini("llm_min_agreement") == ["kappa>=0.6", "alpha>=0.5"]\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    ini = find_project(tmp_path).ini
    assert ini == {"judge_model": "judge-1 # no comment", "min_agreement": "kappa>=0.6\nalpha>=0.5"}


@pytest.mark.parametrize(
    ("name", "text"), [("pytest.ini", "llm_judge_model"), ("pyproject.toml", "[tool")]
)
def test_a_file_that_cannot_be_read_is_told(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingError, match="an ini file that pytest can read") as caught:
        find_project(tmp_path)
    assert str(tmp_path / name) in str(caught.value)
