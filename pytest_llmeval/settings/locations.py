"""The paths that settings name, relative to the root or the current folder."""

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
        """Return the locations for these settings."""
        return cls(root, current, settings.explicit)

    def folder(self, setting: str) -> Path:
        """Return the folder that the path in a setting is relative to."""
        return self.current if setting in self.explicit else self.root

    def path(self, setting: str, value: str) -> Path:
        """Return the path that the value of a setting names."""
        return self.folder(setting) / value

    def address(self, setting: str, value: str) -> str:
        """Return a URL unchanged, or else the path that a setting names."""
        return value if is_url(value) else str(self.path(setting, value))

    def existing(self, setting: str, value: str, prefix: str = "") -> str:
        """Return the value of a setting with the full path if it names an existing file.

        Args:
            setting: Name of the setting.
            value: Its value.
            prefix: Text before a path, such as ``file:``; a value without it names no file.
        """
        if not value.startswith(prefix):
            return value
        path = self.path(setting, value.removeprefix(prefix))
        return f"{prefix}{path}" if path.is_file() else value

    def shown(self, path: Path) -> str:
        """Return a path as the user would type it in the current folder."""
        if path.is_relative_to(self.current):
            return str(path.relative_to(self.current))
        return str(path)


def current_folder() -> Path:
    """Return the current folder.

    Raises:
        SettingError: It was deleted.
    """
    try:
        return Path.cwd()
    except OSError as error:
        from pytest_llmeval.errors import SettingError

        raise SettingError(
            "the current folder",
            error.strerror,
            "a folder that exists",
            "It was deleted or moved. Change to the folder of the project, and start again.",
        ) from None


def is_url(value: str) -> bool:
    """Return whether a value is a URL and not a path."""
    return "://" in value
