"""Values of a JSON document that anybody may have written, each with its location for errors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import InputError
from pytest_llmeval.records.wire import parse_json
from pytest_llmeval.text import one_line

_SHOWN = 60


@dataclass(frozen=True)
class Node:
    """A value of a document.

    Attributes:
        file: The file, as an error names it.
        location: Where it stands in the file, such as ``testCases[3].name``; empty for the whole.
        value: The value, of any type of JSON.
    """

    file: str
    location: str
    value: Any

    def member(self, name: str) -> Node:
        """Return a member of an object; nothing if there is none."""
        location = f"{self.location}.{name}" if self.location else name
        return Node(self.file, location, self.members().get(name))

    def members(self) -> dict[str, Any]:
        """Return the members of an object; none if there is nothing.

        Raises:
            InputError: It is no object.
        """
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.refusal("an object")
        return self.value

    def named(self) -> Iterator[tuple[str, Node]]:
        """Yield the members of an object with their names."""
        for name in self.members():
            yield name, self.member(name)

    def items(self) -> list[Node]:
        """Return the items of a list; none if there is nothing.

        Raises:
            InputError: It is no list.
        """
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.refusal("a list")
        return [
            Node(self.file, f"{self.location}[{index}]", item)
            for index, item in enumerate(self.value)
        ]

    def text(self) -> str:
        """Return a text; empty if there is nothing.

        Raises:
            InputError: It is no text.
        """
        if self.value is None:
            return ""
        if not isinstance(self.value, str):
            raise self.refusal("a text")
        return self.value

    def flag(self) -> bool | None:
        """Return yes or no, or nothing.

        Raises:
            InputError: It is another value.
        """
        if self.value is None or isinstance(self.value, bool):
            return self.value
        raise self.refusal("true or false")

    def number(self) -> float | None:
        """Return a finite number; ``None`` if there is nothing or NaN.

        Raises:
            InputError: It is no finite number.
        """
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            raise self.refusal("a number")
        try:
            number = float(self.value)
        except OverflowError:
            raise self.refusal("a number that is not so large") from None
        if math.isinf(number):
            raise self.refusal("a finite number")
        return None if math.isnan(number) else number

    def refusal(self, allowed: str) -> InputError:
        """Return the error of a value that is not allowed here."""
        shown = one_line(repr(self.value)[: 2 * _SHOWN], _SHOWN)
        location = f" at {self.location}" if self.location else ""
        return InputError(f"{self.file}: found {shown}{location}; allowed: {allowed}")


def read_document(path: Path) -> Node:
    """Return the JSON of a file.

    Raises:
        InputError: The file cannot be read, or is not JSON.
    """
    try:
        return Node(str(path), "", parse_json(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON: {error}") from None


def parse_document(file: str, data: bytes) -> Node:
    """Return the JSON of a part of a file.

    Raises:
        InputError: It is not JSON.
    """
    try:
        return Node(file, "", parse_json(data.decode("utf-8-sig")))
    except ValueError as error:
        raise InputError(f"{file}: cannot be read as JSON: {error}") from None
