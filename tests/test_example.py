"""The example suite is a user's project: public names only, and it runs: replayed, against an endpoint, and live."""

from __future__ import annotations

import ast
import csv
import json
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import pytest_llmeval
from pytest_llmeval.providers.local.models import find_model, models_folder
from tests.mock_endpoint import MockEndpoint
from tests.warm import run_pytest

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "example_suite"
MODEL = "qwen2.5-coder-1.5b-instruct"
MODELS = models_folder()  # now, because pytester gives each test a home of its own
WITHOUT_PYTHON = "golden/opening_hours.csv"
LIVE = (
    "test_faq.py::test_faq[locker-number]",
    "test_toxicity.py::test_the_measure_tells_an_insult_from_a_refusal",
)
"""Together: an answer of the assistant, a judgement, readability, a metric of its own, and toxicity."""

ASKED = ("--llm-record", "off", "--llm-no-cache")
"""Ask the model, instead of its recordings."""

SPY = """
import sys
from pathlib import Path

def pytest_sessionfinish(session):
    worker = getattr(session.config, "workerinput", {}).get("workerid", "main")
    if "xllamacpp" in sys.modules:
        Path(__file__).with_name(f"loaded-by-{worker}").touch()
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A copy of the suite and its golden files, and an environment without settings."""
    left_out = shutil.ignore_patterns(".*", "__pycache__")
    for folder in ("example_suite", "golden"):
        shutil.copytree(ROOT / folder, pytester.path / folder, ignore=left_out)
    for option in pytest_llmeval_variables():
        monkeypatch.delenv(option, raising=False)
    return pytester


def pytest_llmeval_variables() -> Iterator[str]:
    """Every environment variable that could set something."""
    from pytest_llmeval.settings.table import OPTIONS

    yield from (name for option in OPTIONS for name in option.env)


def run(project: pytest.Pytester, *tests: str, options: tuple[str, ...] = ()) -> pytest.RunResult:
    """pytest on the whole suite or some of its tests, as a user starts it from the folder above."""
    names = [f"example_suite/{test}" for test in tests] or ["example_suite"]
    return run_pytest(*names, *options)


def results(project: pytest.Pytester) -> dict[str, Any]:
    """The results of the JSON report, by node id."""
    report = json.loads((project.path / "example_suite/.llmeval/report.json").read_text())
    return {result["nodeid"]: result for result in report["results"]}


