"""CONTRIBUTING.md maps what is there, and what is there is on the map."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAP = TEXT.partition("## Map")[2].partition("## How to add")[0]
MAKE_TARGETS = re.findall(
    r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
)
PARTS = sorted(
    f"{path.name}/" if path.is_dir() else path.name
    for path in (ROOT / "pytest_llmeval").iterdir()
    if path.suffix == ".py" or (path / "__init__.py").is_file()
)


@pytest.mark.parametrize("part", [part for part in PARTS if part != "__init__.py"])
def test_every_part_of_the_package_is_on_the_map(part: str) -> None:
    assert f"`{part}`" in MAP


@pytest.mark.parametrize("target", [target for target in MAKE_TARGETS if target != "help"])
def test_every_task_of_the_makefile_is_explained(target: str) -> None:
    assert f"`make {target}`" in TEXT


def test_every_path_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_.]*)`", TEXT))
    missing = {
        path
        for path in named
        if not (ROOT / path).exists() and not (ROOT / "pytest_llmeval" / path).exists()
    }
    assert missing == set()
