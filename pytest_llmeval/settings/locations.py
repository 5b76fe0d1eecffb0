"""The paths that settings name, relative to the root or the current folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.errors import LLMEvalError, SettingError
    from pytest_llmeval.settings.table import Settings


_GIT = ".git"
"""Name of git's own folder, or of the file that names it."""


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

    def check(self, settings: Settings) -> None:
        """Check every path of the settings before anything is sent or written.

        Raises:
            SettingError: Symbolic links lead paths of the project outside of it.
        """
        leading = [
            (name, value)
            for name, value in _paths(settings)
            if target_outside(self.folder(name) / value, self.root) is not None
        ]
        if leading:
            raise _leads_outside(leading, self)

    def folder(self, setting: str) -> Path:
        """Return the folder that the path in a setting is relative to."""
        return self.current if setting in self.explicit else self.root

    def path(self, setting: str, value: str) -> Path:
        """Return the path that the value of a setting names.

        Raises:
            SettingError: A symbolic link leads a path of the project outside of it.
        """
        path = self.folder(setting) / value
        if target_outside(path, self.root) is not None:
            raise _leads_outside([(setting, value)], self)
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

    A commit can hold a link to any file of the machine, as one of a fork does by intent. The work
    tree of git holds what the commit itself brings, so a link within it shows nothing new. A path
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
    if not is_of_project or real.is_relative_to(real_root):
        return None
    tree = _work_tree(real_root)
    is_of_tree = tree is not None and real.is_relative_to(tree)
    # Git's own folder may hold the token of a checkout.
    return None if is_of_tree and _GIT not in real.parts else real


def _work_tree(folder: Path) -> Path | None:
    """Return the work tree of git that a folder is in; ``None`` without one."""
    return next((above for above in (folder, *folder.parents) if (above / _GIT).exists()), None)


def border(root: Path) -> Path:
    """Return the folder that no link of a project may lead outside of."""
    real = root.resolve()
    return _work_tree(real) or real


def check_inside(path: Path, root: Path, error: Callable[[str], LLMEvalError]) -> None:
    """Refuse a path of the project that a symbolic link leads outside of it.

    Args:
        path: The path.
        root: The root of the project.
        error: Makes the error for a link, of which it gets the words.

    Raises:
        LLMEvalError: It is one.
    """
    target = target_outside(path, root)
    if target is not None:
        raise error(f"symbolic link to {target}")


def _leads_outside(leading: list[tuple[str, str]], locations: Locations) -> SettingError:
    """Return one error for the settings whose paths links lead outside, and for their values."""
    from pytest_llmeval.errors import SettingError
    from pytest_llmeval.settings.table import OPTION_BY_NAME

    root = locations.root
    paths = [locations.folder(setting) / value for setting, value in leading]
    targets = [str(target_outside(path, root)) for path in paths]
    flags = ", ".join(OPTION_BY_NAME[setting].flag for setting, _ in leading)
    values = ", ".join(value for _, value in leading)
    if len(leading) > 1:
        remedy = f"Symbolic links lead to {', '.join(targets)}. Remove the links, or set each "
        allowed = f"paths in {border(root)}"
        return SettingError(flags, values, allowed, f"{remedy}option to that path.")
    remedy = f"A symbolic link leads to {targets[0]}. Remove the link, or name that path itself."
    return SettingError(flags, values, f"a path in {border(root)}", remedy)


def _paths(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the settings that are paths, and their values."""
    from pytest_llmeval.settings.table import OPTIONS

    for row in OPTIONS:
        value = getattr(settings, row.name)
        if isinstance(value, str) and value and row.is_path and not is_url(value):
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
