"""What an application, a metric or a judge of the user raises is an error of its case, whatever it is."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_nothing_judged import UNJUDGED, both, made

__all__ = ["made"]

APP = """
import asyncio, unittest
import pytest

RAISED = {{
    "c0": lambda: pytest.skip("not here"),
    "c1": lambda: pytest.xfail("known"),
    "c2": lambda: pytest.fail("wrong"),
}}
OTHERS = {{"c0": GeneratorExit("g"), "c1": asyncio.CancelledError("c"), "c2": SystemExit(0), "c3": KeyboardInterrupt()}}

def failing(case, more):
    if more and case.id in OTHERS:
        raise OTHERS[case.id]
    if not more and case.id in RAISED:
        RAISED[case.id]()
    if not more and case.id == "c3":
        raise unittest.SkipTest("no")
    return "yes"

def sync_{0}(case): return failing(case, {1})
async def async_{0}(case): return failing(case, {1})

class Own:
    fingerprint, sees_case = None, True
    async def complete(self, request):
        failing(request.case, {1})
        from pytest_llmeval import Completion
        return Completion("yes", endpoint="own")
own_{0} = Own()
"""
STRICT = ("--llm-threshold", "exact_match>=1", "--llm-gate", "pass_rate>=.9", "--llm-strict")


@both
@pytest.mark.parametrize("kind", ["sync", "async", "own"])
@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("few", False, ("Skipped: not here", "XFailed: known", "Failed: wrong", "SkipTest: no")),
        ("more", True, ("GeneratorExit: g", "CancelledError: c", "SystemExit: 0", "KeyboardInterrupt")),
    ],
)  # fmt: skip
def test_an_application_that_raises_anything_has_given_no_answer(
    made: Project, kind: str, name: str, more: bool, words: tuple[str, ...],
    workers: tuple[str, ...],
) -> None:  # fmt: skip
    if workers and kind != "sync":
        pytest.skip("the same in each process")
    made.write("app.py", APP.format(name, more))
    run = made.run("golden", "--llm-provider", f"python:app:{kind}_{name}", *STRICT, *workers)
    run.assert_outcomes(passed=2, errors=4)
    assert run.ret == UNJUDGED
    for word in words:
        assert (
            f"raised {word}" in run.stdout.str()
            or f"raised unittest.case.{word}" in run.stdout.str()
        )
    assert {result["cause"] for result in made.report()["results"]} == {"", "call"}


METRICS = """
import asyncio, unittest
import pytest
from pytest_llmeval import Score

class Base:
    version = "1"

    def check(self, case):
        if case.id == "c0": pytest.skip("not here")
        if case.id == "c1": raise GeneratorExit("g")
        if case.id == "c2": raise asyncio.CancelledError("c")
        if case.id == "c3": raise unittest.SkipTest("no")
        if case.id == "c4": pytest.xfail("known")
        if case.id == "c5": pytest.fail("wrong")
        return 1.0

class Sync(Base):
    name = "sync"
    def score(self, case, completion): return self.check(case)

class Judge(Base):
    name = "judge"
    async def score(self, case, completion): return self.check(case)

class Later(Base):
    name = "later"
    def score(self, case, completion):
        async def wait(): return self.check(case)
        return wait()

def pytest_llmeval_metrics():
    return [Sync, Judge, Later]
"""


@pytest.mark.parametrize("metric", ["sync", "judge", "later"])
def test_a_metric_that_raises_anything_has_given_no_score(made: Project, metric: str) -> None:
    made.write("conftest.py", METRICS)
    run = made.run("golden", "--llm-provider", "column:old", "--llm-threshold", f"{metric}>=1")
    run.assert_outcomes(errors=6)
    assert run.ret == UNJUDGED
    for word in ("Skipped: not here (conftest.py:10 in check", "GeneratorExit: g", "CancelledError: c", "XFailed: known", "Failed: wrong"):  # fmt: skip
        assert f"{metric} is unscored: {word}" in run.stdout.str()


def test_a_skip_at_the_import_of_an_application_and_in_a_test(made: Project) -> None:
    made.write("app.py", "import pytest\npytest.importorskip('no_such_module')\n")
    run = made.run("golden", "--llm-provider", "python:app:answer", *STRICT)
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert "Importing app raised Skipped: could not import" in run.stderr.str()
    made.write(
        "test_time.py",
        """
        import signal
        import pytest

        class Slow:
            version = "1"
            def score(self, case, completion): signal.raise_signal(signal.SIGALRM)

        def stop(number, frame): pytest.fail("Timeout (>1.0s)")

        @pytest.mark.parametrize("handler", [stop, lambda *_: stop(*_), lambda number, *rest: stop(0, 0)])
        def test_time(llm_metric, request, handler):
            from pytest_llmeval.plugin.state import STATE
            name = f"slow{request.node.callspec.indices['handler']}"
            metric = type("Slow", (Slow,), {"name": name})
            request.config.stash[STATE].session.metrics.add(metric, "test")
            signal.signal(signal.SIGALRM, handler)
            llm_metric(name, "x")
        """,
    )
    made.run("test_time.py").assert_outcomes(failed=3)
