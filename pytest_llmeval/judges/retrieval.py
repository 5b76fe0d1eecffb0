"""Judges of answers that rest on retrieved passages: the share of what a text states that holds.

``faithfulness``
    Claims of the answer that the contexts support. Source: Ragas, arXiv 2309.15217.
``context_recall``
    Claims of the expected answer that the contexts hold: whether what is needed was found. Source: Ragas.
``answer_relevance``
    Statements of the answer that address the question. Ragas lets the judge guess questions from the answer and
    compares embeddings of them with the real one; that needs a second model, and its cosines have no meaning of their
    own. The share of statements needs neither, and names the statement that is beside the point. Source: DeepEval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pytest_llmeval.judges import claims
from pytest_llmeval.judges.blocks import Block, context_blocks, contexts_of
from pytest_llmeval.judges.kind import Kind
from pytest_llmeval.judges.means import Means
from pytest_llmeval.records import UNIT_SCALE, Case, Completion, Scale, Score

ANSWER, EXPECTED = "answer", "expected"
NO_CONTEXTS = "no contexts: give the case a column contexts, or let the application return what it retrieved"
SHOWN = 80  # characters of a claim in a reason


@dataclass(frozen=True)
class Share:
    """What is taken apart, and what it is checked against.

    Attributes:
        name: Name of the score.
        of: The text that is taken apart: ``answer`` or ``expected``.
        by_contexts: Whether its claims are checked against the contexts; else against the question alone.
        fault: What a claim is that does not hold.
    """

    name: str
    of: str
    by_contexts: bool
    fault: str


@dataclass(frozen=True)
class ShareJudge:
    """Has the claims of a text listed by one call and judged by another.

    Attributes:
        means: Who is asked, and how.
        share: Whose claims, and against what.
    """

    means: Means
    share: Share

    @property
    def name(self) -> str:
        """Name of the score."""
        return self.share.name

    @property
    def scale(self) -> Scale:
        """From 0 to 1, higher is better."""
        return UNIT_SCALE

    @cached_property
    def version(self) -> str:
        """Fingerprint of judge model, provider, prompts, parameters and protocol."""
        return claims.version_of(self.name, self.means)

    async def score(self, case: Case, completion: Completion) -> Score:
        """The share of the claims that hold. A text without a claim is unscored: nothing was shown of it.

        Raises:
            CallError: The first call gave no completion.
        """
        contexts = contexts_of(case, completion)
        text = Block(self.share.of, completion.text if self.share.of == ANSWER else case.expected or "")
        if lack := self._lack(text, contexts):
            return Score(self.name, None, UNIT_SCALE, version=self.version, error=lack)
        listed = await claims.claims_of(self.name, self.means, case, text)
        if not listed.value:
            error = listed.error or f"the {self._whose} states nothing that could be judged"
            return self._score(None, error=error, raw=listed.raw, calls=listed.calls)
        beside = context_blocks(contexts) if self.share.by_contexts else []
        judged = await claims.hold(self.name, self.means, case, listed.value, beside)
        calls = (*listed.calls, *judged.calls)
        raw = judged.calls[-1].text if judged.calls else listed.raw
        if judged.value is None:
            return self._score(None, error=judged.error, raw=raw, calls=calls)
        return self._shared(listed.value, judged.value, raw, calls)

    @property
    def _whose(self) -> str:
        return "answer" if self.share.of == ANSWER else "expected answer"

    def _lack(self, text: Block, contexts: Sequence[str]) -> str:
        """Why nothing can be asked; empty if it can."""
        if self.share.by_contexts and not contexts:
            return NO_CONTEXTS
        if text.text.strip():
            return ""
        return "empty answer: there is nothing to judge" if self.share.of == ANSWER else "no expected answer"

    def _shared(
        self, stated: Sequence[str], verdicts: Sequence[bool], raw: str, calls: tuple[Completion, ...]
    ) -> Score:
        held = sum(verdicts)
        fault = next((claim for claim, holds in zip(stated, verdicts, strict=True) if not holds), None)
        reason = f"all {held} hold" if fault is None else f"{self.share.fault}: {_cut(fault)}"
        parts = {"claims": float(len(stated)), "supported": float(held)}
        return self._score(held / len(stated), reason, raw=raw, parts=parts, calls=calls)

    def _score(
        self,
        value: float | None,
        reason: str = "",
        error: str | None = None,
        raw: str = "",
        parts: dict[str, float] | None = None,
        calls: tuple[Completion, ...] = (),
    ) -> Score:
        return Score(self.name, value, UNIT_SCALE, reason, self.version, error, raw, parts or {}, calls)


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def make_faithfulness(means: Means) -> ShareJudge:
    """A judge of whether the answer rests on the contexts."""
    return ShareJudge(means, Share("faithfulness", ANSWER, by_contexts=True, fault="not in the contexts"))


def make_context_recall(means: Means) -> ShareJudge:
    """A judge of whether the contexts hold what the expected answer says."""
    return ShareJudge(means, Share("context_recall", EXPECTED, by_contexts=True, fault="not in the contexts"))


def make_answer_relevance(means: Means) -> ShareJudge:
    """A judge of whether the answer keeps to the question."""
    return ShareJudge(means, Share("answer_relevance", ANSWER, by_contexts=False, fault="beside the question"))


RETRIEVAL_KINDS = (
    Kind(
        "faithfulness",
        make_faithfulness,
        UNIT_SCALE,
        "share of the answer's claims that the contexts support",
        "Ragas, arXiv 2309.15217",
    ),
    Kind(
        "context_recall",
        make_context_recall,
        UNIT_SCALE,
        "share of the expected answer's claims that the contexts hold",
        "Ragas, arXiv 2309.15217",
    ),
    Kind(
        "answer_relevance",
        make_answer_relevance,
        UNIT_SCALE,
        "share of the answer's statements that address the question",
        "DeepEval; Ragas (arXiv 2309.15217) compares embeddings instead",
    ),
)
