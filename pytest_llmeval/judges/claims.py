"""What a text states, and whether each of it holds: the two questions that the judges of retrieval ask.

Source: the two steps of faithfulness in Ragas, arXiv 2309.15217.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from pytest_llmeval.errors import CallError
from pytest_llmeval.judges import blocks, reading
from pytest_llmeval.judges.asking import ATTEMPTS, RETRY, Judgement, Question, ask
from pytest_llmeval.judges.blocks import Block, in_blocks
from pytest_llmeval.judges.fingerprints import fingerprint
from pytest_llmeval.judges.means import Means
from pytest_llmeval.judges.prompting import prompt_file, render
from pytest_llmeval.records import Case, Message

PROTOCOL_VERSION = 1  # raise it whenever the same ingredients could give another score
MOST = 30  # claims of one text
LIST_TOKENS = 1500  # room for a list of that many; a reply of one score needs a fraction of it
DATA = "retrieval.json"
EXTRACTING, CHECKING = "claims_system.jinja", "verdicts_system.jinja"
CLAIMS_SHAPE = '{"claims": ["a short sentence", …]}'
VERDICTS_SHAPE = '{"verdicts": [{"number": 1, "reason": "at most 12 words", "verdict": "yes" or "no"}, …]}'


def version_of(name: str, means: Means) -> str:
    """Fingerprint of judge model, provider, prompts, parameters and protocol of a kind that asks these questions."""
    files = (DATA, EXTRACTING, CHECKING, *blocks.FILES, RETRY)
    parameters = _roomy(means).parameters(reading.texts_schema("claims", MOST)).as_body()
    return fingerprint(
        name,
        {
            **means.identity,
            "protocol": PROTOCOL_VERSION,
            "attempts": ATTEMPTS,
            "prompts": [prompt_file(file) for file in files],
            "parameters": parameters,
        },
    )


async def claims_of(name: str, means: Means, case: Case, text: Block) -> Judgement[tuple[str, ...]]:
    """What a text states, by one call.

    Args:
        name: The kind that asks; its words stand in ``retrieval.json``.
        means: Who is asked.
        case: Whose question helps to understand the text.
        text: The text.

    Raises:
        CallError: The first call gave no completion.
    """
    extract = _words(name, "extract")
    system = render(EXTRACTING, extract=extract, most=MOST, rules=blocks.rules(), shape=CLAIMS_SHAPE)
    user = in_blocks(case, [text], f"List what the block {text.name} states.")
    roomy = _roomy(means)
    return await ask(
        roomy,
        case,
        Question(
            _messages(system, user),
            roomy.parameters(reading.texts_schema("claims", MOST)),
            lambda reply: reading.read_texts(reply.text, "claims", MOST),
            CLAIMS_SHAPE,
        ),
    )


async def verdicts_on(
    name: str, means: Means, case: Case, shown: Sequence[Block], count: int, task: str
) -> Judgement[tuple[bool, ...]]:
    """A yes or no for each of several things, by one call.

    Args:
        name: The kind that asks; its words stand in ``retrieval.json``.
        means: Who is asked.
        case: Whose question it is about.
        shown: The blocks.
        count: How many verdicts there must be.
        task: Last sentence of the user message.

    Raises:
        CallError: The first call gave no completion.
    """
    check = _words(name, "check")
    system = render(CHECKING, check=check, count=count, rules=blocks.rules(), shape=VERDICTS_SHAPE)
    roomy = _roomy(means)
    return await ask(
        roomy,
        case,
        Question(
            _messages(system, in_blocks(case, shown, task)),
            roomy.parameters(reading.verdicts_schema(count)),
            lambda reply: reading.read_verdicts(reply.text, count),
            VERDICTS_SHAPE,
        ),
    )


async def hold(
    name: str, means: Means, case: Case, claims: Sequence[str], beside: Sequence[Block]
) -> Judgement[tuple[bool, ...]]:
    """Whether each claim holds, by what stands beside them. A call that fails makes a judgement without a value.

    Args:
        name: The kind that asks.
        means: Who is asked.
        case: Whose question it is about.
        claims: The claims.
        beside: The blocks that they are checked against.
    """
    numbered = "\n".join(f"{number}. {claim}" for number, claim in enumerate(claims, 1))
    shown = [*beside, Block("claims", numbered)]
    try:
        return await verdicts_on(name, means, case, shown, len(claims), f"Judge each of the {len(claims)} claims.")
    except CallError as error:  # the calls before it are paid, and must be told
        return Judgement(None, f"{type(error).__name__}: {error}", ())


def _roomy(means: Means) -> Means:
    return dataclasses.replace(means, max_tokens=max(means.max_tokens, LIST_TOKENS))


def _words(name: str, step: str) -> str:
    return str(json.loads(prompt_file(DATA))[name][step])


def _messages(system: str, user: str) -> tuple[Message, ...]:
    return ({"role": "system", "content": system}, {"role": "user", "content": user})
