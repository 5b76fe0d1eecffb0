"""How near in meaning the answer is to the expected text, or to the prompt, by embeddings.

A cosine says what two texts are about, not whether one is right: "the capital is Paris" and "the
capital is Rome" are near.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from pytest_llmeval.metrics.as_score import unscored
from pytest_llmeval.metrics.embedders import MINILM_TOKENS, cosine, local_embedder
from pytest_llmeval.metrics.match import accepted_answers, nothing_expected
from pytest_llmeval.protocols import BaseScorer, Embedder
from pytest_llmeval.records.call import Completion, Embedding
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale, Score

COSINE = Scale(-1.0, 1.0)


class Similarity(BaseScorer):
    """Cosine of the embeddings of the answer and of the expected text, from -1 to 1; unrelated texts are near 0.

    With several accepted answers the nearest counts.

    Args:
        embedder: What embeds; by default the local MiniLM.

    Raises:
        MissingExtraError: The local model is not installed.
    """

    name = "similarity"
    scale = COSINE
    needs = ("embedder",)
    extra = "similarity"
    about = "cosine of the embeddings of answer and expected text: 1 same meaning, 0 unrelated; it is not correctness"
    source = "Reimers, Gurevych 2019, EMNLP (Sentence-BERT); model by --llm-embedding"
    family = "embeddings"

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder or local_embedder("minilm")

    @cached_property
    def version(self) -> str:  # type: ignore[override]  # computed
        """The embedder's."""
        return f"cosine/{self._embedder.fingerprint}"

    async def score(self, case: Case, completion: Completion) -> Score:
        """Embed both texts and compare.

        Args:
            case: Has the expected text.
            completion: The answer.

        Raises:
            CallError: The endpoint that embeds gave no vector.
        """
        accepted = accepted_answers(case)
        return (
            await self._compared(completion.text, accepted) if accepted else nothing_expected(self)
        )

    async def _compared(self, answer: str, others: Sequence[str]) -> Score:
        if not answer.strip():
            return unscored(self, "the answer is empty")
        own, *found = await self._embedder.embed([answer, *others])
        cosines = [
            value for each in found if (value := cosine(own.vector, each.vector)) is not None
        ]
        calls = tuple(each.call for each in (own, *found) if each.call is not None)
        if not cosines:
            return Score(
                self.name, None, self.scale, version=self.version, error=NO_DIRECTION, calls=calls
            )
        return Score(
            self.name, max(cosines), self.scale, _read([own, *found]), self.version, calls=calls
        )


class Relevance(Similarity):
    """Cosine of the embeddings of the answer and of the prompt, from -1 to 1; unrelated texts are near 0.

    Args:
        embedder: What embeds; by default the local MiniLM.

    Raises:
        MissingExtraError: The local model is not installed.
    """

    name = "relevance"
    about = (
        "cosine of the embeddings of answer and prompt: whether the answer is about what was asked"
    )

    async def score(self, case: Case, completion: Completion) -> Score:
        """Embed both texts and compare.

        Args:
            case: Has the prompt.
            completion: The answer.

        Raises:
            CallError: The endpoint that embeds gave no vector.
        """
        if not case.prompt.strip():
            return unscored(self, "the case has no prompt to compare with")
        return await self._compared(completion.text, [case.prompt])


NO_DIRECTION = "the model knows no word of one of the texts, so it has no direction"


def _read(found: Sequence[Embedding]) -> str:
    return (
        ""
        if all(each.is_whole for each in found)
        else f"only the first {MINILM_TOKENS} tokens were read"
    )
