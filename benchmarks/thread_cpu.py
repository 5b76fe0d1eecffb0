"""A pytest plugin that measures the engine's thread.

It writes the CPU seconds of the thread into the file that BENCHMARK_THREAD_CPU names.
"""

import os
import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest

ENGINE_THREAD = "llmeval-engine"


@pytest.hookimpl(wrapper=True)  # before the session ends, and with it the engine's thread
def pytest_runtestloop() -> Generator[None, object, object]:
    result = yield
    threads = [thread for thread in threading.enumerate() if thread.name == ENGINE_THREAD]
    clocks = [time.pthread_getcpuclockid(thread.ident or 0) for thread in threads]
    used_s = sum(time.clock_gettime(clock) for clock in clocks)
    Path(os.environ["BENCHMARK_THREAD_CPU"]).write_text(str(used_s), encoding="utf-8")
    return result
