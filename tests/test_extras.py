"""An installation without extras runs, and says which one is missing where it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_llmeval.extras import Extra
from tests.commands import PYTEST
from tests.declared import declared
from tests.peer_files import eval_entries, inspect_sample, rows, write_zstandard

HIDING = """
import os
import sys
from importlib.machinery import PathFinder

PACKAGES = frozenset(os.environ["HIDDEN_PACKAGES"].split())
DISTRIBUTIONS = frozenset(os.environ["HIDDEN_DISTRIBUTIONS"].split())


class WithoutExtras(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0].lower() in PACKAGES:
            return None
        return super().find_spec(name, path, target)

    @classmethod
    def find_distributions(cls, *args, **kwargs):
        for found in super().find_distributions(*args, **kwargs):
            if found.name not in DISTRIBUTIONS:
                yield found


sys.meta_path = [WithoutExtras if finder is PathFinder else finder for finder in sys.meta_path]
"""
"""A `sitecustomize` that makes an environment with every extra look like one without."""

ROW = "prompt,expected,answer,threshold\nWhat is 1+1?,2,It is 2.,{threshold}\n"
LLMEVAL = str(Path(sys.executable).with_name("llmeval"))
COLUMN = ("--llm-provider", "column:answer")

METRICS = {
    "flesch_reading_ease": "readability",
    "text_quality": "readability",
    "bleu": "text",
    "math": "math",
    "language.en": "language",
    "sentiment": "sentiment",
    "bias": "language,sentiment",
    "toxicity.insult": "toxicity",
    "similarity": "similarity",
}
"""A metric of each extra that metrics need."""

EVERY_METRIC = """
from pytest_llmeval.errors import MissingExtraError
from pytest_llmeval.metrics.registry import MetricRegistry

registry = MetricRegistry()
for info in registry.describe():
    if not info.extra.name:
        print(registry.create(info.name, {"schema": {}} if info.name == "json_schema" else {}).name)
        continue
    try:
        registry.create(info.name, {})
    except MissingExtraError as error:
        assert info.extra.command in str(error), error
        print("missing", info.name)
"""

TO_PANDAS = """
from pytest_llmeval import evaluate
from pytest_llmeval.errors import MissingExtraError

finished = evaluate("faq.csv", provider="column:answer")
try:
    finished.to_pandas()
except MissingExtraError as error:
    print(error)
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command in an empty folder, where nothing that an extra brings can be imported."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(HIDING, "utf-8")
    project = tmp_path / "project"
    project.mkdir()
    (project / "pytest.ini").write_text("[pytest]\n", "utf-8")
    optional = declared().optional
    path = os.pathsep.join(filter(None, [str(hooks), os.environ.get("PYTHONPATH")]))
    hidden = {
        "HIDDEN_PACKAGES": " ".join(optional),
        "HIDDEN_DISTRIBUTIONS": " ".join(optional.values()),
    }

    def start(*command: str, **files: str) -> subprocess.CompletedProcess[str]:
        for name, content in files.items():
            (project / name.replace("_", ".")).write_text(content, "utf-8")
        env = {**os.environ, "PYTHONPATH": path, **hidden}
        return subprocess.run(
            command, cwd=project, env=env, capture_output=True, text=True, check=False
        )

    return start


@pytest.mark.parametrize(("metric", "extra"), METRICS.items())
def test_a_threshold_on_a_metric_without_its_extra_names_the_command(
    run: Run, metric: str, extra: str
) -> None:
    done = run(*PYTEST, *COLUMN, "faq.csv", faq_csv=ROW.format(threshold=f"{metric}>=0"))

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f'Remedy: pip install "pytest-llm-golden[{extra}]"' in done.stderr
    assert "faq.csv::what-is-1-1" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


USING_FIXTURES = """
import pytest

@pytest.mark.llm_golden("faq.csv", threshold="length>=1")
def test_answer(llm_completion): pass

{mark}
def test_style({fixture}): pass
"""


