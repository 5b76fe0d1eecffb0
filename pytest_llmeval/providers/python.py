"""Python callables, applications and LangChain runnables: ``python:package.module:name``."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import dataclasses
import importlib
import inspect
import pkgutil
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pytest_llmeval.errors import CallError, CallRefused, SettingError, nearest
from pytest_llmeval.escaping import awaited, called, described, escaped, raised_in
from pytest_llmeval.protocols import BaseProvider, Provider, adopt_provider
from pytest_llmeval.providers.finish import (
    broken_off,
    finish_name,
    is_broken_off,
    is_unfinished,
    is_withheld,
    unfinished,
    withheld,
)
from pytest_llmeval.providers.message import read_answer
from pytest_llmeval.providers.reasoning import says_something
from pytest_llmeval.providers.usage import read_usage
from pytest_llmeval.records.call import REFUSAL, Completion, Request
from pytest_llmeval.records.case import Case, Message, Source

_ALLOWED = (
    "a function (case) -> str or Completion (sync or async), a Provider, "
    "or an object with invoke or ainvoke"
)
_ALLOWED_SPEC = "python:package.module:name"
_REASONS = ("finish_reason", "stop_reason", "done_reason")
"""Where the integrations of OpenAI, Anthropic and Ollama with LangChain put the finish reason."""


class CallableProvider(BaseProvider):
    """Answers by calling a function with the case.

    A sync function runs in a separate thread, so that it does not block other calls.

    Args:
        function: ``(case) -> str | Completion``, sync or async.
        name: Name in reports and errors.
        fingerprint: Text that changes whenever the same case could get a different answer; ``None``
            if unknown.
    """

    sees_case = True
    sees_messages = False

    def __init__(
        self, function: Callable[[Case], Any], name: str, fingerprint: str | None = None
    ) -> None:
        self._function = function
        self._name = name
        self.endpoint = f"python:{name}"
        self.fingerprint = None if fingerprint is None else f"python:{name}:{fingerprint}"

    def __repr__(self) -> str:
        return f"CallableProvider({self._name!r})"

    async def complete(self, request: Request) -> Completion:
        """Answer one request.

        Raises:
            CallError: The function raised an exception, which is the cause.
            NoAnswer: The Completion is empty, and its finish reason says that there is no answer.
            CallRefused: The function returned neither text nor a Completion.
        """
        case = request.case or _case_of(request.messages)
        started = time.perf_counter()
        try:
            answer = await self._call(case)
        except CallError:
            raise  # from a Provider inside the function, whose error explains the failure
        except Exception as error:
            raise CallError(f"{self._name} raised {described(error)}") from raised_in(error)
        return self._completion(answer, time.perf_counter() - started)

    async def _call(self, case: Case) -> Any:
        if inspect.iscoroutinefunction(self._function) or inspect.iscoroutinefunction(
            type(self._function).__call__
        ):
            return await awaited(self._function(case))
        answer = await in_thread(self._function, case)
        return await awaited(answer) if inspect.isawaitable(answer) else answer

    def _completion(self, answer: object, latency_s: float) -> Completion:
        endpoint = self.endpoint
        if isinstance(answer, str):
            return Completion(str(answer), endpoint=endpoint, latency_s=latency_s)
        if isinstance(answer, Completion):
            _check(answer)
            endpoint, latency_s = answer.endpoint or endpoint, answer.latency_s or latency_s
            return dataclasses.replace(answer, endpoint=endpoint, latency_s=latency_s)
        raise CallRefused(
            f"{self._name} returned {type(answer).__name__} {answer!r:.200}; "
            "allowed: str or Completion."
        )


def _check(answer: Completion) -> None:
    """Refuse an empty answer that says itself that it is none; any other is what the user gets.

    Raises:
        CallError: It is none.
    """
    reason = answer.finish_reason
    if says_something(answer.text):
        return
    if is_withheld(reason):
        raise withheld(reason)
    if is_broken_off(reason):
        raise broken_off(reason)
    if is_unfinished(reason):
        raise unfinished(reason)


def _case_of(messages: tuple[Message, ...]) -> Case:
    """Make a case from a request without one: a callable judge sees the judge's prompt."""
    prompt = next(
        (str(message["content"]) for message in reversed(messages) if message["role"] == "user"), ""
    )
    return Case(id="request", prompt=prompt, messages=messages, source=Source("", 0))


def load_callable(spec: str, origin: str = "--llm-provider") -> BaseProvider:
    """Load the provider that ``package.module:name`` names.

    The current folder is appended to `sys.path` and stays there. So an application need not be
    installed, and can import further modules when it is called.

    Args:
        spec: The text after ``python:``. The name may have dots.
        origin: The setting that holds it, for error texts.

    Raises:
        SettingError: The module cannot be imported, lacks the name, or the object is not a
            provider.
    """
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise SettingError(origin, f"python:{spec}", _ALLOWED_SPEC)
    module = _import(module_name, origin)
    try:
        value = attrgetter(name)(module)
    except AttributeError:
        public = [word for word in vars(module) if not word.startswith("_")]
        raise SettingError(
            origin, f"python:{spec}", f"a name in {module_name}", nearest(name, public)
        ) from None
    return as_provider(value, origin, spec)


def _import(name: str, origin: str) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        return called(importlib.import_module, name)
    except Exception as error:  # an import runs the user's code
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{name}.".startswith(f"{missing}."):
            remedy = f"There is no module {missing!r}. {_nearest_module(missing)}".strip()
            if "/" in name:
                dotted = name.removesuffix(".py").strip("./").replace("/", ".")
                remedy = f"A module is written with dots: python:{dotted}:NAME."
            remedy += " If it is not installed, add its folder to pytest's pythonpath."
        else:
            remedy = f"Importing {name} raised {described(error)}"
        raise SettingError(origin, f"python:{name}", _ALLOWED_SPEC, remedy) from error


