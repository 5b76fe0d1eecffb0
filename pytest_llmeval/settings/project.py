"""The project of a command: pytest's ini file with its ``llm_*`` keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import SettingError
from pytest_llmeval.settings.table import OPTIONS

Section = Mapping[str, Any]


@dataclass(frozen=True)
class Project:
    """The project that a command runs in.

    Attributes:
        root: The folder of pytest's ini file, or else the current folder.
        ini: Values of its ``llm_*`` keys by setting name.
    """

    root: Path
    ini: Mapping[str, object]


def find_project(current: Path) -> Project:
    """Read the nearest ini file of pytest, from a folder upwards, by pytest's rules.

    The rules are few and documented, and starting pytest for them would take long:
    https://docs.pytest.org/en/stable/reference/customize.html. ``addopts`` is ignored.

    Args:
        current: The folder where the command was started.

    Raises:
        SettingError: The file cannot be read.
    """
    for folder in (current, *current.parents):
        for name, read in _READERS.items():
            path = folder / name
            section = _section(path, read) if path.is_file() else None
            if section is not None:
                return Project(folder, _values(section))
    return Project(current, {})


def _values(section: Section) -> dict[str, object]:
    """Return the values of the ``llm_*`` keys by setting name."""
    return {option.name: section[option.dest] for option in OPTIONS if option.dest in section}


def _section(path: Path, read: Callable[[Path], Section | None]) -> Section | None:
    from iniconfig import ParseError

    try:
        return read(path)
    except (ParseError, ValueError, OSError, AttributeError) as error:
        raise SettingError(
            str(path), str(error).partition("\n")[0], "an ini file that pytest can read"
        ) from None


def _ini(section: str, is_pytest_file: bool = False) -> Callable[[Path], Section | None]:
    """Return a reader of one section; a file that only pytest reads counts without it, too."""

    def read(path: Path) -> Section | None:
        from iniconfig import IniConfig

        config = IniConfig(str(path))
        if section in config:
            return dict(config[section].items())
        return {} if is_pytest_file else None

    return read


def _toml(path: Path) -> Section:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    content: Section = tomllib.loads(path.read_text(encoding="utf-8"))
    return content


def _pytest_toml(path: Path) -> Section:
    section: Section = _toml(path).get("pytest", {})
    return section


def _pyproject(path: Path) -> Section | None:
    section: Section = _toml(path).get("tool", {}).get("pytest", {})
    options: Section | None = section.get("ini_options", section or None)
    return options


_READERS: Mapping[str, Callable[[Path], Section | None]] = {
    "pytest.toml": _pytest_toml,
    ".pytest.toml": _pytest_toml,
    "pytest.ini": _ini("pytest", is_pytest_file=True),
    ".pytest.ini": _ini("pytest", is_pytest_file=True),
    "pyproject.toml": _pyproject,
    "tox.ini": _ini("pytest"),
    "setup.cfg": _ini("tool:pytest"),
}
"""Readers of pytest's ini files, in the order in which pytest looks for them."""