@pytest.mark.parametrize(
    ("fixture", "mark", "extra"),
    [
        ("llm_readability", "", "readability"),
        ("llm_text_quality", "", "readability"),
        ("llm_toxicity", "", "toxicity"),
        ("llm_readability", "@pytest.mark.skip(reason='later')", ""),
    ],
)
def test_a_fixture_without_its_extra_stops_the_run_before_anything_is_sent(
    run: Run, fixture: str, mark: str, extra: str
) -> None:
    test = USING_FIXTURES.format(fixture=fixture, mark=mark)
    files = {"faq_csv": ROW.format(threshold=""), "conftest_py": "", "testit_py": test}
    done = run(*PYTEST, *COLUMN, "testit.py", **files)
    if not extra:
        return assert_passed(done)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f'Remedy: pip install "pytest-llm-golden[{extra}]"' in done.stderr
    assert "testit.py::test_style" in done.stderr
    assert "passed" not in done.stdout


def assert_passed(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, "1 passed, 1 skipped" in done.stdout) == (0, True), done.stdout


def test_the_embedder_wordllama_names_the_command(run: Run) -> None:
    row = ROW.format(threshold="similarity>=0")
    done = run(*PYTEST, *COLUMN, "--llm-embedding", "wordllama", "faq.csv", faq_csv=row)

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert 'Remedy: pip install "pytest-llm-golden[wordllama]"' in done.stderr


@pytest.mark.parametrize("command", [PYTEST, (LLMEVAL, "validate")], ids=["pytest", "validate"])
def test_a_parquet_file_names_the_command(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, "a.parquet", a_parquet="")

    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "a.parquet: a Parquet file needs the packages pandas, pyarrow" in said
    assert 'Remedy: pip install "pytest-llm-golden[parquet]"' in said
    assert "Traceback" not in said


def test_a_log_in_zstandard_names_the_command(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "project" / "a.eval"
    write_zstandard(log, eval_entries([inspect_sample(row) for row in rows(3)]))
    done = run(LLMEVAL, "compare", "a.eval", "a.eval")

    assert done.returncode == pytest.ExitCode.INTERRUPTED
    assert "packed with Zstandard needs the package pyarrow, which is not installed" in done.stderr
    assert 'Remedy: pip install "pytest-llm-golden[inspect]"' in done.stderr


@pytest.mark.parametrize("place", ["model.gguf", "hf:OWNER/REPOSITORY/model.gguf"])
def test_a_local_model_names_the_command(run: Run, place: str) -> None:
    row = ROW.format(threshold="exact_match>=0")
    provider = ("--llm-provider", f"local:{place}")
    done = run(*PYTEST, *provider, "faq.csv", faq_csv=row, model_gguf="GGUF")

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert 'Remedy: pip install "pytest-llm-golden[local]"' in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_everything_else_runs(run: Run) -> None:
    bounds = "exact_match>=0; contains>=1; numeric>=1; length<=9"
    columns = '{"prompt": {"0": "1+1?"}, "expected": {"0": "2"}, "answer": {"0": "It is 2."}}'
    golden = {"faq_csv": ROW.format(threshold=bounds), "columns_json": columns}
    reports = ("--llm-html", "report.html", "--llm-json", "report.json")
    done = run(*PYTEST, *COLUMN, *reports, "faq.csv", "columns.json", **golden)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_list_of_metrics_says_what_is_not_installed(run: Run) -> None:
    done = run(LLMEVAL, "metrics")

    assert done.returncode == 0
    for extra in set(METRICS.values()):
        command = f'pip install "pytest-llm-golden[{extra}]"'
        assert f"extra: {extra} (not installed: {command})" in done.stdout


def test_every_metric_runs_or_names_its_extra(run: Run) -> None:
    done = run(sys.executable, "-c", EVERY_METRIC)

    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert {"exact_match", "length", "refusal", "latency"} <= set(lines)
    assert {"missing rouge", "missing chrf", "missing smog_index", "missing relevance"} <= set(
        lines
    )


def test_a_data_frame_names_the_command(run: Run) -> None:
    done = run(sys.executable, "-c", TO_PANDAS, faq_csv=ROW.format(threshold="contains>=1"))

    assert done.stdout == (
        "to_pandas() needs the package pandas, which is not installed. "
        'Remedy: pip install "pytest-llm-golden[pandas]"\n'
    ), done.stderr


def test_every_extra_has_a_test() -> None:
    from_metrics = {name for extra in METRICS.values() for name in extra.split(",")}
    others = {"parquet", "pandas", "inspect", "wordllama", "local"}
    without_an_error = {"xdist"}  # pytest itself refuses `-n` without it
    assert from_metrics | others | without_an_error == set(declared().extras)


def test_an_installed_extra_has_nothing_to_say() -> None:
    extra = Extra("text", ("pytest",))
    extra.require("a test")
    assert extra.missing == ()
