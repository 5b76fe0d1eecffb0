"""The user message of a judge whose texts stand in blocks: the question, and whatever else it must see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_llmeval.judges.prompting import block_code, chat, prompt_file, render
from pytest_llmeval.records import Case, Completion

TEMPLATE = "blocks.jinja"
RULES = "blocks.txt"
FILES = (TEMPLATE, RULES)
"""Belong into the fingerprint of each kind that shows blocks."""


@dataclass(frozen=True)
class Block:
    """One text that a judge sees.

    Attributes:
        name: Its name in the delimiters.
        text: The text.
        is_marked: Whether each line gets a mark; every text that nobody vouches for should.
    """

    name: str
    text: str
    is_marked: bool = True


def in_blocks(case: Case, blocks: Sequence[Block], task: str, rates: bool = False) -> str:
    """The question of a case and the blocks after it, then what to do.

    Args:
        case: Whose question, or chat, stands first.
        blocks: The other texts, with names that differ.
        task: A sentence of ours, outside all blocks.
        rates: Whether the reply is to be words with a mark instead of JSON, as the task then says.
    """
    turns = chat(case.messages)
    question = "" if turns else case.prompt
    texts = [question, *(text for turn in turns for text in turn), *(block.text for block in blocks)]
    shown = [(block.name, block.text, block.is_marked) for block in blocks]
    return render(TEMPLATE, code=block_code(texts), chat=turns, question=question, blocks=shown, task=task, rates=rates)


def rules() -> str:
    """What a system message says of blocks."""
    return prompt_file(RULES).strip()


def contexts_of(case: Case, completion: Completion) -> tuple[str, ...]:
    """The passages that an answer was made from; if its provider tells none, those of the case."""
    return tuple(text for text in completion.contexts or case.contexts if text.strip())


def context_blocks(contexts: Sequence[str]) -> list[Block]:
    """A block for each passage, numbered from 1."""
    return [Block(f"context-{number}", text) for number, text in enumerate(contexts, 1)]
