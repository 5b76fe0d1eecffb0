"""The extras of the package: whether one is installed, and the pip command of its error."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from pytest_llmeval.errors import MissingExtraError

_DISTRIBUTION = "pytest-llm-golden"


@dataclass(frozen=True)
class Extra:
    """An extra of this package, and those of its packages that one feature imports.

    Attributes:
        name: Its name as pip takes it. Several are joined by a comma: ``language,sentiment``. Empty
            for a feature of the base.
        packages: The import names.
    """

    name: str
    packages: tuple[str, ...]

    @property
    def command(self) -> str:
        """The pip command that installs it."""
        return f'pip install "{_DISTRIBUTION}[{self.name}]"'

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages that are not installed. None of them is imported to find out."""
        return tuple(name for name in self.packages if find_spec(name) is None)

    def require(self, feature: str, alternative: str = "") -> None:
        """Check that the packages are installed.

        Args:
            feature: What needs them, for the error text.
            alternative: What the user can do instead of installing them.

        Raises:
            MissingExtraError: One of them is not installed.
        """
        missing = self.missing
        if not missing:
            return
        packages = f"the packages {', '.join(missing)}, which are not installed"
        if len(missing) == 1:
            packages = f"the package {missing[0]}, which is not installed"
        remedy = f"{self.command}, or {alternative}" if alternative else self.command
        raise MissingExtraError(f"{feature} needs {packages}", remedy)


NO_EXTRA = Extra("", ())
"""What a feature of the base needs."""
