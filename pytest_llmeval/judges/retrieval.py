"""Judges of retrieval: the share of a text's claims that hold.

``faithfulness``: claims of the answer that the contexts support. Source: Ragas, arXiv 2309.15217.

``context_recall``: claims of the expected answer that the contexts contain. It shows whether
retrieval found what is needed. Source: Ragas.

``answer_relevance``: statements of the answer that address the question. Ragas lets the judge guess
questions from the answer and compares their embeddings with the real question. That needs a second
model, and a cosine has no absolute meaning. The share of statements needs neither and names the
statement that misses the point. Source: DeepEval.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pytest_llmeval.errors import CallError
from pytest_llmeval.judges import prompting, replies
from pytest_llmeval.judges.base import Judge
from pytest_llmeval.judges.dialogue import RETRY, Judgement, Question, ask
from pytest_llmeval.judges.prompting import (
    Block,
    context_blocks,
    contexts_of,
    in_blocks,
    prompt_file,
    render,
)
from pytest_llmeval.judges.setup import JudgeSetup, Kind
from pytest_llmeval.records.call import Completion, Parameters
from pytest_llmeval.records.case import Case, Message
from pytest_llmeval.records.score import UNIT_SCALE, Score
from pytest_llmeval.text import is_blank

_ANSWER, _EXPECTED = "answer", "expected"
_CONTEXT_PRECISION = "context_precision"
_NO_CONTEXTS = (
    "no contexts: add a column contexts to the case, or let the application return its contexts"
)
_SHOWN = 80  # characters of a claim in a reason
_MOST = 30  # claims of one text
_LIST_TOKENS = 1500  # room for a list of that many; a reply of one score needs a fraction of it
_DATA = "retrieval.json"
_EXTRACTING, _CHECKING = "claims_system.jinja", "verdicts_system.jinja"
_CLAIMS_SHAPE = '{"claims": ["a short sentence", …]}'
_VERDICTS_SHAPE = (
    '{"verdicts": [{"number": 1, "reason": "at most 12 words", "verdict": "yes" or "no"}, …]}'
)


@dataclass(frozen=True)
class _ListJudge(Judge):
    """A judge with lists as replies: claims of a text, or a yes or no on several items.

    The words of its prompts are in ``retrieval.json`` under its name.
    """

    @property
    def prompt_files(self) -> tuple[str, ...]:
        """The words, both system messages, the blocks of texts, and the retry message."""
        return (_DATA, _EXTRACTING, _CHECKING, *prompting.FILES, RETRY)

    @cached_property
    def parameters(self) -> Parameters:
        """Sampling parameters for a list of claims."""
        return self._roomy.parameters(replies.texts_schema("claims", _MOST))

    async def list_claims(self, case: Case, text: Block) -> Judgement[tuple[str, ...]]:
        """List the claims of a text by one call.

        Raises:
            CallError: The first call returned no completion.
        """
        system = render(
            _EXTRACTING,
            extract=self._words("extract"),
            most=_MOST,
            rules=prompting.rules(),
            shape=_CLAIMS_SHAPE,
        )
        user = in_blocks(case, [text], f"List what the block {text.name} states.")
        question = Question(
            _messages(system, user),
            self.parameters,
            lambda reply: replies.read_texts(reply.text, "claims", _MOST),
            _CLAIMS_SHAPE,
        )
        return await ask(self._roomy, case, question)

    async def give_verdicts(
        self, case: Case, shown: Sequence[Block], count: int, task: str
    ) -> Judgement[tuple[bool, ...]]:
        """Get a yes or no on several items by one call.

        Args:
            case: The case with the question.
            shown: The blocks.
            count: Number of verdicts.
            task: Last sentence of the user message.

        Raises:
            CallError: The first call returned no completion.
        """
        system = render(
            _CHECKING,
            check=self._words("check"),
            count=count,
            rules=prompting.rules(),
            shape=_VERDICTS_SHAPE,
        )
        question = Question(
            _messages(system, in_blocks(case, shown, task)),
            self._roomy.parameters(replies.verdicts_schema(count)),
            lambda reply: replies.read_verdicts(reply.text, count),
            _VERDICTS_SHAPE,
        )
        return await ask(self._roomy, case, question)

    @cached_property
    def _roomy(self) -> JudgeSetup:
        """The setup with room for a list in the reply."""
        return dataclasses.replace(self.setup, max_tokens=max(self.setup.max_tokens, _LIST_TOKENS))

    def _words(self, step: str) -> str:
        return str(json.loads(prompt_file(_DATA))[self.kind][step])


def _messages(system: str, user: str) -> tuple[Message, ...]:
    return ({"role": "system", "content": system}, {"role": "user", "content": user})


@dataclass(frozen=True)
class _Share:
    """The text to split into claims, and the evidence for them.

    Attributes:
        name: Name of the score.
        subject: The text to split: ``answer`` or ``expected``.
        by_contexts: Whether the contexts are the evidence. Otherwise the question is.
        fault: Description of a claim that does not hold.
    """

    name: str
    subject: str
    by_contexts: bool
    fault: str


@dataclass(frozen=True)
class _ShareJudge(_ListJudge):
    """Lists the claims of a text by one call and judges them by a second one.

    Attributes:
        share: The text and the evidence.
    """

    share: _Share

    @property
    def kind(self) -> str:
        """Name of the score."""
        return self.share.name

    async def judge_answer(self, case: Case, completion: Completion) -> Score:
        """Return the share of claims that hold. A text without claims is unscored.

        Raises:
            CallError: The first call returned no completion.
        """
        contexts = contexts_of(case, completion)
        content = completion.text if self.share.subject == _ANSWER else case.expected or ""
        text = Block(self.share.subject, content)
        if lack := self._lack(text, contexts):
            return self.make_score(None, error=lack)
        listed = await self.list_claims(case, text)
        if not listed.value:
            error = listed.error or f"the {self._subject_name} makes no claim to judge"
            return self.make_score(None, error=error, raw=listed.raw, calls=listed.calls)
        evidence = context_blocks(contexts) if self.share.by_contexts else []
        judged = await self._check(case, listed.value, evidence)
        calls = (*listed.calls, *judged.calls)
        raw = judged.calls[-1].text if judged.calls else listed.raw
        if judged.value is None:
            return self.make_score(None, error=judged.error, raw=raw, calls=calls)
        return self._shared(listed.value, judged.value, raw, calls)

    async def _check(
        self, case: Case, claims: Sequence[str], evidence: Sequence[Block]
    ) -> Judgement[tuple[bool, ...]]:
        """Judge each claim by the evidence; a failed call gives a judgement without a value."""
        numbered = "\n".join(f"{number}. {claim}" for number, claim in enumerate(claims, 1))
        shown = [*evidence, Block("claims", numbered)]
        task = f"Judge each of the {len(claims)} claims."
        try:
            return await self.give_verdicts(case, shown, len(claims), task)
        except CallError as error:  # the calls before it are paid, and belong to the score
            return Judgement(None, f"{type(error).__name__}: {error}", ())

    @property
    def _subject_name(self) -> str:
        return "answer" if self.share.subject == _ANSWER else "expected answer"

    def _lack(self, text: Block, contexts: Sequence[str]) -> str:
        """Return why nothing can be judged, or an empty text."""
        if self.share.by_contexts and not contexts:
            return _NO_CONTEXTS
        if text.text.strip():
            return ""
        if self.share.subject == _ANSWER:
            return "empty answer: there is nothing to judge"
        return "no expected answer"

    def _shared(
        self,
        claims: Sequence[str],
        verdicts: Sequence[bool],
        raw: str,
        calls: tuple[Completion, ...],
    ) -> Score:
        held = sum(verdicts)
        faults = [claim for claim, holds in zip(claims, verdicts, strict=True) if not holds]
        reason = f"{self.share.fault}: {_cut(faults[0])}" if faults else f"all {held} hold"
        parts = {"claims": float(len(claims)), "supported": float(held)}
        return self.make_score(held / len(claims), reason, raw=raw, parts=parts, calls=calls)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _make_faithfulness(setup: JudgeSetup) -> _ShareJudge:
    """Make a judge of whether the contexts support the answer."""
    return _ShareJudge(
        setup, _Share("faithfulness", _ANSWER, by_contexts=True, fault="not in the contexts")
    )


def _make_context_recall(setup: JudgeSetup) -> _ShareJudge:
    """Make a judge of whether the contexts contain the expected answer."""
    return _ShareJudge(
        setup, _Share("context_recall", _EXPECTED, by_contexts=True, fault="not in the contexts")
    )


def _make_answer_relevance(setup: JudgeSetup) -> _ShareJudge:
    """Make a judge of whether the answer addresses the question."""
    return _ShareJudge(
        setup, _Share("answer_relevance", _ANSWER, by_contexts=False, fault="off the question")
    )


RETRIEVAL_KINDS = (
    Kind(
        "faithfulness",
        _make_faithfulness,
        UNIT_SCALE,
        "share of the answer's claims that the contexts support",
        "Ragas, arXiv 2309.15217",
    ),
    Kind(
        "context_recall",
        _make_context_recall,
        UNIT_SCALE,
        "share of the expected answer's claims that the contexts contain",
        "Ragas, arXiv 2309.15217",
    ),
    Kind(
        "answer_relevance",
        _make_answer_relevance,
        UNIT_SCALE,
        "share of the answer's statements that address the question",
        "DeepEval; Ragas (arXiv 2309.15217) compares embeddings instead",
    ),
)


@dataclass(frozen=True)
class _ContextPrecisionJudge(_ListJudge):
    """Asks which contexts are useful. The answer is hidden, as it is no evidence of that."""

    @property
    def kind(self) -> str:
        """Always ``context_precision``."""
        return _CONTEXT_PRECISION

    async def judge_answer(self, case: Case, completion: Completion) -> Score:
        """Return the average precision of the contexts in their order.

        Raises:
            CallError: The first call returned no completion.
        """
        contexts = contexts_of(case, completion)
        if not contexts:
            return self.make_score(None, error=_NO_CONTEXTS)
        shown = context_blocks(contexts)
        if not is_blank(case.expected or ""):
            shown = [Block("expected", case.expected or "", is_marked=False), *shown]
        task = f"Judge each of the {len(contexts)} contexts."
        judged = await self.give_verdicts(case, shown, len(contexts), task)
        useful = judged.value
        if useful is None:
            return self.unjudged(judged)
        parts = {"contexts": float(len(useful)), "useful": float(sum(useful))}
        return self.make_score(
            average_precision(useful),
            _reason(useful),
            raw=judged.raw,
            parts=parts,
            calls=judged.calls,
        )


def average_precision(useful: Sequence[bool]) -> float:
    """Average, over the useful ranks, the share of useful items up to there.

    Args:
        useful: Whether the item at each rank is useful, from the first rank. Without a useful one,
            the result is 0.
    """
    precisions = (
        sum(useful[:rank]) / rank for rank, is_useful in enumerate(useful, 1) if is_useful
    )
    return math.fsum(precisions) / sum(useful) if any(useful) else 0.0


def _reason(useful: Sequence[bool]) -> str:
    useless = [str(rank) for rank, is_useful in enumerate(useful, 1) if not is_useful]
    return f"not useful: context {', '.join(useless)}" if useless else "all are useful"


CONTEXT_PRECISION_KIND = Kind(
    _CONTEXT_PRECISION,
    _ContextPrecisionJudge,
    UNIT_SCALE,
    "whether useful contexts rank first: average precision over the ranks",
    "Ragas, arXiv 2309.15217",
)