def _nearest_module(missing: str) -> str:
    parent, _, child = missing.rpartition(".")
    folders = importlib.import_module(parent).__path__ if parent else None
    return nearest(child, (module.name for module in pkgutil.iter_modules(folders)))


def as_provider(value: object, origin: str = "llm_provider", name: str = "") -> BaseProvider:
    """Convert a user's object to a Provider.

    A class is instantiated without arguments. A callable or runnable may have an attribute
    ``fingerprint`` (text that changes whenever its answers could). Without one, its answers are
    never reused in a later run.

    Args:
        value: A Provider, a callable ``(case) -> str | Completion``, or a LangChain runnable.
        origin: The origin of the object, for error texts.
        name: Name of the provider; by default its module and name.

    Raises:
        SettingError: The object is none of these.
    """
    if inspect.isclass(value):
        value = _instance(value, origin)
    if isinstance(value, Provider):
        return adopt_provider(value)
    if not (_is_runnable(value) or callable(value)):
        lacking = [member for member in ("fingerprint", "sees_case") if not hasattr(value, member)]
        remedy = ""
        if hasattr(value, "complete"):
            remedy = f"It has complete, but not {' and '.join(lacking)}."
        raise SettingError(origin, type(value).__name__, _ALLOWED, remedy)
    fingerprint = getattr(value, "fingerprint", None)
    if fingerprint is not None and not isinstance(fingerprint, str):
        raise SettingError(f"{origin} fingerprint", fingerprint, "text, or nothing")
    named: Any = value if hasattr(value, "__qualname__") else type(value)
    function: Any = _as_function(value) if _is_runnable(value) else value
    provider = CallableProvider(
        function, name or f"{named.__module__}:{named.__qualname__}", fingerprint
    )
    for member in ("concurrency", "call_usd"):
        if hasattr(value, member):
            setattr(provider, member, getattr(value, member))
    return provider


def _instance(cls: type, origin: str) -> object:
    try:
        return called(cls)
    except Exception as error:  # the user's code
        remedy = f"{cls.__name__}() raised {described(error)}"
        raise SettingError(
            origin, cls.__name__, "a class that needs no arguments", remedy
        ) from error


def _is_runnable(value: object) -> bool:
    """Return whether an object has ``invoke`` or ``ainvoke``."""
    return callable(getattr(value, "ainvoke", None)) or callable(getattr(value, "invoke", None))


def _as_function(runnable: Any) -> Callable[[Case], Awaitable[Any]]:
    """Make a function that invokes a runnable with the prompt or messages of a case."""

    async def invoke(case: Case) -> Any:
        prompt = [dict(message) for message in case.messages] or case.prompt
        if hasattr(runnable, "ainvoke"):
            return _as_completion(await runnable.ainvoke(prompt))
        return _as_completion(await in_thread(runnable.invoke, prompt))

    return invoke


def _as_completion(answer: Any) -> Any:
    """Convert a chat message to a Completion, and return any other value unchanged.

    A chat message is the reply of a model, so it must say something, as that of an endpoint.

    Raises:
        CallError: The message holds no answer.
    """
    content = getattr(answer, "content", None)
    if not isinstance(content, (str, list)):
        return answer
    about: Mapping[str, Any] = getattr(answer, "response_metadata", None) or {}
    further: Mapping[str, Any] = getattr(answer, "additional_kwargs", None) or {}
    tokens = getattr(answer, "usage_metadata", None)
    tools = getattr(answer, "tool_calls", None) or further.get("tool_calls")
    reason = finish_name(next(filter(None, map(about.get, _REASONS)), ""))
    said = read_answer({**further, "content": content, "tool_calls": tools}, reason)
    return Completion(
        said.text,
        raw_text=said.raw,
        model=str(about.get("model_name") or ""),
        finish_reason=REFUSAL if said.refusal else reason,
        usage=read_usage(tokens),
        system_fingerprint=str(about.get("system_fingerprint") or ""),
    )


T = TypeVar("T")


async def in_thread(function: Callable[..., T], *args: object) -> T:
    """Run a sync function in a thread, without blocking other calls.

    Unlike `asyncio.to_thread`, the number of threads is unlimited, and a hanging one does not block
    the end of the process: the threads are daemons. The thread of a cancelled call continues.

    Args:
        function: The function. It sees the caller's context variables.
        args: Its arguments.

    Raises:
        RuntimeError: No thread can be started.
        Escaped: The function raised what is no error by its type.
        Exception: The exception of the function.
    """
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[Callable[[], T]] = loop.create_future()
    context = contextvars.copy_context()

    def run() -> None:
        outcome = _outcome(context, function, args)
        with contextlib.suppress(
            RuntimeError
        ):  # the loop is closed: the result is no longer needed
            loop.call_soon_threadsafe(_deliver, waiter, outcome)

    threading.Thread(
        target=run, name=f"llmeval {getattr(function, '__name__', 'call')}", daemon=True
    ).start()
    return (await waiter)()


def _outcome(
    context: contextvars.Context, function: Callable[..., T], args: tuple[object, ...]
) -> Callable[[], T]:
    """Call a function, and return a callable that returns its value or raises its exception."""
    try:
        value = context.run(function, *args)
    except BaseException as error:
        # What is no error would end the event loop, or be taken for the end of the run.
        raised = error if isinstance(error, Exception) else escaped(error)

        def fail() -> T:
            raise raised

        return fail
    return lambda: value


def _deliver(waiter: asyncio.Future[T], outcome: T) -> None:
    if not waiter.done():  # done: cancelled
        waiter.set_result(outcome)
