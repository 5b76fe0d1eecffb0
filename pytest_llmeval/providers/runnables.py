"""LangChain runnables (or whatever has their ``invoke`` and ``ainvoke``) as functions of a case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pytest_llmeval.providers.threads import in_thread
from pytest_llmeval.records import Case, Completion, Usage


def is_runnable(value: object) -> bool:
    """Whether it has ``invoke`` or ``ainvoke``."""
    return callable(getattr(value, "ainvoke", None)) or callable(getattr(value, "invoke", None))


def as_function(runnable: Any) -> Callable[[Case], Awaitable[Any]]:
    """A function that invokes a runnable with the prompt of a case, or with its messages if it is a chat.

    Args:
        runnable: What `is_runnable` accepts.

    Returns:
        An async function; a chat message that the runnable returns is read as a Completion.
    """

    async def ask(case: Case) -> Any:
        given = [dict(message) for message in case.messages] or case.prompt
        if hasattr(runnable, "ainvoke"):
            return _read(await runnable.ainvoke(given))
        return _read(await in_thread(runnable.invoke, given))

    return ask


def _read(answer: Any) -> Any:
    """A message as a Completion; anything else as it is."""
    content = getattr(answer, "content", None)
    if isinstance(content, list):
        content = "".join(part if isinstance(part, str) else part.get("text", "") for part in content)
    if not isinstance(content, str):
        return answer
    about: Mapping[str, Any] = getattr(answer, "response_metadata", None) or {}
    tokens: Mapping[str, int] | None = getattr(answer, "usage_metadata", None)
    return Completion(
        content,
        model=str(about.get("model_name") or ""),
        finish_reason=str(about.get("finish_reason") or ""),
        usage=Usage(tokens["input_tokens"], tokens["output_tokens"]) if tokens else None,
    )
