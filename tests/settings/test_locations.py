from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmeval.errors import SettingError
from pytest_llmeval.settings.locations import Locations, target_outside
from pytest_llmeval.settings.resolve import resolve

ROOT, CURRENT = Path("/project"), Path("/project/evals")


@pytest.fixture
def locations() -> Locations:
    settings = resolve({"log": "mine.sqlite"}, {"LLMEVAL_JSON": "a.json"}, {"html": "a.html"})
    return Locations.of(settings, ROOT, CURRENT)


def test_a_path_from_the_command_line_is_relative_to_the_current_folder(
    locations: Locations,
) -> None:
    assert locations.path("log", "mine.sqlite") == CURRENT / "mine.sqlite"


@pytest.mark.parametrize("setting", ["json", "html", "csv"])
def test_any_other_path_is_relative_to_the_root(locations: Locations, setting: str) -> None:
    assert locations.path(setting, "reports/a") == ROOT / "reports" / "a"


@pytest.mark.parametrize("setting", ["log", "json"])
def test_an_absolute_path_stays(locations: Locations, setting: str) -> None:
    assert locations.path(setting, "/elsewhere/a") == Path("/elsewhere/a")


def test_a_url_is_no_path(locations: Locations) -> None:
    assert locations.address("log", "postgresql://host/runs") == "postgresql://host/runs"
    assert locations.address("log", "mine.sqlite") == str(CURRENT / "mine.sqlite")


def test_a_value_that_may_be_a_file_is_one_where_the_file_exists(tmp_path: Path) -> None:
    locations = Locations(tmp_path, tmp_path / "evals")
    (tmp_path / "model.gguf").touch()

    assert locations.existing("provider", "local:model.gguf", "local:") == (
        f"local:{tmp_path / 'model.gguf'}"
    )
    assert locations.existing("provider", "local:qwen", "local:") == "local:qwen"
    assert locations.existing("provider", "model.gguf", "local:") == "model.gguf"


def test_a_path_is_shown_as_the_user_would_type_it(locations: Locations) -> None:
    assert locations.shown(CURRENT / "a.json") == "a.json"
    assert locations.shown(ROOT / "a.json") == str(ROOT / "a.json")


def test_a_link_of_the_project_may_not_lead_outside(tmp_path: Path) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    for folder in (root / "data", outside):
        folder.mkdir(parents=True)
    (root / "out").symlink_to(outside)
    (root / "in").symlink_to(root / "data")
    (root / "gone").symlink_to(tmp_path / "nothing")
    (root / "loop").symlink_to(root / "loop")
    (tmp_path / "other").symlink_to(root)

    leading = [root / "out", root / "out" / "a.csv", root / "data" / ".." / "out", root / "gone"]
    assert [target_outside(path, root) is None for path in leading] == [False] * 4
    fine = [
        root / "in" / "a.csv", root / "data", root / "missing" / "a", root, outside / "a.csv",
        root / ".." / "outside" / "a.csv", root / "loop", root / "a\0b",
    ]  # fmt: skip
    assert [target_outside(path, root) for path in fine] == [None] * len(fine)
    # The project itself may be known by a link.
    assert target_outside(tmp_path / "other" / "data" / "a", tmp_path / "other") is None
    assert target_outside(tmp_path / "other" / "out", tmp_path / "other") == outside
    assert target_outside(root / "out", tmp_path / "other") == outside


@pytest.mark.parametrize("setting", ["log", "store", "json", "quarantine", "recordings", "judges"])
def test_a_setting_that_a_link_leads_outside_is_refused(tmp_path: Path, setting: str) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)

    def check(**values: str) -> None:
        settings = resolve({}, {}, values)
        Locations.of(settings, root, root).check(settings)

    with pytest.raises(SettingError) as caught:
        check(**{setting: "link/a"})
    assert f"--llm-{setting}: found 'link/a'; allowed: a path in {root}. " in str(caught.value)
    assert f"A symbolic link leads to {outside}/a. Remove the link" in str(caught.value)
    check(**{setting: str(outside / "a")})
    check(**{setting: "../outside/a"})
    with pytest.raises(SettingError, match=r"--llm-log, --llm-csv: found 'link/a, link/b'") as all_:
        check(log="link/a", csv="link/b")
    assert f"Symbolic links lead to {outside}/a, {outside}/b. Remove the links" in str(all_.value)


def test_a_link_may_lead_anywhere_in_the_work_tree_of_git_but_not_into_git(tmp_path: Path) -> None:
    root = tmp_path / "packages" / "a"
    for folder in (root, tmp_path / "shared", tmp_path / ".git"):
        folder.mkdir(parents=True)
    (root / "golden").symlink_to(tmp_path / "shared")
    (root / "config").symlink_to(tmp_path / ".git" / "config")
    (root / "above").symlink_to(tmp_path.parent)
    assert target_outside(root / "golden" / "a.csv", root) is None
    assert target_outside(root / "config", root) == tmp_path / ".git" / "config"
    assert target_outside(root / "above" / "x", root) == tmp_path.parent / "x"
