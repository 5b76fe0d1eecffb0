"""The files of a detoxify model, which are looked up or fetched, and read as plain weights.

detoxify would unpickle any checkpoint, and wait half a minute for a missing network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import MissingExtraError, SettingError, nearest

TOXICITY_OPTION = "--llm-toxicity-model"
_JIGSAW_2018 = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")
_JIGSAW_2019 = (*_JIGSAW_2018, "sexual_explicit")
LABELS: Mapping[str, tuple[str, ...]] = {
    "original": _JIGSAW_2018,
    "unbiased": _JIGSAW_2019,
    "multilingual": _JIGSAW_2019,
    "original-small": _JIGSAW_2018,
    "unbiased-small": _JIGSAW_2019,
}
"""The labels of each published model."""

_VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
)
_TOKENIZER_FILES = (
    "config.json",
    *_VOCABULARIES,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
)
_CONNECT_TIMEOUT_S = 10


def local_checkpoint(name: str) -> Path:
    """Return the checkpoint file at a path, after a check that its folder is complete."""
    path = Path(name).expanduser()
    files = [path] if path.is_file() else sorted([*path.glob("*.ckpt"), *path.glob("*.pt")])
    if not path.exists():
        allowed = f"{', '.join(LABELS)}, or the path of a checkpoint (.ckpt, .pt) or of its folder"
        raise SettingError(TOXICITY_OPTION, name, allowed, nearest(name, LABELS))
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        allowed = "a folder with one checkpoint (.ckpt or .pt)"
        raise SettingError(TOXICITY_OPTION, name, allowed, f"It has {names}.")
    folder = files[0].parent
    if not _is_complete(folder):
        vocabularies = " or ".join(_VOCABULARIES)
        allowed = (
            "a checkpoint in a folder with config.json and the vocabulary of its network "
            f"({vocabularies})"
        )
        raise SettingError(TOXICITY_OPTION, name, allowed, f"Put them into {folder}.")
    return files[0]


def _is_complete(folder: Path) -> bool:
    return (folder / "config.json").is_file() and any(
        (folder / name).is_file() for name in _VOCABULARIES
    )


def published_checkpoint(model: str) -> Path:
    """Return the published weights in torch's cache, which are fetched if they are missing."""
    from urllib.request import urlopen

    import torch
    from detoxify.detoxify import MODEL_URLS

    url: str = MODEL_URLS[model]
    file = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if not file.is_file():
        try:
            # torch's download would wait without limit.
            urlopen(url, timeout=_CONNECT_TIMEOUT_S).close()
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(file), progress=False)
        except (OSError, RuntimeError) as error:
            raise _missing(model, f"the weights {url}", error) from error
    return file


def published_tokenizer(model: str, repository: str) -> Path:
    """Return the folder of the network's config and vocabulary in the hub's cache."""
    from huggingface_hub import snapshot_download

    patterns = list(_TOKENIZER_FILES)
    try:
        folder = Path(snapshot_download(repository, allow_patterns=patterns, local_files_only=True))
        if _is_complete(folder):
            return folder
    except OSError:
        pass  # not in the cache
    try:
        return Path(
            snapshot_download(repository, allow_patterns=patterns, etag_timeout=_CONNECT_TIMEOUT_S)
        )
    except OSError as error:
        raise _missing(
            model, f"config and vocabulary of {repository} (Hugging Face hub)", error
        ) from error


def _missing(model: str, what: str, error: Exception) -> MissingExtraError:
    return MissingExtraError(
        f"toxicity model {model!r} needs {what}, which are not on this machine and cannot be "
        f"fetched ({first_line(error)})",
        f"connect to the network once, or name a local checkpoint with {TOXICITY_OPTION} PATH, "
        "or use the judge model instead with --llm-toxicity judge",
    )


def read_weights(file: Path) -> dict[str, Any]:
    """Read a checkpoint as plain data, and refuse one that would run code."""
    import torch

    try:
        checkpoint: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        for path in (
            ("config", "arch", "args", "model_type"),
            ("config", "dataset", "args", "classes"),
        ):
            part: Any = checkpoint
            for key in path:
                part = part[key]
        checkpoint["state_dict"].keys()
    except Exception as error:
        allowed = (
            "a checkpoint of detoxify: weights and configuration, "
            "nothing that runs code when it is read"
        )
        remedy = f"Refused: {_refusal(error)}."
        raise SettingError(TOXICITY_OPTION, str(file), allowed, remedy) from error
    return checkpoint


def _refusal(error: Exception) -> str:
    """Take the code that a checkpoint would run from torch's text, without its advice."""
    lines = [line for line in str(error).splitlines() if "GLOBAL" in line]
    if lines:
        return lines[0].split(". ")[0].rstrip(".")
    return f"{type(error).__name__} {first_line(error)}".rstrip()


def sha256_of(file: Path) -> str:
    """Compute the sha256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def first_line(error: Exception) -> str:
    """Return the first line of an error's text."""
    return (str(error).splitlines() or [""])[0]
