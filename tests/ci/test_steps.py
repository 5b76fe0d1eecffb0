"""The shell of the CI examples does what it should: steps are run as they stand in the files."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.ci.conftest import Runner
from tests.ci.workflows import GITHUB, GITLAB, script

needs_jq = pytest.mark.skipif(not shutil.which("jq"), reason="needs jq: apt-get install jq")
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="needs curl: apt-get install curl")
needs_git = pytest.mark.skipif(not shutil.which("git"), reason="needs git: apt-get install git")

SHARDS, BASELINE = (
    next(file for file in GITHUB if file.name == name)
    for name in ("llm-shards.yml", "llm-baseline.yml")
)
MARKER = "<!-- llmeval -->"
INI = '[tool.pytest.ini_options]\nllm_golden = ["golden"]\nllm_judge_model = "judge"\nllm_min_score = "4"\n'
CASES = 'id,prompt,expected\na,One,1\nb,"Two [[score=2]]",2\nc,Three,3\n'


def test_shards_leave_the_decision_to_the_gate_over_the_merged_log(runner: Runner) -> None:
    write(runner.folder / "pyproject.toml", INI)
    write(runner.folder / "golden/faq.csv", CASES)
    shard, gate = script(SHARDS, "shard", "pytest "), script(SHARDS, "gate", "llmeval merge")
    for group in ("1", "2", "3"):
        done = runner.run(shard, GROUP=group)
        assert done.returncode == 0, done.stdout
        assert "1 failed" in done.stdout if group == "2" else "1 passed" in done.stdout
        log = (
            runner.folder / f"shards/llm-shard-{group}/runs.sqlite"
        )  # where the artifacts are downloaded to
        log.parent.mkdir(parents=True)
        shutil.move(runner.folder / ".llmeval/runs.sqlite", log)
    done = runner.run(gate)
    assert done.returncode == 1, done.stdout
    report = json.loads((runner.folder / ".llmeval/report.json").read_text(encoding="utf-8"))
    outcomes = [(result["case"]["id"], result["outcome"]) for result in report["results"]]
    assert outcomes == [("a", "passed"), ("b", "failed"), ("c", "passed")]
    assert (runner.folder / ".llmeval/summary.md").read_text(encoding="utf-8").startswith(MARKER)


def test_a_shard_that_cannot_start_fails(runner: Runner) -> None:
    done = runner.run(script(SHARDS, "shard", "pytest "), GROUP="1")  # there is no folder golden
    assert done.returncode == 4, done.stdout


@needs_jq
def test_a_pull_request_gets_one_comment_that_follows_the_runs(runner: Runner) -> None:
    comments = runner.folder / "comments.json"
    others = [
        {"id": 1, "user": {"login": "ann"}, "body": f"{MARKER} quoted"},
        {"id": 2, "user": {"login": "github-actions[bot]"}, "body": "coverage"},
    ]
    write(comments, json.dumps(others))
    install_gh(runner)
    for text in ("first", "second"):
        write(runner.folder / "report/summary.md", f"{MARKER}\n{text}\n")
        done = runner.run(
            script(SHARDS, "comment", "gh api"), GITHUB_REPOSITORY="ann/shop", NUMBER="7"
        )
        assert done.returncode == 0, done.stdout
        *kept, ours = json.loads(comments.read_text(encoding="utf-8"))
        assert kept == others
        assert ours["body"] == f"{MARKER}\n{text}\n"


@needs_git
def test_a_baseline_is_proposed_once_and_only_where_it_has_changed(runner: Runner) -> None:
    install_gh(runner)
    write(runner.folder / "golden/baselines/main.jsonl", "accepted\n")
    write(runner.folder / ".llmeval/change.md", "    REGRESSED\n")
    done = runner.run(
        "git init --quiet --bare ../origin; git init --quiet --initial-branch main; git remote add origin ../origin;"
        "git config user.name Ann; git config user.email ann@localhost; git add golden; git commit --quiet -m first"
    )
    assert done.returncode == 0, done.stdout
    propose = script(BASELINE, "propose", "git push")
    assert "stays as it is" in runner.run(propose, GITHUB_REPOSITORY="ann/shop").stdout
    for text, calls in (("better\n", ["create"]), ("best\n", ["create", "edit"])):
        write(runner.folder / "golden/baselines/main.jsonl", text)
        done = runner.run(propose, GITHUB_REPOSITORY="ann/shop")
        assert done.returncode == 0, done.stdout
        proposed = runner.run("git -C ../origin show llm-baseline:golden/baselines/main.jsonl")
        assert proposed.stdout == text
        assert (runner.folder / "pulls.txt").read_text(encoding="utf-8").split() == calls


def install_gh(runner: Runner) -> None:
    """Put a stand-in for `gh` on the machine, since GitHub is out of reach."""
    path = runner.folder.parent / "bin/gh"
    write(path, f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("gh.py")}" "$@"\n')
    path.chmod(0o755)


@pytest.fixture
def gitlab() -> Iterator[ThreadingHTTPServer]:
    """GitLab's notes of merge request 7, on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), GitLab)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@needs_jq
@needs_curl
def test_a_merge_request_gets_one_note_that_follows_the_runs(
    runner: Runner, gitlab: ThreadingHTTPServer
) -> None:
    others = [{"id": 1, "author": {"id": 5}, "body": f"{MARKER} quoted"}]
    GitLab.notes[:] = others
    for text in ("first", "second"):
        write(runner.folder / ".llmeval/summary.md", f'{MARKER}\n{text} "quoted"\n')
        done = runner.run(
            script(GITLAB[0], "llm-note", "curl --fail"),
            CI_API_V4_URL=f"http://127.0.0.1:{gitlab.server_port}",
            CI_PROJECT_ID="3",
            CI_MERGE_REQUEST_IID="7",
            LLM_NOTE_TOKEN="glpat-example",
        )
        assert done.returncode == 0, done.stdout
        *kept, ours = GitLab.notes
        assert kept == others[:1]
        assert ours["body"] == f'{MARKER}\n{text} "quoted"\n'


class GitLab(BaseHTTPRequestHandler):
    """As much of GitLab's API as the example uses."""

    notes: list[dict[str, Any]] = []  # noqa: RUF012 - a server makes a handler for each request

    def do_GET(self) -> None:
        self._send({"id": 9} if self.path == "/user" else self.notes)

    def do_POST(self) -> None:
        self.notes.append({"id": 2, "author": {"id": 9}, **self._received()})
        self._send(self.notes[-1])

    def do_PUT(self) -> None:
        number = int(self.path.removeprefix("/projects/3/merge_requests/7/notes/"))
        self.notes[number - 1].update(self._received())
        self._send({})

    def _received(self) -> dict[str, Any]:
        received: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        return received

    def _send(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200 if self.headers["PRIVATE-TOKEN"] == "glpat-example" else 401)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
