"""The paths that settings name, relative to the root or the current folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.errors import SettingError
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
        """Return the locations for these settings.

        Raises:
            SettingError: A symbolic link leads a path of the project outside of it.
        """
        locations = cls(root, current, settings.explicit)
        for name, value in _written_paths(settings):
            locations.path(name, value)
        return locations

    def folder(self, setting: str) -> Path:
        """Return the folder that the path in a setting is relative to."""
        return self.current if setting in self.explicit else self.root

    def path(self, setting: str, value: str) -> Path:
        """Return the path that the value of a setting names.

        Raises:
            SettingError: A symbolic link leads a path of the project outside of it.
        """
        path = self.folder(setting) / value
        target = target_outside(path, self.root)
        if target is not None:
            raise _leads_outside(setting, value, target, self.root)
        return path

    def in_project(self, setting: str, value: str) -> Path:
        """Return a path relative to the root, with the error of `path`."""
        return Locations(self.root, self.root).path(setting, value)

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
        # A model may lie anywhere, and no report shows what is in it.
        find = self.path if setting == "template" else self._unchecked
        path = find(setting, value.removeprefix(prefix))
        return f"{prefix}{path}" if path.is_file() else value

    def _unchecked(self, setting: str, value: str) -> Path:
        return self.folder(setting) / value

    def shown(self, path: Path) -> str:
        """Return a path as the user would type it in the current folder."""
        if path.is_relative_to(self.current):
            return str(path.relative_to(self.current))
        return str(path)


def target_outside(path: Path, root: Path) -> Path | None:
    """Return where symbolic links lead a path of the project, if that is outside; else ``None``.

    A commit can hold a link to any file of the machine, as one of a fork does by intent. A path
    that is written as one outside the project, absolute or with ``..``, is what somebody wants.

    Args:
        path: The path.
        root: The root of the project.
    """
    written = Path(os.path.normpath(path.absolute()))
    try:
        real, real_root = path.resolve(), root.resolve()
    except (OSError, RuntimeError, ValueError):  # whoever opens it says what is wrong
        return None
    roots = (Path(os.path.normpath(root.absolute())), real_root)
    is_of_project = any(map(written.is_relative_to, roots))
    return real if is_of_project and not real.is_relative_to(real_root) else None


def _leads_outside(setting: str, value: str, target: Path, root: Path) -> SettingError:
    from pytest_llmeval.errors import SettingError
    from pytest_llmeval.settings.table import OPTION_BY_NAME

    return SettingError(
        OPTION_BY_NAME[setting].flag,
        value,
        f"a path in {root}",
        f"A symbolic link leads to {target}. Remove the link, or name that path itself.",
    )


def _written_paths(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the settings that are paths, and their values."""
    from pytest_llmeval.settings.table import OPTIONS

    for row in OPTIONS:
        value = getattr(settings, row.name)
        if not isinstance(value, str) or not value or is_url(value):
            continue
        if row.metavar in ("PATH", "DIR") or row.name == "log":
            yield row.name, value


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
