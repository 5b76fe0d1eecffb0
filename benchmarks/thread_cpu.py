"""A pytest plugin that writes the CPU seconds of the engine's thread into the file named by BENCHMARK_THREAD_CPU."""

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
    used_s = sum(
        time.clock_gettime(time.pthread_getcpuclockid(thread.ident or 0)) for thread in threads
    )
    Path(os.environ["BENCHMARK_THREAD_CPU"]).write_text(str(used_s), encoding="utf-8")
    return result
