"""Metrics of the similarity of the answer to the expected text or the prompt, by embeddings.

A cosine shows that two texts have the same topic, not that one is right: "the capital is Paris" and
"the capital is Rome" are similar.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from pytest_llmeval.metrics.as_score import unscored
from pytest_llmeval.metrics.embedders import MINILM_EXTRA, MINILM_TOKENS, cosine, local_embedder
from pytest_llmeval.metrics.match import accepted_answers, nothing_expected
from pytest_llmeval.protocols import BaseScorer, Embedder
from pytest_llmeval.records.call import Completion, Embedding
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale, Score

_COSINE = Scale(-1.0, 1.0)


class Similarity(BaseScorer):
    """Cosine of the embeddings of answer and expected text, from -1 to 1; near 0 if unrelated.

    Of several accepted answers the most similar one counts.

    Args:
        embedder: The embedder; by default the local MiniLM.

    Raises:
        MissingExtraError: The local model is not installed.
    """

    name = "similarity"
    scale = _COSINE
    needs = ("embedder",)
    extra = MINILM_EXTRA
    about = (
        "cosine of the embeddings of answer and expected text: "
        "1 same meaning, 0 unrelated; it is not correctness"
    )
    source = "Reimers, Gurevych 2019, EMNLP (Sentence-BERT); model by --llm-embedding"
    family = "embeddings"

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder or local_embedder("minilm")

    @cached_property
    def version(self) -> str:  # type: ignore[override]  # computed
        """The version of the embedder."""
        return f"cosine/{self._embedder.fingerprint}"

    async def score(self, case: Case, completion: Completion) -> Score:
        """Embed both texts and compare.

        Raises:
            CallError: The endpoint that embeds gave no vector.
        """
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        return await self._compared(completion.text, accepted)

    async def _compared(self, answer: str, texts: Sequence[str]) -> Score:
        if not answer.strip():
            return unscored(self, "the answer is empty")
        answer_embedding, *embeddings = await self._embedder.embed([answer, *texts])
        cosines = [
            value
            for embedding in embeddings
            if (value := cosine(answer_embedding.vector, embedding.vector)) is not None
        ]
        calls = tuple(
            embedding.call
            for embedding in (answer_embedding, *embeddings)
            if embedding.call is not None
        )
        if not cosines:
            return Score(
                self.name, None, self.scale, version=self.version, error=_NO_DIRECTION, calls=calls
            )
        return Score(
            self.name,
            max(cosines),
            self.scale,
            _read([answer_embedding, *embeddings]),
            self.version,
            calls=calls,
        )


class Relevance(Similarity):
    """Cosine of the embeddings of answer and prompt, from -1 to 1; near 0 if unrelated.

    Args:
        embedder: The embedder; by default the local MiniLM.

    Raises:
        MissingExtraError: The local model is not installed.
    """

    name = "relevance"
    about = "cosine of the embeddings of answer and prompt: whether the answer is on topic"

    async def score(self, case: Case, completion: Completion) -> Score:
        """Embed both texts and compare.

        Raises:
            CallError: The endpoint that embeds gave no vector.
        """
        if not case.prompt.strip():
            return unscored(self, "the case has no prompt to compare with")
        return await self._compared(completion.text, [case.prompt])


_NO_DIRECTION = "the model knows no word of one of the texts, so it has no direction"


def _read(embeddings: Sequence[Embedding]) -> str:
    if all(embedding.is_whole for embedding in embeddings):
        return ""
    return f"only the first {MINILM_TOKENS} tokens were read"
