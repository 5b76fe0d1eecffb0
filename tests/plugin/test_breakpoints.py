"""A person at a breakpoint is not a time-out."""

from __future__ import annotations

import sys

import pytest

from tests.commands import OTHERS_OFF
from tests.plugin.conftest import Project


def debugged(project: Project, timeout_s: str, written: str, *args: str) -> pytest.RunResult:
    """pytest with what a person writes at its prompt, without further attempts of a call."""
    limits = ("--llm-timeout", timeout_s, "--llm-retries", "0")
    command = (sys.executable, "-m", "pytest", *OTHERS_OFF, *limits, *args)
    return project.pytester.run(*command, stdin=written.encode())


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_breakpoint_in_an_application_does_not_make_its_call_time_out(
    project: Project, kind: str
) -> None:
    project.rows(1)
    project.write("app.py", f"{kind} answer(case):\n    breakpoint()\n    return 'hello'\n")

    thinking = "import time; time.sleep(0.6)\nnext\ncontinue\n"
    provider = ("--llm-provider", "python:app:answer")
    run = debugged(project, "0.3", thinking, "golden/rows.csv", *provider)

    run.assert_outcomes(passed=1)
    assert "PDB set_trace" in run.stdout.str()


def test_calls_ahead_do_not_time_out_while_a_test_is_debugged(project: Project) -> None:
    project.rows(2)
    project.write(
        "app.py",
        """
        import time
        from pathlib import Path

        def answer(case):
            while case.id == "row-01" and not Path("go").exists():
                time.sleep(0.01)
            return "hello"
        """,
    )
    project.write(
        "test_app.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/rows.csv")
        def test_answer(llm_completion, llm_case):
            if llm_case.id == "row-00":
                breakpoint()
        """,
    )

    thinking = "import time; time.sleep(2.5); open('go', 'w').close()\ncontinue\n"
    provider = ("--llm-provider", "python:app:answer")
    run = debugged(project, "2", thinking, "test_app.py", *provider)

    run.assert_outcomes(passed=2)
