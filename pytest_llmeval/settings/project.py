"""The project of a command: pytest's ini file with its ``llm_*`` keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
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
        keys: All keys of pytest's section.
    """

    root: Path
    ini: Mapping[str, object]
    keys: tuple[str, ...] = ()


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
                return Project(folder, _values(section), tuple(section))
    return Project(current, {})


def unread_keys(root: Path, read: Path | None) -> Iterator[str]:
    """Yield a sentence for every file with ``llm_*`` keys that pytest does not read.

    pytest reads one file alone. A second one in the same folder is ignored, and so is that of a
    folder above if the one that is read has no such key.

    Args:
        root: pytest's root directory.
        read: The file that pytest reads; ``None`` without one.
    """
    is_configured = read is not None and bool(_llm_keys(read))
    folders = (root,) if is_configured else (root, *root.parents)
    for folder in folders:
        for name in _READERS:
            path = folder / name
            if path != read and path.is_file() and _llm_keys(path):
                chosen = f"pytest reads {read}" if read else f"it is not in {root}"
                yield f"the llm_ keys of {path} are ignored, because {chosen}"


def section_keys(path: Path) -> tuple[str, ...]:
    """Return the keys of pytest's section of an ini file; none if it cannot be read."""
    try:
        return tuple(_pytest_section(path))
    except SettingError:
        return ()


def file_values(path: Path) -> dict[str, object]:
    """Return the values of the ``llm_*`` keys of an ini file by setting name.

    Raises:
        SettingError: The file cannot be read.
    """
    return _values(_pytest_section(path))


def _pytest_section(path: Path) -> Section:
    is_toml = path.suffix == ".toml"
    reader = _READERS.get(path.name) or (_pyproject if is_toml else _ini("pytest"))
    return _section(path, reader) or {}


def _llm_keys(path: Path) -> list[str]:
    return [key for key in section_keys(path) if key.startswith("llm_")]


def _values(section: Section) -> dict[str, object]:
    """Return the values of the ``llm_*`` keys by setting name."""
    return {option.name: section[option.dest] for option in OPTIONS if option.dest in section}


def _section(path: Path, read: Callable[[Path], Section | None]) -> Section | None:
    from iniconfig import ParseError

    try:
        return read(path)
    except (ParseError, ValueError, OSError, AttributeError, RecursionError) as error:
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
