from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmeval.settings.locations import Locations
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
