"""Texts that try to speak to a judge; written for this package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("injections.jsonl")


@dataclass(frozen=True)
class Attack:
    """One such text."""

    id: str
    kind: str
    language: str
    text: str


def attacks() -> list[Attack]:
    """All of them; ``repeat`` in the file says how often a text stands in a row."""
    rows = map(json.loads, FILE.read_text(encoding="utf-8").splitlines())
    return [
        Attack(row["id"], row["kind"], row["language"], row["text"] * row.get("repeat", 1))
        for row in rows
    ]
