"""The project that a command runs in: pytest's ini file, whose ``llm_*`` keys count for commands too."""

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
    """Where a command runs.

    Attributes:
        root: The folder of pytest's ini file; without one, the current folder.
        ini: Values of its ``llm_*`` keys, by setting name.
    """

    root: Path
    ini: Mapping[str, object]


def find_project(current: Path) -> Project:
    """The nearest ini file of pytest, from a folder upwards, read by the rules of pytest.

    pytest itself would need a whole start-up to tell what is in its ini file; its rules are few and
    documented: https://docs.pytest.org/en/stable/reference/customize.html. What ``addopts`` holds
    does not count.

    Args:
        current: Where the command was started.

    Raises:
        SettingError: The file cannot be read.
    """
    for folder in (current, *current.parents):
        for name, read in READERS.items():
            path = folder / name
            section = _section(path, read) if path.is_file() else None
            if section is not None:
                found = {
                    option.name: section[option.dest]
                    for option in OPTIONS
                    if option.dest in section
                }
                return Project(folder, found)
    return Project(current, {})


def _section(path: Path, read: Callable[[Path], Section | None]) -> Section | None:
    from iniconfig import ParseError

    try:
        return read(path)
    except (ParseError, ValueError, OSError, AttributeError) as error:
        raise SettingError(
            str(path), str(error).partition("\n")[0], "an ini file that pytest can read"
        ) from None


def _ini(section: str, is_pytests_own: bool = False) -> Callable[[Path], Section | None]:
    """Reads one section; a file of pytest's own counts also without it."""

    def read(path: Path) -> Section | None:
        from iniconfig import IniConfig

        config = IniConfig(str(path))
        return (
            dict(config[section].items()) if section in config else {} if is_pytests_own else None
        )

    return read


def _toml(path: Path) -> Section:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    content: Section = tomllib.loads(path.read_text(encoding="utf-8"))
    return content


def _own_toml(path: Path) -> Section:
    section: Section = _toml(path).get("pytest", {})
    return section


def _pyproject(path: Path) -> Section | None:
    section: Section = _toml(path).get("tool", {}).get("pytest", {})
    own: Section | None = section.get("ini_options", section or None)
    return own


READERS: Mapping[str, Callable[[Path], Section | None]] = {
    "pytest.toml": _own_toml,
    ".pytest.toml": _own_toml,
    "pytest.ini": _ini("pytest", is_pytests_own=True),
    ".pytest.ini": _ini("pytest", is_pytests_own=True),
    "pyproject.toml": _pyproject,
    "tox.ini": _ini("pytest"),
    "setup.cfg": _ini("tool:pytest"),
}
"""How each file is read, in the order in which pytest looks for them."""
