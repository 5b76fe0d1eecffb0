from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
from textwrap import dedent

import pytest

from pytest_llmeval.errors import CallError
from pytest_llmeval.escaping import raised_in
from pytest_llmeval.providers.python import CallableProvider, in_thread
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case, Source

WHO = contextvars.ContextVar("who", default="nobody")


def test_a_function_gets_its_arguments_and_the_context_of_the_caller() -> None:
    def answer(first: int, second: int) -> tuple[int, str, bool]:
        return first + second, WHO.get(), threading.current_thread().daemon

    async def asked() -> tuple[int, str, bool]:
        WHO.set("caller")
        return await in_thread(answer, 1, 2)

    assert asyncio.run(asked()) == (3, "caller", True)


@pytest.mark.parametrize(
    "error", [ValueError("no index"), asyncio.CancelledError(), BaseException("odd")]
)
def test_what_a_function_raises_reaches_the_caller(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(Exception, match=str(error) or type(error).__name__) as caught:
        asyncio.run(in_thread(fail))
    assert raised_in(caught.value) is error


@pytest.mark.parametrize("wish", [SystemExit(3), KeyboardInterrupt(), StopIteration()])
def test_a_function_cannot_end_the_event_loop(wish: BaseException) -> None:
    def leave(case: Case) -> str:
        raise wish

    async def asked() -> str:
        with pytest.raises(CallError, match=f"app raised .*{type(wish).__name__}"):
            await CallableProvider(leave, "app").complete(
                Request(({"role": "user", "content": "hi"},))
            )
        return "the loop goes on"

    assert asyncio.run(asked()) == "the loop goes on"


def test_sixty_functions_run_at_once() -> None:
    together = threading.Barrier(60, timeout=30)

    def answer(case: Case) -> str:
        together.wait()
        return case.id

    async def all_of_them() -> list[Completion]:
        cases = [
            Case(id=str(number), prompt="hi", source=Source("faq.csv", number))
            for number in range(60)
        ]
        provider = CallableProvider(answer, "app")
        return await asyncio.gather(*(provider.complete(Request((), case=case)) for case in cases))

    assert [completion.text for completion in asyncio.run(all_of_them())] == [
        str(number) for number in range(60)
    ]


class Stuck:
    """A function that returns when it is released, and the thread that it runs in."""

    def __init__(self) -> None:
        self.may_return, self.threads = threading.Event(), list[threading.Thread]()

    def __call__(self) -> str:
        self.threads.append(threading.current_thread())
        self.may_return.wait()
        return "too late"

    async def give_up(self) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(in_thread(self), 0.1)

    def release(self) -> None:
        self.may_return.set()
        self.threads[0].join()


def test_a_function_whose_caller_gave_up_ends_in_silence() -> None:
    stuck = Stuck()

    async def impatient() -> None:
        await stuck.give_up()
        stuck.release()
        await asyncio.sleep(0)  # the late answer is delivered to nobody

    asyncio.run(impatient())


def test_a_function_may_return_after_the_loop_is_closed() -> None:
    stuck = Stuck()

    asyncio.run(stuck.give_up())

    stuck.release()  # an exception in its thread would be a warning, and so an error


def test_a_function_that_hangs_does_not_hold_up_the_end_of_the_process() -> None:
    script = """
        import asyncio, threading
        from pytest_llmeval.providers.python import CallableProvider
        from pytest_llmeval.records.call import Request

        async def ask():
            call = CallableProvider(lambda case: threading.Event().wait(), "app").complete(Request(()))
            try:
                await asyncio.wait_for(call, 0.1)
            except asyncio.TimeoutError:
                print("gave up")

        asyncio.run(ask())
    """
    ended = subprocess.run(
        [sys.executable, "-c", dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "gave up\n", "")
