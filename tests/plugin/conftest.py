from __future__ import annotations

import json
import sqlite3
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.mock_endpoint import MockEndpoint

FAQ = """\
id,prompt,expected
refund-policy,How long can I return a bike?,30 days with the receipt.
shipping,"What does shipping cost? [[score=2]] [[reason=Wrong price.]]",It is free from 50 euros.
opening,"When are you open?
And on Sundays?",9 to 18 on weekdays.
"""


@dataclass
class Project:
    """A user's project in a folder of its own, and a loopback endpoint that answers for its model."""

    pytester: pytest.Pytester
    endpoint: MockEndpoint

    @property
    def path(self) -> Path:
        return self.pytester.path

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def run(self, *args: str) -> pytest.RunResult:
        """pytest in a process of its own, as a user starts it."""
        return self.pytester.runpytest_subprocess("-p", "no:cacheprovider", *args)

    def report(self, path: str = ".llmeval/report.json") -> Any:
        return json.loads((self.path / path).read_text())

    def outcomes(self) -> dict[str, str]:
        """Outcome by case id, from the JSON report."""
        return {result["case"]["id"]: result["outcome"] for result in self.report()["results"]}

    def scores(self, name: str) -> dict[str, float | None]:
        """One score by case id, from the JSON report."""
        return {
            result["case"]["id"]: score["value"]
            for result in self.report()["results"]
            for score in result["scores"]
            if score["name"] == name
        }

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the run log."""
        connection = sqlite3.connect(self.path / ".llmeval/runs.sqlite")
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()


@pytest.fixture
def project(pytester: pytest.Pytester, endpoint: MockEndpoint, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with ``golden/faq.csv``: a good case, a bad one and one with a quoted newline."""
    for name in (
        "OPENAI_API_KEY",
        "LLMEVAL_API_KEY",
        "LLMEVAL_JUDGE_API_KEY",
        "AZURE_OPENAI_ENDPOINT",
        "LLMEVAL_MODEL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    monkeypatch.setenv("COLUMNS", "200")
    made = Project(pytester, endpoint)
    made.write("golden/faq.csv", FAQ)
    return made
