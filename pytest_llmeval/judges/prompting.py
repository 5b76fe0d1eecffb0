"""Prompts: templates from data files, and the blocks in which texts under judgement stand.

A block begins with ``<NAME-CODE>`` and ends with ``</NAME-CODE>``. The code is a hash of the texts
themselves: the same texts give the same prompt, byte for byte, and no text can contain the code
that delimits it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pytest_llmeval.protocols import Provider
from pytest_llmeval.records.call import Completion, Parameters, Request
from pytest_llmeval.records.case import Case, Message

if TYPE_CHECKING:
    from jinja2 import Template


_MARK = "|"
CONTROL_TOKENS = "control_tokens.json"
_CODE_DIGITS = 16  # 64 bits: nobody finds a text that contains the hash of itself


@cache
def prompt_file(name: str) -> str:
    """The text of a data file of ``judges/prompts``."""
    return (files("pytest_llmeval.judges") / "prompts" / name).read_text(encoding="utf-8")


def render(name: str, **values: object) -> str:
    """A Jinja2 template of ``judges/prompts``, filled in.

    Values are inserted as they are, never as templates; only control tokens in them are `defused`.
    """
    return _template(name).render({key: _defused_within(value) for key, value in values.items()})


@cache
def _template(name: str) -> Template:
    from jinja2 import Environment, StrictUndefined  # late: only a run with a judge needs it

    # A prompt is plain text, so nothing is escaped; what protects it is the code of its blocks.
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters["marked"] = marked
    return environment.from_string(prompt_file(name))


def marked(text: str) -> str:
    """A text whose every line begins with a mark, so that a judge sees in each line whose words it reads.

    Source: datamarking of "Defending Against Indirect Prompt Injection Attacks With Spotlighting",
    arXiv 2403.14720.
    """
    return "\n".join(f"{_MARK} {line}" for line in text.splitlines() or [""])


def defused(text: str) -> str:
    """A text in which no control token of a chat template can speak: ``<|im_end|>`` becomes ``< |im_end| >``.

    Some servers read such tokens in a message as if they stood in the template, and would end the
    message there. Only spaces are put in, and only into such tokens, so a text without them stays
    as it is.
    """
    return _control_tokens().sub(
        lambda found: f"{found[0][0]} {found[0][1:-1]} {found[0][-1]}", text
    )


def _defused_within(value: Any) -> Any:
    """A value of a template, with the texts in its lists and tuples."""
    if isinstance(value, str):
        return defused(value)
    return [_defused_within(each) for each in value] if isinstance(value, (list, tuple)) else value


@cache
def _control_tokens() -> re.Pattern[str]:
    return re.compile(
        "|".join(
            f"(?:{pattern})" for pattern in json.loads(prompt_file(CONTROL_TOKENS))["patterns"]
        )
    )


def block_code(texts: Iterable[str], shortest: int = _CODE_DIGITS) -> str:
    """The code that delimits these texts: the first digits of their SHA-256, as many as no text contains.

    Args:
        texts: Everything that will stand inside the blocks.
        shortest: Hexadecimal digits to begin with.
    """
    held = list(texts)
    digest = hashlib.sha256(json.dumps(held).encode()).hexdigest()
    codes = (digest[:length] for length in range(shortest, len(digest) + 1))
    return next(code for code in codes if not any(code in text for text in held))


def chat(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Role and text of each message."""
    return [(str(message.get("role", "")), _text(message)) for message in messages]


def _text(message: Message) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, (list, tuple)):
        return "\n".join(_part(part) for part in content)
    rest = {key: value for key, value in message.items() if key not in ("role", "content")}
    return json.dumps(rest, ensure_ascii=False, sort_keys=True) if rest else ""


def _part(part: Any) -> str:
    """The text of one part of a message; a picture or a sound is only named, a judge of text cannot see it."""
    if isinstance(part, dict):
        return str(part["text"]) if "text" in part else f"[{part.get('type', 'part')}]"
    return str(part)


def request(
    provider: Provider,
    model: str,
    messages: tuple[Message, ...],
    parameters: Parameters,
    case: Case,
    sample: int = 0,
) -> Request:
    """The request of one judgement. A provider that answers cases gets the judge's prompt as the case's prompt."""
    if not provider.sees_case:
        return Request(messages, model, parameters, sample)
    asked = dataclasses.replace(case, prompt=str(messages[-1]["content"]), messages=messages)
    return Request(messages, model, parameters, sample, asked)


_TEMPLATE = "blocks.jinja"
_RULES = "blocks.txt"
FILES = (_TEMPLATE, _RULES)
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
    texts = [
        question,
        *(text for turn in turns for text in turn),
        *(block.text for block in blocks),
    ]
    shown = [(block.name, block.text, block.is_marked) for block in blocks]
    return render(
        _TEMPLATE,
        code=block_code(texts),
        chat=turns,
        question=question,
        blocks=shown,
        task=task,
        rates=rates,
    )


def rules() -> str:
    """What a system message says of blocks."""
    return prompt_file(_RULES).strip()


def contexts_of(case: Case, completion: Completion) -> tuple[str, ...]:
    """The passages that an answer was made from; if its provider tells none, those of the case."""
    return tuple(text for text in completion.contexts or case.contexts if text.strip())


def context_blocks(contexts: Sequence[str]) -> list[Block]:
    """A block for each passage, numbered from 1."""
    return [Block(f"context-{number}", text) for number, text in enumerate(contexts, 1)]


def fingerprint(kind: str, ingredients: Mapping[str, object]) -> str:
    """``KIND-`` and the first 16 hex digits of the SHA-256 of the canonical JSON of the ingredients.

    Args:
        kind: Name of the protocol, for example ``rubric``.
        ingredients: By name; values of built-in types.
    """
    canonical = json.dumps(ingredients, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"{kind}-{hashlib.sha256(canonical.encode()).hexdigest()[:16]}"
