"""Metrics of the similarity of the answer to the expected text or the prompt, by embeddings.

A cosine shows that two texts have the same topic, not that one is right: "the capital is Paris" and
"the capital is Rome" are similar.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from pytest_llmeval.metrics.as_score import EMPTY, unscored
from pytest_llmeval.metrics.embedders import MINILM_EXTRA, cosine, local_embedder
from pytest_llmeval.metrics.match import accepted_answers, nothing_expected
from pytest_llmeval.metrics.scripts import normal_form
from pytest_llmeval.protocols import BaseScorer, Embedder
from pytest_llmeval.records.call import Completion, Embedding
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.text import shows_something

_COSINE = Scale(-1.0, 1.0)


class Similarity(BaseScorer):
    """Cosine of the embeddings of answer and expected text, from -1 to 1; near 0 if unrelated.

    Of several accepted answers the most similar one counts. The local models know English: a text
    in another script, or one of which most is unknown, for example an emoji, is unscored, and so
    are texts that differ only in what the model does not know. Equal texts are 1.

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
        if not shows_something(answer):
            return unscored(self, EMPTY)
        first, *others = await self._embedder.embed([answer, *texts])
        calls = tuple(row.call for row in (first, *others) if row.call is not None)
        problems: list[str] = []
        cosines: list[float] = []
        for text, second in zip(texts, others, strict=True):
            problem = _problem(first, second)
            value = None if problem else cosine(first.vector, second.vector)
            if _is_same_text(answer, text):
                cosines.append(1.0)
            elif value is None:
                problems.append(problem or _NO_DIRECTION)
            else:
                cosines.append(value)
        if not cosines:
            return self.make_score(None, error=problems[0], calls=calls)
        return self.make_score(max(cosines), _read([first, *others]), calls=calls)


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


def _is_same_text(first: str, second: str) -> bool:
    return normal_form(first).casefold().split() == normal_form(second).casefold().split()


def _problem(first: Embedding, second: Embedding) -> str:
    """Say why the vectors of two different texts cannot be compared; empty if they can.

    MiniLM drops accents, which are whole words apart in Vietnamese.
    """
    if first.problem or second.problem:
        return first.problem or second.problem
    if first.vector == second.vector:
        return "the texts differ only in words, signs or accents that the model does not know"
    return ""


def _read(embeddings: Sequence[Embedding]) -> str:
    limit = next((embedding.limit for embedding in embeddings if embedding.limit), "")
    return f"only the first {limit} were read" if limit else ""
