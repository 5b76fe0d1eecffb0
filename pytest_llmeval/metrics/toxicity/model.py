"""The detoxify model, which loads once and reads each text once.

detoxify would fill gaps in a checkpoint with random numbers, and fail on a text that is too long.
This module prevents both.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.metrics.toxicity.files import (
    LABELS,
    TOXICITY_OPTION,
    first_line,
    local_checkpoint,
    published_checkpoint,
    published_tokenizer,
    read_weights,
    sha256_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from detoxify import Detoxify


_BATCH = 16
"""Answers in one pass, enough to fill two cores."""
_REMEMBERED = 1024
"""Answers whose labels stay in memory, so that toxicity and toxicity.insult share one pass."""


@dataclass(frozen=True)
class Prediction:
    """The probability of each label, and whether the model read the whole text."""

    labels: Mapping[str, float]
    is_whole: bool


@cache
def shared_model(name: str) -> ToxicityModel:
    """Return the process's shared model of this name, which loads when first needed.

    Raises:
        SettingError: There is no such model or file.
    """
    return ToxicityModel(name)


class ToxicityModel:
    """A detoxify model, loaded when first needed, whose answers are remembered.

    Args:
        name: A published model, or the path of a checkpoint or of its folder.

    Raises:
        SettingError: There is no such model or file.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._file = None if name in LABELS else local_checkpoint(name)
        self._lock = threading.RLock()
        self._failure: InputError | None = None
        self._remembered: dict[str, Prediction] = {}

    @property
    def known_labels(self) -> tuple[str, ...]:
        """The labels that are known before the model loads; empty for a local checkpoint."""
        return LABELS.get(self.name, ())

    @cached_property
    def identity(self) -> str:
        """The published name, or the start of the checkpoint's sha256."""
        if self._file is None:
            return self.name
        return f"sha256:{sha256_of(self._file)[:12]}"

    def labels(self) -> tuple[str, ...]:
        """Return the model's labels.

        Raises:
            MissingExtraError: Its weights are not here and cannot be fetched.
            SettingError: The checkpoint cannot be used.
        """
        return tuple(self._loaded().class_names)

    def max_tokens(self) -> int:
        """Return the number of tokens of a text that the model reads."""
        return int(self._loaded().tokenizer.model_max_length)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Compute the probability of each label for each text.

        Raises:
            MissingExtraError: The weights are not here and cannot be fetched.
            SettingError: The checkpoint cannot be used.
        """
        with self._lock:
            model = self._loaded()
            known = {text: self._remembered[text] for text in texts if text in self._remembered}
            new = [text for text in dict.fromkeys(texts) if text not in known]
            for start in range(0, len(new), _BATCH):
                batch = new[start : start + _BATCH]
                known.update(zip(batch, _predict(model, batch), strict=True))
            self._remembered = dict([*self._remembered.items(), *known.items()][-_REMEMBERED:])
            return [known[text] for text in texts]

    def _loaded(self) -> Detoxify:
        with self._lock:
            if self._failure is not None:
                # The next answer would only wait for the same network again.
                raise self._failure
            try:
                return self._detoxify
            except InputError as error:
                self._failure = error
                raise

    @cached_property
    def _detoxify(self) -> Detoxify:
        with _quiet_transformers():
            file = self._file or published_checkpoint(self.name)
            checkpoint = read_weights(file)
            arguments = checkpoint["config"]["arch"]["args"]
            folder = (
                file.parent
                if self._file
                else published_tokenizer(self.name, arguments["model_type"])
            )
            # Without a folder detoxify would ask the hub.
            arguments["model_type"] = str(folder)
            return _assemble(file, checkpoint)


def _assemble(file: Path, checkpoint: Mapping[str, Any]) -> Detoxify:
    """Make detoxify's own class around weights that have been read and checked."""
    import torch
    from detoxify import Detoxify

    clean = io.BytesIO()
    torch.save(dict(checkpoint), clean)
    clean.seek(0)
    try:
        model = Detoxify(checkpoint=clean)
    except Exception as error:
        allowed = "a checkpoint that fits the config.json and vocabulary in its folder"
        raise SettingError(
            TOXICITY_OPTION, str(file), allowed, f"({type(error).__name__}: {first_line(error)})"
        ) from error
    lacking = [
        name for name, _ in model.model.named_parameters() if name not in checkpoint["state_dict"]
    ]
    if lacking:
        raise SettingError(
            TOXICITY_OPTION,
            str(file),
            "a checkpoint with every weight of its network",
            f"It lacks {lacking[0]}.",
        )
    _limit_length(model)
    return model


def _limit_length(model: Detoxify) -> None:
    """Let the tokenizer cut texts at the network's limit, also without tokenizer_config.json."""
    config = model.model.config
    limit = getattr(config, "max_position_embeddings", model.tokenizer.model_max_length)
    # RoBERTa's positions start after the number of the padding token.
    padding = 2 if "roberta" in config.model_type else 0
    model.tokenizer.model_max_length = min(model.tokenizer.model_max_length, limit - padding)


def _predict(model: Detoxify, texts: list[str]) -> list[Prediction]:
    # Tokenizers refuse lone surrogates.
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    labels = model.predict(texts)
    # For one text detoxify returns numbers instead of lists.
    if len(texts) == 1:
        labels = {label: [value] for label, value in labels.items()}
    lengths = [len(ids) for ids in model.tokenizer(texts, verbose=False)["input_ids"]]
    return [
        # A text alone and in a batch differ in the seventh digit.
        Prediction(
            {label: round(values[row], 6) for label, values in labels.items()},
            is_whole=length <= model.tokenizer.model_max_length,
        )
        for row, length in enumerate(lengths)
    ]


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Silence progress bars and advice on the terminal while a model loads."""
    from transformers.utils import logging as untyped

    logging: Any = untyped
    verbosity, has_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if has_bars:
            logging.enable_progress_bar()
