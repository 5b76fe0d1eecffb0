"""The messages that are sent for a case: system prompt, template, chat."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.records.case import Case, Message

if TYPE_CHECKING:
    from jinja2 import Template, TemplateSyntaxError


_TEMPLATE = "--llm-template"
_ALLOWED = "a Jinja2 template over the case"
_FILE = "file:"
"""Prefix of a path. It is not ``@``, because argparse would read the file's lines as arguments."""
_SHOWN_LENGTH = 80
"""Characters of a template in an error text."""
_QUOTED = re.compile("'([^']*)'")
_FAILURES = (
    TypeError, ValueError, ArithmeticError, LookupError, SyntaxError, RecursionError, MemoryError,
)  # fmt: skip
"""What a template raises, also one that is nested too deeply for Python's compiler."""


def messages_for(
    case: Case, system_prompt: str | None, template: str | None, origin: str = _TEMPLATE
) -> tuple[Message, ...]:
    """Build the messages to send for a case.

    The system prompt comes first. A chat with a system or developer message does not get it. The
    template replaces the text of the last user message, whose images stay.

    Args:
        case: The case.
        system_prompt: Text of the system message, or ``None``.
        template: A Jinja2 template over the case, or ``file:PATH`` of one. ``None`` sends the
            prompt as it is.
        origin: The setting that holds the template, for error texts.

    Raises:
        SettingError: The template cannot be read, or uses a name that the case does not have.
    """
    messages = list(case.messages or ({"role": "user", "content": case.prompt},))
    if template is not None:
        index = last_user(messages)
        messages[index] = _with_text(messages[index], _rendered(template, case, origin))
    if system_prompt and not any(
        message["role"] in ("system", "developer") for message in messages
    ):
        messages.insert(0, {"role": "system", "content": system_prompt})
    return tuple(messages)


def check_template(template: str, origin: str = _TEMPLATE) -> None:
    """Check that a template can be read, as `messages_for` does for each case.

    Raises:
        SettingError: It cannot be read.
    """
    from jinja2 import TemplateSyntaxError

    try:
        _compiled(_text_of(template, origin))
    except TemplateSyntaxError as error:
        raise _unreadable(template, origin, error) from None
    except (TypeError, ValueError, RecursionError, MemoryError) as error:
        raise SettingError(origin, _excerpt(template), _ALLOWED, f"{error}.") from None


def _excerpt(template: str) -> str:
    return shorten(template, _SHOWN_LENGTH, placeholder="…")


def _unreadable(template: str, origin: str, error: TemplateSyntaxError) -> SettingError:
    remedy = f"Line {error.lineno}: {error.message}".rstrip(".") + "."
    return SettingError(origin, _excerpt(template), _ALLOWED, remedy)


def _with_text(message: Message, text: str) -> Message:
    content = message.get("content")
    images = []
    if isinstance(content, list):
        images = [part for part in content if part["type"] != "text"]
    if not images:
        return {**message, "content": text}
    return {**message, "content": [{"type": "text", "text": text}, *images]}


def _rendered(template: str, case: Case, origin: str) -> str:
    from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError

    text = _text_of(template, origin)
    known = variables(case)
    excerpt = _excerpt(template)
    try:
        return _compiled(text).render(known)
    except TemplateSyntaxError as error:
        raise _unreadable(template, origin, error) from None
    except UndefinedError as error:
        # Jinja2 gives the unknown name only in its message, as the last word in quotes.
        quoted = _QUOTED.findall(str(error))
        hint = nearest(quoted[-1], [*known, *case.metadata]) if quoted else ""
        remedy = f"At {case.source}: {error}. {hint}".strip()
        raise SettingError(origin, excerpt, f"the names {', '.join(known)}", remedy) from None
    except (TemplateError, *_FAILURES) as error:
        remedy = f"At {case.source}: {error}".rstrip(".") + "."
        raise SettingError(origin, excerpt, _ALLOWED, remedy) from None


def _text_of(template: str, origin: str) -> str:
    if not template.startswith(_FILE):
        return template
    try:
        return Path(template.removeprefix(_FILE)).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        allowed = "file: and the path of a text file in UTF-8"
        raise SettingError(origin, template, allowed, f"{reason}.") from None


@cache
def _compiled(text: str) -> Template:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    # A prompt is not HTML, so nothing is escaped.
    return SandboxedEnvironment(undefined=StrictUndefined, finalize=_present).from_string(text)


def _present(value: Any) -> Any:
    """Refuse to print ``None``, because "None" in a prompt is never intended."""
    if value is None:
        raise ValueError("an absent value would be printed as None; guard it with {% if … %}")
    return value


def content_text(content: object) -> str:
    """Return the text of a message's content, with a line for each part that is text."""
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def last_user(messages: Sequence[Message]) -> int:
    """Return the index of the last user message; without any, raise ValueError."""
    return max(index for index, message in enumerate(messages) if message["role"] == "user")


def calls_tool(message: Mapping[str, Any]) -> bool:
    """Return whether a message calls a tool, also where it has a text."""
    return bool(message.get("tool_calls") or message.get("function_call"))


def split_answer(
    messages: Sequence[Message], expected: str | None
) -> tuple[tuple[Message, ...], str | None]:
    """Split a chat into the messages to send and the expected answer.

    A closing message of the assistant is the expected answer, as in OpenAI fine-tuning files. It is
    sent with the chat if the row has an expected answer, if the message calls a tool, or if its
    weight is 0, which says that it is a bad one.
    """
    last: Any = messages[-1]
    answer = content_text(last.get("content")) if last["role"] == "assistant" else ""
    if expected is None and answer and not calls_tool(last) and last.get("weight") != 0:
        return tuple(messages[:-1]), answer
    return tuple(messages), expected


def variables(case: Case) -> dict[str, Any]:
    """Return the names that a Jinja2 template or expression can use for a case.

    These are ``id, prompt, messages, expected, contexts, tags, file, must_pass, metadata``, and
    each metadata column whose name is a free identifier.
    """
    names = {
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
        if name.isidentifier() and name not in names
    }
    return {**names, **columns}
