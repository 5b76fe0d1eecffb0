"""The measurement of a judge: a perfect one gets perfect figures."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.processes import ROOT, environment
from benchmarks.suite import serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks read /proc")


def test_a_judge_that_goes_by_content_is_always_right() -> None:
    command = [sys.executable, "-m", "benchmarks.judge_quality", "--rows", "3", "--attacks", "4"]

    with serving(latency_ms=0) as endpoint:
        command += ["--model", "mock-1", "--base-url", endpoint.url]
        run = subprocess.run(
            command, cwd=ROOT, env=environment({}), capture_output=True, text=True, timeout=120
        )

    assert run.returncode == 0, run.stderr
    lines = [line.split() for line in run.stdout.splitlines()]
    assert ["plain", "accuracy,", "pass", ">=", "4", "100", "%"] in [line[:7] for line in lines]
    assert ["plain", "AUC", "1", "of", "1"] in lines
    assert ["attacks", "all", "kinds:", "moved", "by", "2", "or", "more", "0", "of", "4"] in [
        line[:11] for line in lines
    ]
    assert ["self-test", "passed", "25", "of", "25"] in [line[:5] for line in lines]
