"""The dependencies that `pyproject.toml` declares, by the name under which each is imported."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]

IMPORT_NAMES = {
    "antlr4-python3-runtime": "antlr4",
    "markdown-it-py": "markdown_it",
    "pytest-xdist": "xdist",
    "pyyaml": "yaml",
}
"""Distributions that are imported under a name of their own."""


@dataclass(frozen=True)
class Declared:
    """What an installation brings, by import name in lower case: the distribution that has it.

    Attributes:
        base: Every installation.
        extras: Each extra but ``all``.
        dev: The environment of a developer.
        all: The extras that ``all`` names.
    """

    base: dict[str, str]
    extras: dict[str, dict[str, str]]
    dev: dict[str, str]
    all: frozenset[str]

    @property
    def optional(self) -> dict[str, str]:
        """What only extras bring."""
        every = {name: dist for extra in self.extras.values() for name, dist in extra.items()}
        return {name: dist for name, dist in every.items() if name not in self.base}


def declared() -> Declared:
    """Read `pyproject.toml`."""
    document: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = document["project"]
    extras: dict[str, list[str]] = dict(project["optional-dependencies"])
    named = frozenset(name for line in extras.pop("all") for name in Requirement(line).extras)
    return Declared(
        _by_import_name(project["dependencies"]),
        {name: _by_import_name(extra) for name, extra in extras.items()},
        _by_import_name(document["dependency-groups"]["dev"]),
        named,
    )


def _by_import_name(requirements: Iterable[str]) -> dict[str, str]:
    names = [Requirement(line).name for line in requirements]
    return {_import_name(name).lower(): name for name in names}


def _import_name(distribution: str) -> str:
    return IMPORT_NAMES.get(distribution, distribution.replace("-", "_"))
