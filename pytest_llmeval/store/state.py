"""The shared state of a run that has one process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


class LocalState:
    """Keeps the documents in a dict. For one event loop."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, Any]] = {}

    @property
    def member(self) -> str:
        """Name of the only process."""
        return "main"

    async def change(self, name: str, change: Callable[[dict[str, Any]], T]) -> T:
        """Change one document in place.

        Args:
            name: Name of the document; one that nobody has written is empty.
            change: Gets the document. It must neither wait nor raise.

        Returns:
            What ``change`` returned.
        """
        return change(self._documents.setdefault(name, {}))

    async def alive(self, members: Iterable[str]) -> set[str]:
        """This process, if it is among the members."""
        return {self.member} & set(members)
