"""The status line: where a person looks, while tests wait, and nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from contextlib import suppress

import pytest

from tests.commands import PYTEST
from tests.mock_endpoint import MockEndpoint
from tests.plugin.conftest import PATIENCE_S, Project

pty = pytest.importorskip("pty", reason="needs a pseudo terminal")

SAVE, RESTORE, ERASE = "\x1b7", "\x1b8", "\x1b[K"
ROWS = ("golden/rows.csv", "--llm-model", "mock")
both = pytest.mark.parametrize("workers", ["0", "2"])


def release(endpoint: MockEndpoint) -> None:
    """Send the request that the others wait for."""
    body = {"model": "mine", "messages": [{"role": "user", "content": "Go on"}]}
    request = urllib.request.Request(f"{endpoint.url}/chat/completions", json.dumps(body).encode())
    urllib.request.urlopen(request).read()


def written_on_a_terminal(project: Project, *args: str, until: str, code: int = 0) -> str:
    """What pytest writes on a terminal; once it has written a word, its calls are answered."""
    ours, its = pty.openpty()
    command = [*PYTEST, *args]
    process = subprocess.Popen(
        command, cwd=project.path, stdin=its, stdout=its, stderr=its, close_fds=True
    )
    os.close(its)
    text = ""
    try:
        with suppress(OSError):  # Linux says so when the other side is closed
            while new := os.read(ours, 65_536):
                is_waiting = until not in text
                text += new.decode()
                if is_waiting and until in text:
                    release(project.endpoint)
        assert process.wait(PATIENCE_S) == code, text
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return text


@both
def test_on_a_terminal_the_line_tells_what_is_in_flight_and_goes_away(
    project: Project, workers: str
) -> None:
    project.rows(
        3, dict.fromkeys(range(3), "[[after=4]]")
    )  # the last one is sent when the line has been seen

    text = written_on_a_terminal(project, *ROWS, "-n", workers, until="3 calls in flight")

    assert "0 of 3 tests, 3 calls in flight (limit " in text
    shown, _, rest = text.rpartition(RESTORE)
    assert shown.rpartition(SAVE)[2].endswith(ERASE)
    assert ERASE in rest  # taken away before pytest writes more
    assert "3 passed" in rest


@both
def test_the_line_is_no_part_of_what_a_failing_test_has_printed(
    project: Project, workers: str
) -> None:
    project.rows(2, {0: "[[after=3]]"})
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/rows.csv")
        def test_faq(llm_completion):
            assert llm_completion.text == "Nobody answers this."
        """,
    )
    arguments = ("test_faq.py", "--llm-model", "mock", "-n", workers)

    text = written_on_a_terminal(project, *arguments, until="calls in flight", code=1)

    assert "2 failed" in text
    assert "Captured" not in text


@both
def test_on_a_pipe_nothing_is_drawn(project: Project, workers: str) -> None:
    project.rows(3, {1: "[[latency=2000]]"})

    run = project.run(*ROWS, "-n", workers)

    run.assert_outcomes(passed=3)
    assert "\x1b" not in run.stdout.str() + run.stderr.str()
    assert "in flight" not in run.stdout.str()
