from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.goldens.reading import read_cases
from pytest_llmeval.records.case import Case


class GoldenFolder:
    """A folder to write golden files into and read them from, relative to itself."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def read(
        self, name: str, content: str | bytes, columns: Mapping[str, str] | None = None
    ) -> list[Case]:
        return read_cases(self.write(name, content), self.path, columns)

    def read_rows(self, *rows: Mapping[str, Any]) -> list[Case]:
        return self.read("rows.jsonl", "\n".join(json.dumps(row) for row in rows))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GoldenFolder:
    monkeypatch.chdir(tmp_path)
    return GoldenFolder(tmp_path)
