"""The chat that a case is sent as: system prompt, template, messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.records.case import Case, Message

if TYPE_CHECKING:
    from jinja2 import Template


PLACE = "--llm-template"
FILE = "file:"
"""Before a path instead of a template. Not ``@``: argparse would take the file's lines for arguments."""
FOUND_LENGTH = 80
"""Characters of a template that an error text shows."""
QUOTED = re.compile("'([^']*)'")


def messages_for(
    case: Case, system_prompt: str | None, template: str | None
) -> tuple[Message, ...]:
    """The messages to send for a case.

    The system prompt comes first, unless the chat has a system or developer message of its own: the
    golden file knows better what the case needs. The template replaces the text of the last user
    message; parts of it that are no text (images) stay.

    Args:
        case: The case.
        system_prompt: Text of the system message, or ``None``.
        template: Jinja2 text over the case, or ``file:PATH`` of one; ``None`` sends the prompt as
            it is.

    Raises:
        SettingError: The template cannot be read, or uses a name that the case does not have.
    """
    messages = list(case.messages or ({"role": "user", "content": case.prompt},))
    if template is not None:
        place = last_user(messages)
        messages[place] = _with_text(messages[place], _rendered(template, case))
    if system_prompt and not any(
        message["role"] in ("system", "developer") for message in messages
    ):
        messages.insert(0, {"role": "system", "content": system_prompt})
    return tuple(messages)


def _with_text(message: Message, text: str) -> Message:
    content = message.get("content")
    others = (
        [part for part in content if part["type"] != "text"] if isinstance(content, list) else []
    )
    return {**message, "content": [{"type": "text", "text": text}, *others] if others else text}


def _rendered(template: str, case: Case) -> str:
    from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError

    text = _text_of(template)
    known = variables(case)
    found = shorten(template, FOUND_LENGTH, placeholder="…")
    allowed = "a Jinja2 template over the case"
    try:
        return _compiled(text).render(known)
    except TemplateSyntaxError as error:
        raise SettingError(
            PLACE, found, allowed, f"Line {error.lineno}: {error.message}".rstrip(".") + "."
        ) from None
    except UndefinedError as error:
        quoted = QUOTED.findall(str(error))  # the last word in quotes is the unknown name
        hint = nearest(quoted[-1], [*known, *case.metadata]) if quoted else ""
        remedy = f"At {case.source}: {error}. {hint}".strip()
        raise SettingError(PLACE, found, f"the names {', '.join(known)}", remedy) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise SettingError(
            PLACE, found, allowed, f"At {case.source}: {error}".rstrip(".") + "."
        ) from None


def _text_of(template: str) -> str:
    if not template.startswith(FILE):
        return template
    try:
        return Path(template.removeprefix(FILE)).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise SettingError(
            PLACE, template, "file: and the path of a text file in UTF-8", f"{reason}."
        ) from None


@cache
def _compiled(text: str) -> Template:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    # no autoescape: a prompt is no HTML
    return SandboxedEnvironment(undefined=StrictUndefined, finalize=_present).from_string(text)


def _present(value: Any) -> Any:
    """Refuse to print ``None``: "None" in a prompt is never meant."""
    if value is None:
        raise ValueError("an absent value would be printed as None; guard it with {% if … %}")
    return value


def content_text(content: object) -> str:
    """The text of a message's content: itself, or the text parts of a list of parts, a line each."""
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def last_user(messages: Sequence[Message]) -> int:
    """Position of the last message of the user.

    Raises:
        ValueError: There is none.
    """
    return max(place for place, message in enumerate(messages) if message["role"] == "user")


def split_answer(
    messages: Sequence[Message], expected: str | None
) -> tuple[tuple[Message, ...], str | None]:
    """The chat that is sent, and the expected answer.

    A closing message of the assistant is the expected answer, as in OpenAI fine-tuning files,
    unless the row has one of its own or the message has no text (a tool call): then it is sent as
    it stands.
    """
    last: Any = messages[-1]
    answer = content_text(last.get("content")) if last["role"] == "assistant" else ""
    if expected is None and answer:
        return tuple(messages[:-1]), answer
    return tuple(messages), expected


def variables(case: Case) -> dict[str, Any]:
    """The names that stand for a case in a Jinja2 template or expression.

    ``id, prompt, messages, expected, contexts, tags, file, must_pass, metadata``, and every
    metadata column under its own name where that is an identifier and none of the former.
    """
    own = {
        "id": case.id,
        "prompt": case.prompt,
        "messages": case.messages,
        "expected": case.expected,
        "contexts": case.contexts,
        "tags": case.tags,
        "file": case.source.file,
        "must_pass": case.must_pass,
        "metadata": case.metadata,
    }
    columns = {
        name: value
        for name, value in case.metadata.items()
        if name.isidentifier() and name not in own
    }
    return {**own, **columns}
