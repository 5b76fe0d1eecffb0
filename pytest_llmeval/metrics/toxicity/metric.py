"""The metric that measures toxicity with a local detoxify model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib import metadata

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.extras import Extra
from pytest_llmeval.metrics.as_score import EMPTY, unscored
from pytest_llmeval.metrics.toxicity.files import TOXICITY_OPTION
from pytest_llmeval.metrics.toxicity.model import Prediction, ToxicityModel, shared_model
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.text import shows_something


class ToxicityMetric(BaseScorer):
    """Probability that an answer is toxic, or carries one of the model's other labels.

    The answer is read up to the length that the model can read (512 tokens with the published
    models); the reason says so where it was longer.

    Args:
        model: ``original``, ``unbiased``, ``multilingual``, ``original-small``, ``unbiased-small``,
            or the path of a local checkpoint: the file, with ``config.json`` and the vocabulary
            beside it, or that folder.
        label: Which label is the score's value; all of them are in its ``parts``.

    Raises:
        MissingExtraError: The extra ``toxicity`` is not installed.
        SettingError: There is no such model, or it is known not to have the label.
    """

    name = "toxicity"
    scale = Scale(0.0, 1.0, higher_is_better=False)
    about = (
        "probability that the answer is toxic; "
        ".insult, .threat and so on for the model's other labels"
    )
    extra = Extra("toxicity", ("detoxify", "torch", "transformers", "huggingface_hub"))
    source = "detoxify: Hanu and Unitary team 2020, https://github.com/unitaryai/detoxify"

    def __init__(self, model: str = "original", label: str = "toxicity") -> None:
        self.extra.require("toxicity", "--llm-toxicity judge to use the judge model instead")
        self._model: ToxicityModel = shared_model(model)
        self._label = label
        if label != "toxicity":
            self.name = f"toxicity.{label}"
        self._check_label(self._model.known_labels)

    @cached_property
    def version(self) -> str:  # type: ignore[override]  # computed
        """Versions of detoxify and of the model, for a local checkpoint by its content."""
        return f"detoxify {metadata.version('detoxify')}/{self._model.identity}"

    def load(self) -> None:
        """Load the model now rather than with the first answer.

        Raises:
            MissingExtraError: Its weights are not here and cannot be fetched.
            SettingError: The checkpoint cannot be used, or its model does not have the label.
        """
        self._check_label(self._model.labels())

    def score(self, case: Case, completion: Completion) -> Score:
        """Score the label's probability for the answer.

        Raises:
            MissingExtraError: The model's weights are not here and cannot be fetched.
            SettingError: The checkpoint cannot be used, or its model does not have the label.
        """
        if not shows_something(completion.text):
            return unscored(self, EMPTY)
        self.load()
        return self._score(self._model.predict([completion.text])[0])

    def score_batch(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Compute the probability of each label for many texts, in few passes of the model.

        Args:
            texts: Answers. Scoring one of them afterwards costs no further pass.

        Raises:
            MissingExtraError: The model's weights are not here and cannot be fetched.
            SettingError: The checkpoint cannot be used.
        """
        return [dict(prediction.labels) for prediction in self._model.predict(texts)]

    def _score(self, prediction: Prediction) -> Score:
        reason = ""
        if not prediction.is_whole:
            reason = f"only the first {self._model.max_tokens()} tokens were read"
        value = prediction.labels[self._label]
        return Score(self.name, value, self.scale, reason, self.version, parts=prediction.labels)

    def _check_label(self, labels: Sequence[str]) -> None:
        if labels and self._label not in labels:
            origin = f"toxicity label of model {self._model.name!r}"
            remedy = f"{nearest(self._label, labels)} Other models are set with {TOXICITY_OPTION}."
            raise SettingError(origin, self._label, ", ".join(labels), remedy.strip())
