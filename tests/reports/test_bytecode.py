from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from pytest_llmeval.reports.html.bytecode import CompiledTemplates


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a template, where Python may write bytecode."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "page.jinja").write_text("Dear {{ name }}")
    (tmp_path / "made.py").write_text("FILTERS = 1")
    return folder


def rendered(folder: Path) -> str:
    """What somebody reads whose environment is made anew, as each run makes it."""
    cache = CompiledTemplates(folder, made_by=folder.parent / "made.py")
    environment = Environment(loader=FileSystemLoader(folder), bytecode_cache=cache)
    return environment.get_template("page.jinja").render(name="Ada")


def compiled(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("__pycache__/*")}


def test_a_template_is_compiled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered(folder) == "Dear Ada"
    assert list(compiled(folder)) == [f"page.{sys.implementation.cache_tag}.pyc"]
    with monkeypatch.context() as patch:
        patch.delattr(Environment, "compile")
        assert rendered(folder) == "Dear Ada"


@pytest.mark.parametrize("changed", ["templates/page.jinja", "made.py"])
def test_what_it_was_compiled_from_has_changed(folder: Path, changed: str) -> None:
    rendered(folder)
    before = compiled(folder)
    path = folder.parent / changed
    path.write_text(path.read_text() + "!")

    assert rendered(folder) == ("Dear Ada!" if "page" in changed else "Dear Ada")
    assert compiled(folder).keys() == before.keys()
    assert compiled(folder) != before


@pytest.mark.parametrize("damage", [b"", b"\xff\xff", b"i\x01\x00\x00\x00"])
def test_a_damaged_file_is_written_anew(folder: Path, damage: bytes) -> None:
    rendered(folder)
    before = compiled(folder)
    for path in folder.glob("__pycache__/*"):
        path.write_bytes(damage)

    assert rendered(folder) == "Dear Ada"
    assert compiled(folder) == before


def test_nothing_is_written_where_python_writes_no_bytecode(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(folder) == "Dear Ada"
    assert compiled(folder) == {}


def test_a_folder_that_cannot_be_written_is_no_error(folder: Path) -> None:
    (folder / "__pycache__").write_text("a file in the way")
    assert rendered(folder) == "Dear Ada"
