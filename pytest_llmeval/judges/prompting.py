"""Prompts: templates from data files, and blocks around the judged texts.

A block begins with ``<NAME-CODE>`` and ends with ``</NAME-CODE>``. The code is a hash of the texts.
So the same texts give the same prompt, byte for byte, and no text can contain the code that
delimits it.
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
_CODE_DIGITS = 16  # 64 bits: a text with its own hash cannot be constructed


@cache
def prompt_file(name: str) -> str:
    """Read the text of a data file of ``judges/prompts``."""
    return (files("pytest_llmeval.judges") / "prompts" / name).read_text(encoding="utf-8")


def render(name: str, **values: object) -> str:
    """Fill in a Jinja2 template of ``judges/prompts``.

    Values are inserted as they are, never as templates. Only their control tokens are `defused`.
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
    """Begin every line with a mark, so that the judge knows each line as quoted text.

    Source: datamarking of "Defending Against Indirect Prompt Injection Attacks With Spotlighting",
    arXiv 2403.14720.
    """
    return "\n".join(f"{_MARK} {line}" for line in text.splitlines() or [""])


def defused(text: str) -> str:
    """Break up control tokens of chat templates: ``<|im_end|>`` becomes ``< |im_end| >``.

    Some servers read such tokens in a message as part of the template and would end the message
    there. Only spaces are inserted, and only into such tokens.
    """
    return _control_tokens().sub(
        lambda match: f"{match[0][0]} {match[0][1:-1]} {match[0][-1]}", text
    )


def _defused_within(value: Any) -> Any:
    """Defuse a template value, including the texts of a list or tuple."""
    if isinstance(value, str):
        return defused(value)
    if isinstance(value, (list, tuple)):
        return [_defused_within(item) for item in value]
    return value


@cache
def _control_tokens() -> re.Pattern[str]:
    return re.compile(
        "|".join(
            f"(?:{pattern})" for pattern in json.loads(prompt_file(CONTROL_TOKENS))["patterns"]
        )
    )


def block_code(texts: Iterable[str], shortest: int = _CODE_DIGITS) -> str:
    """Return the code for texts: as many digits of their SHA-256 as no text contains.

    Args:
        texts: All texts inside the blocks.
        shortest: Minimum number of hexadecimal digits.
    """
    contents = list(texts)
    digest = hashlib.sha256(json.dumps(contents).encode()).hexdigest()
    codes = (digest[:length] for length in range(shortest, len(digest) + 1))
    return next(code for code in codes if not any(code in text for text in contents))


def chat(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Return role and text of each message."""
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
    """Return the text of a message part, or its type for a picture or a sound."""
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
    """Make the request of a judgement. A provider of answers to cases gets the prompt as a case."""
    if not provider.sees_case:
        return Request(messages, model, parameters, sample)
    judged_case = dataclasses.replace(case, prompt=str(messages[-1]["content"]), messages=messages)
    return Request(messages, model, parameters, sample, judged_case)


_TEMPLATE = "blocks.jinja"
_RULES = "blocks.txt"
FILES = (_TEMPLATE, _RULES)
"""Files that belong to the fingerprint of every kind with blocks."""


@dataclass(frozen=True)
class Block:
    """One text in a judge's prompt.

    Attributes:
        name: Name in the delimiters.
        text: The text.
        is_marked: Whether each line gets a mark. Every untrusted text should.
    """

    name: str
    text: str
    is_marked: bool = True


def in_blocks(case: Case, blocks: Sequence[Block], task: str, rates: bool = False) -> str:
    """Write the question of a case, the blocks after it, and the task.

    Args:
        case: The case, whose question or chat comes first.
        blocks: Further texts with different names.
        task: A sentence outside all blocks.
        rates: Whether the reply is text with a mark instead of JSON, which changes the task.
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
    """Read the system message's rules about blocks."""
    return prompt_file(_RULES).strip()


def contexts_of(case: Case, completion: Completion) -> tuple[str, ...]:
    """Return the passages that the answer used, or those of the case if unknown."""
    return tuple(text for text in completion.contexts or case.contexts if text.strip())


def context_blocks(contexts: Sequence[str]) -> list[Block]:
    """Make a block for each passage, numbered from 1."""
    return [Block(f"context-{number}", text) for number, text in enumerate(contexts, 1)]


def fingerprint(kind: str, ingredients: Mapping[str, object]) -> str:
    """Hash ingredients to ``KIND-`` and 16 hex digits: the SHA-256 of their canonical JSON.

    Args:
        kind: Name of the protocol, for example ``rubric``.
        ingredients: Values of built-in types by name.
    """
    canonical = json.dumps(ingredients, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"{kind}-{hashlib.sha256(canonical.encode()).hexdigest()[:16]}"


def adapted_version(kind: str, version: str, calls: Iterable[Completion]) -> str:
    """Return the version of a score, which tells what the endpoint refused of the requests.

    Args:
        kind: Name of the protocol.
        version: The version of the judge.
        calls: The calls that gave the score.
    """
    adapted = sorted({change for call in calls for change in call.adapted})
    if not adapted:
        return version
    return fingerprint(kind, {"judge": version, "adapted": adapted})
