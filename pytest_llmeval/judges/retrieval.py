"""Judges of answers that rest on retrieved passages: the share of what a text states that holds.

``faithfulness``
    Claims of the answer that the contexts support. Source: Ragas, arXiv 2309.15217.
``context_recall``
    Claims of the expected answer that the contexts hold: whether what is needed was found. Source:
    Ragas.
``answer_relevance``
    Statements of the answer that address the question. Ragas lets the judge guess questions from
    the answer and compares embeddings of them with the real one; that needs a second model, and its
    cosines have no meaning of their own. The share of statements needs neither, and names the
    statement that is beside the point. Source: DeepEval.
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
from pytest_llmeval.judges.dialogue import ATTEMPTS, RETRY, Judgement, Question, ask
from pytest_llmeval.judges.prompting import (
    Block,
    context_blocks,
    contexts_of,
    fingerprint,
    in_blocks,
    prompt_file,
    render,
)
from pytest_llmeval.judges.setup import JudgeSetup, Kind
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Message
from pytest_llmeval.records.score import UNIT_SCALE, Scale, Score

ANSWER, EXPECTED = "answer", "expected"
NO_CONTEXTS = (
    "no contexts: give the case a column contexts, or let the application return what it retrieved"
)
SHOWN = 80  # characters of a claim in a reason


@dataclass(frozen=True)
class Share:
    """What is taken apart, and what it is checked against.

    Attributes:
        name: Name of the score.
        of: The text that is taken apart: ``answer`` or ``expected``.
        by_contexts: Whether its claims are checked against the contexts; else against the question
            alone.
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
        setup: Who is asked, and how.
        share: Whose claims, and against what.
    """

    setup: JudgeSetup
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
        return version_of(self.name, self.setup)

    async def score(self, case: Case, completion: Completion) -> Score:
        """The share of the claims that hold. A text without a claim is unscored: nothing was shown of it.

        Raises:
            CallError: The first call gave no completion.
        """
        contexts = contexts_of(case, completion)
        text = Block(
            self.share.of, completion.text if self.share.of == ANSWER else case.expected or ""
        )
        if lack := self._lack(text, contexts):
            return Score(self.name, None, UNIT_SCALE, version=self.version, error=lack)
        listed = await claims_of(self.name, self.setup, case, text)
        if not listed.value:
            error = listed.error or f"the {self._whose} states nothing that could be judged"
            return self._score(None, error=error, raw=listed.raw, calls=listed.calls)
        beside = context_blocks(contexts) if self.share.by_contexts else []
        judged = await hold(self.name, self.setup, case, listed.value, beside)
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
        return (
            "empty answer: there is nothing to judge"
            if self.share.of == ANSWER
            else "no expected answer"
        )

    def _shared(
        self,
        stated: Sequence[str],
        verdicts: Sequence[bool],
        raw: str,
        calls: tuple[Completion, ...],
    ) -> Score:
        held = sum(verdicts)
        fault = next(
            (claim for claim, holds in zip(stated, verdicts, strict=True) if not holds), None
        )
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
        return Score(
            self.name, value, UNIT_SCALE, reason, self.version, error, raw, parts or {}, calls
        )


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def make_faithfulness(setup: JudgeSetup) -> ShareJudge:
    """A judge of whether the answer rests on the contexts."""
    return ShareJudge(
        setup, Share("faithfulness", ANSWER, by_contexts=True, fault="not in the contexts")
    )


def make_context_recall(setup: JudgeSetup) -> ShareJudge:
    """A judge of whether the contexts hold what the expected answer says."""
    return ShareJudge(
        setup, Share("context_recall", EXPECTED, by_contexts=True, fault="not in the contexts")
    )


def make_answer_relevance(setup: JudgeSetup) -> ShareJudge:
    """A judge of whether the answer keeps to the question."""
    return ShareJudge(
        setup, Share("answer_relevance", ANSWER, by_contexts=False, fault="beside the question")
    )


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

PROTOCOL_VERSION = 1  # raise it whenever the same ingredients could give another score
MOST = 30  # claims of one text
LIST_TOKENS = 1500  # room for a list of that many; a reply of one score needs a fraction of it
DATA = "retrieval.json"
EXTRACTING, CHECKING = "claims_system.jinja", "verdicts_system.jinja"
CLAIMS_SHAPE = '{"claims": ["a short sentence", …]}'
VERDICTS_SHAPE = (
    '{"verdicts": [{"number": 1, "reason": "at most 12 words", "verdict": "yes" or "no"}, …]}'
)


def version_of(name: str, setup: JudgeSetup) -> str:
    """Fingerprint of judge model, provider, prompts, parameters and protocol of a kind that asks these questions."""
    files = (DATA, EXTRACTING, CHECKING, *prompting.FILES, RETRY)
    parameters = _roomy(setup).parameters(replies.texts_schema("claims", MOST)).as_body()
    return fingerprint(
        name,
        {
            **setup.identity,
            "protocol": PROTOCOL_VERSION,
            "attempts": ATTEMPTS,
            "prompts": [prompt_file(file) for file in files],
            "parameters": parameters,
        },
    )


async def claims_of(
    name: str, setup: JudgeSetup, case: Case, text: Block
) -> Judgement[tuple[str, ...]]:
    """What a text states, by one call.

    Args:
        name: The kind that asks; its words stand in ``retrieval.json``.
        setup: Who is asked.
        case: Whose question helps to understand the text.
        text: The text.

    Raises:
        CallError: The first call gave no completion.
    """
    extract = _words(name, "extract")
    system = render(
        EXTRACTING, extract=extract, most=MOST, rules=prompting.rules(), shape=CLAIMS_SHAPE
    )
    user = in_blocks(case, [text], f"List what the block {text.name} states.")
    roomy = _roomy(setup)
    return await ask(
        roomy,
        case,
        Question(
            _messages(system, user),
            roomy.parameters(replies.texts_schema("claims", MOST)),
            lambda reply: replies.read_texts(reply.text, "claims", MOST),
            CLAIMS_SHAPE,
        ),
    )


async def verdicts_on(
    name: str, setup: JudgeSetup, case: Case, shown: Sequence[Block], count: int, task: str
) -> Judgement[tuple[bool, ...]]:
    """A yes or no for each of several things, by one call.

    Args:
        name: The kind that asks; its words stand in ``retrieval.json``.
        setup: Who is asked.
        case: Whose question it is about.
        shown: The blocks.
        count: How many verdicts there must be.
        task: Last sentence of the user message.

    Raises:
        CallError: The first call gave no completion.
    """
    check = _words(name, "check")
    system = render(
        CHECKING, check=check, count=count, rules=prompting.rules(), shape=VERDICTS_SHAPE
    )
    roomy = _roomy(setup)
    return await ask(
        roomy,
        case,
        Question(
            _messages(system, in_blocks(case, shown, task)),
            roomy.parameters(replies.verdicts_schema(count)),
            lambda reply: replies.read_verdicts(reply.text, count),
            VERDICTS_SHAPE,
        ),
    )


async def hold(
    name: str, setup: JudgeSetup, case: Case, claims: Sequence[str], beside: Sequence[Block]
) -> Judgement[tuple[bool, ...]]:
    """Whether each claim holds, by what stands beside them. A call that fails makes a judgement without a value.

    Args:
        name: The kind that asks.
        setup: Who is asked.
        case: Whose question it is about.
        claims: The claims.
        beside: The blocks that they are checked against.
    """
    numbered = "\n".join(f"{number}. {claim}" for number, claim in enumerate(claims, 1))
    shown = [*beside, Block("claims", numbered)]
    try:
        return await verdicts_on(
            name, setup, case, shown, len(claims), f"Judge each of the {len(claims)} claims."
        )
    except CallError as error:  # the calls before it are paid, and must be told
        return Judgement(None, f"{type(error).__name__}: {error}", ())


def _roomy(setup: JudgeSetup) -> JudgeSetup:
    return dataclasses.replace(setup, max_tokens=max(setup.max_tokens, LIST_TOKENS))


def _words(name: str, step: str) -> str:
    return str(json.loads(prompt_file(DATA))[name][step])


def _messages(system: str, user: str) -> tuple[Message, ...]:
    return ({"role": "system", "content": system}, {"role": "user", "content": user})


NAME = "context_precision"


@dataclass(frozen=True)
class ContextPrecisionJudge:
    """Asks of all contexts at once which are useful. The answer is not shown: it cannot speak for them.

    Attributes:
        setup: Who is asked, and how.
    """

    setup: JudgeSetup

    @property
    def name(self) -> str:
        """Always ``context_precision``."""
        return NAME

    @property
    def scale(self) -> Scale:
        """From 0 to 1, higher is better."""
        return UNIT_SCALE

    @cached_property
    def version(self) -> str:
        """Fingerprint of judge model, provider, prompts, parameters and protocol."""
        return version_of(NAME, self.setup)

    async def score(self, case: Case, completion: Completion) -> Score:
        """The average precision of the contexts in their order.

        Raises:
            CallError: The first call gave no completion.
        """
        contexts = contexts_of(case, completion)
        if not contexts:
            return Score(NAME, None, UNIT_SCALE, version=self.version, error=NO_CONTEXTS)
        expected = (
            [Block("expected", case.expected or "", is_marked=False)]
            if (case.expected or "").strip()
            else []
        )
        shown = [*expected, *context_blocks(contexts)]
        task = f"Judge each of the {len(contexts)} contexts."
        judged = await verdicts_on(NAME, self.setup, case, shown, len(contexts), task)
        useful = judged.value
        return Score(
            NAME,
            None if useful is None else average_precision(useful),
            UNIT_SCALE,
            "" if useful is None else _reason(useful),
            self.version,
            error=judged.error or None,
            raw=judged.raw,
            parts={}
            if useful is None
            else {"contexts": float(len(useful)), "useful": float(sum(useful))},
            calls=judged.calls,
        )


def average_precision(useful: Sequence[bool]) -> float:
    """The mean, over the useful ranks, of the share of useful ones up to there; 0 if none is.

    Args:
        useful: For each rank, from the first, whether what stands there is useful.
    """
    precisions = (
        sum(useful[:rank]) / rank for rank, is_useful in enumerate(useful, 1) if is_useful
    )
    return math.fsum(precisions) / sum(useful) if any(useful) else 0.0


def _reason(useful: Sequence[bool]) -> str:
    useless = [str(rank) for rank, is_useful in enumerate(useful, 1) if not is_useful]
    return f"not useful: context {', '.join(useless)}" if useless else "all are useful"


CONTEXT_PRECISION_KIND = Kind(
    NAME,
    ContextPrecisionJudge,
    UNIT_SCALE,
    "whether the useful contexts stand first: average precision over the ranks",
    "Ragas, arXiv 2309.15217",
)
