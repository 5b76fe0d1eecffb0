"""Where the path that a setting names lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.settings.table import Settings


@dataclass(frozen=True)
class Locations:
    """The folders that paths are relative to.

    A path from the command line is relative to the folder where the command was started, as a user
    of a shell expects. Any other (ini file, environment, marker, default) is relative to the root,
    so that it names the same file from every folder.

    Attributes:
        root: pytest's root directory.
        current: The folder where the command was started.
        explicit: Names of the settings that the command line gave.
    """

    root: Path
    current: Path
    explicit: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings, root: Path, current: Path) -> Locations:
        """The locations under some settings."""
        return cls(root, current, settings.explicit)

    def folder(self, setting: str) -> Path:
        """The folder that the path in a setting is relative to."""
        return self.current if setting in self.explicit else self.root

    def path(self, setting: str, value: str) -> Path:
        """The path that a setting names.

        Args:
            setting: Name of the setting.
            value: Its value.
        """
        return self.folder(setting) / value

    def address(self, setting: str, value: str) -> str:
        """A URL unchanged, or the path that a setting names, as text."""
        return value if is_url(value) else str(self.path(setting, value))

    def existing(self, setting: str, value: str, prefix: str = "") -> str:
        """A setting that may name a file, with the path of the file; otherwise unchanged.

        Args:
            setting: Name of the setting.
            value: Its value.
            prefix: What stands before a path; a value without it names no file.
        """
        if not value.startswith(prefix):
            return value
        path = self.path(setting, value.removeprefix(prefix))
        return f"{prefix}{path}" if path.is_file() else value

    def shown(self, path: Path) -> str:
        """A path as the user would type it in the current folder."""
        return (
            str(path.relative_to(self.current)) if path.is_relative_to(self.current) else str(path)
        )


def is_url(value: str) -> bool:
    """Whether a setting that names a place holds a URL, and not a path."""
    return "://" in value