def imported_names(path: Path) -> Iterator[str]:
    """What a file imports from our package: a public name, or a module's path."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (
                alias.name for alias in node.names if alias.name.startswith("pytest_llmeval")
            )
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pytest_llmeval"):
            prefix = "" if node.module == "pytest_llmeval" else f"{node.module}."
            yield from (prefix + alias.name for alias in node.names)


@pytest.mark.parametrize(
    "path", sorted(SUITE.rglob("*.py")), ids=lambda path: path.relative_to(SUITE).as_posix()
)
def test_it_imports_public_names_only(path: Path) -> None:
    assert set(imported_names(path)) <= {"pytest_llmeval", *pytest_llmeval.__all__}


def test_the_assistant_does_not_know_that_it_is_tested() -> None:
    assert not [
        path.name for path in (SUITE / "support").rglob("*.py") if list(imported_names(path))
    ]


def test_every_module_and_the_golden_file_without_python_are_collected(
    project: pytest.Pytester,
) -> None:
    done = run(project, options=("--collect-only", "-q"))

    nodeids = [line for line in done.outlines if "::" in line]
    with (SUITE / "golden" / "opening_hours.csv").open(encoding="utf-8", newline="") as file:
        rows = [f"{WITHOUT_PYTHON}::{row['id']}" for row in csv.DictReader(file)]
    assert {nodeid.partition("::")[0] for nodeid in nodeids} == {
        WITHOUT_PYTHON,
        *(path.name for path in SUITE.glob("test_*.py")),
    }
    assert [nodeid for nodeid in nodeids if nodeid.startswith(WITHOUT_PYTHON)] == rows


def test_every_known_failure_names_a_test(project: pytest.Pytester) -> None:
    done = run(project, options=("--collect-only", "-q"))

    with (SUITE / "known_failures.csv").open(encoding="utf-8", newline="") as file:
        known = {row["test"]: row["reason"] for row in csv.DictReader(file)}
    assert set(known) <= set(done.outlines)
    assert all(known.values())


@pytest.mark.parametrize("workers", ["0", "2"])
def test_it_replays_without_the_model(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workers: str
) -> None:
    monkeypatch.setenv("LLMEVAL_MODELS", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(project.path))
    (project.path / "spy.py").write_text(SPY)
    before = recordings(project)

    done = run(project, options=("-p", "spy", "-n", workers))

    assert done.ret == pytest.ExitCode.OK, done.stdout.str()
    with (SUITE / "known_failures.csv").open(encoding="utf-8", newline="") as file:
        known = {row["test"].removeprefix("example_suite/") for row in csv.DictReader(file)}
    assert {
        nodeid for nodeid, result in results(project).items() if result["outcome"] == "xfailed"
    } == known
    assert not list(project.path.glob("loaded-by-*"))
    assert "not used" not in done.stdout.str()
    assert recordings(project) == before
    assert len(before) >= 5


def recordings(project: pytest.Pytester) -> dict[str, str]:
    """The text of every recording, by its path."""
    return {
        str(path): path.read_text(encoding="utf-8")
        for path in project.path.rglob("recordings/*.jsonl")
    }


def test_another_model_can_stand_behind_the_assistant(
    project: pytest.Pytester, endpoint: MockEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMEVAL_PROVIDER", "openai")
    monkeypatch.setenv("LLMEVAL_JUDGE_PROVIDER", "openai")
    monkeypatch.setenv("LLMEVAL_MODEL", "mock")
    monkeypatch.setenv("LLMEVAL_NO_SELFTEST", "1")  # the endpoint judges nothing
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)

    done = run(project, options=ASKED)

    assert done.ret in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), done.stdout.str()
    found = results(project)
    assert {result["outcome"] for result in found.values()} <= {"passed", "failed", "xfailed"}
    assert {path.name for path in (project.path / "example_suite/.llmeval").iterdir()} >= {
        "report.json", "report.html", "runs.sqlite",
    }  # fmt: skip
    faq = [result for nodeid, result in found.items() if nodeid.startswith("test_faq.py")]
    assert all(len(result["completion"]["contexts"]) == 2 for result in faq)
    assert sum("Policy:\n" in request.text for request in endpoint.requests) == len(faq)


def test_a_provider_on_the_command_line_is_tested_without_the_assistant(
    project: pytest.Pytester, endpoint: MockEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    options = ("--llm-provider", "openai", "--llm-judge-provider", "openai", "--llm-model", "mock")

    run(project, "test_faq.py", options=(*options, *ASKED))

    assert len(results(project)) == endpoint.count("generation")
    assert not any("Policy:\n" in request.text for request in endpoint.requests)


@pytest.mark.xdist_group("local-model")
@pytest.mark.skipif(
    find_spec("xllamacpp") is None, reason='needs xllamacpp: pip install "pytest-llm-golden[local]"'
)
@pytest.mark.skipif(
    not (MODELS / find_model(MODEL).file).is_file(), reason=f"needs: llmeval model {MODEL}"
)
def test_it_runs_live_and_workers_share_the_controllers_model(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.path / "spy.py").write_text(SPY)
    monkeypatch.setenv("PYTHONPATH", str(project.path))
    monkeypatch.setenv("LLMEVAL_MODELS", str(MODELS))
    monkeypatch.setenv(
        "LLMEVAL_NO_SELFTEST", "1"
    )  # 25 more calls: minutes, and for test_trust.py to show
    alone = run(project, *LIVE, options=("-p", "spy", "-n", "0", *ASKED))
    assert_live(alone, results(project))
    first = comparable(results(project))
    shared = run(project, *LIVE, options=("-p", "spy", "-n", "2", *ASKED))

    assert_live(shared, results(project))
    assert comparable(results(project)) == first
    assert [path.name for path in project.path.glob("loaded-by-*")] == ["loaded-by-main"]


def assert_live(done: pytest.RunResult, found: dict[str, Any]) -> None:
    """A real answer, a real judgement, readability and toxicity."""
    assert done.ret in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), done.stdout.str()
    faq, toxicity = (found[nodeid] for nodeid in LIVE)
    assert faq["completion"]["text"] == "007"
    assert faq["completion"]["usage"]["completion_tokens"] > 1
    scores = {score["name"]: score for score in faq["scores"]}
    assert 0 <= scores["rubric"]["value"] <= 5
    assert scores["rubric"]["reason"]
    assert scores["rubric"]["calls"][0]["usage"]["prompt_tokens"] > 100
    assert set(scores) == {"rubric", "grounded_numbers", "flesch_reading_ease"}
    assert [score["value"] > 0.5 for score in toxicity["scores"]] == [True, False]
    assert all(score["calls"][0]["logprobs"] for score in toxicity["scores"])


def comparable(found: dict[str, Any]) -> dict[str, Any]:
    """What must not depend on the number of processes.

    A model server that has just read another prompt may compute the last digits of a probability
    otherwise, and then also a judge's wording; so reasons are left out, and scores are rounded.
    """
    return {
        nodeid: (
            result["outcome"],
            result["completion"]["text"],
            [(score["name"], round(score["value"], 1)) for score in result["scores"]],
        )
        for nodeid, result in found.items()
    }
