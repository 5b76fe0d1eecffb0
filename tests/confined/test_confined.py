"""Work in a process of its own: the same results, and an end whatever the work does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pytest_llmeval.confined.parent import call_confined
from pytest_llmeval.errors import OutOfTime, WorkFailed

POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows has no timer of CPU time")


def test_a_function_gives_its_result_and_its_error() -> None:
    assert call_confined("math", "sqrt", [16], 4) == 4
    assert call_confined("textwrap", "dedent", ["  ü\ud800\n"], 4) == "ü\ud800\n"
    with pytest.raises(WorkFailed, match=r"ValueError: (math domain error|expected a non)"):
        call_confined("math", "sqrt", [-1], 4)


@POSIX
def test_work_that_does_not_end_is_ended_within_one_call_into_c() -> None:
    with pytest.raises(OutOfTime):
        call_confined("math", "factorial", [10**9], 0.3)
    with pytest.raises(OutOfTime):
        call_confined("re", "search", ["^(a|aa)+$", "a" * 60 + "!"], 0.3)
    assert call_confined("math", "sqrt", [4], 4) == 2


@POSIX
def test_work_that_takes_all_memory_is_an_error() -> None:
    with pytest.raises(WorkFailed):
        call_confined("operator", "mul", ["x" * 1000, 1 << 30], 4)
    assert call_confined("math", "sqrt", [4], 4) == 2


def test_threads_get_each_their_own_result() -> None:
    results: dict[int, float] = {}

    def work(number: int) -> None:
        results[number] = call_confined("math", "sqrt", [number**2], 4)

    threads = [threading.Thread(target=work, args=[number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: number for number in range(20)}


def test_the_process_gets_no_key_and_prints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    code = (
        "from pytest_llmeval.confined.parent import call_confined as call\n"
        "assert call('os', 'getenv', ['OPENAI_API_KEY'], 4) is None\n"
        "assert call('builtins', 'print', ['hello'], 4) is None\n"
    )
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@POSIX
def test_the_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    """Also where that one is killed, and cannot end it."""
    code = (
        "import os, signal\n"
        "from pytest_llmeval.confined.parent import call_confined as call\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(call('os', 'getpid', [], 4)))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], check=False)
    assert result.returncode == -signal.SIGKILL
    pid = int((tmp_path / "pid").read_text("utf-8"))
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        if Path(f"/proc/{pid}/stat").exists() and ") Z " in Path(f"/proc/{pid}/stat").read_text():
            break
