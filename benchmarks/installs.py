"""What ``pip install`` brings: the packages of the base install, as they are installed here."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.processes import ROOT, NotMeasured
from benchmarks.setup import Setup
from benchmarks.table import Row, performance

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def install(setup: Setup) -> Iterator[Row]:
    """Megabytes of the base install, and its exact pins."""
    requirements = list(_requirements())
    packages = _closure(requirements)
    sizes_mb = {name: _size_mb(package) for name, package in packages.items()}
    sizes_mb["pytest_llmeval"] = _folder_mb(ROOT / "pytest_llmeval")
    largest = sorted(sizes_mb, key=lambda name: sizes_mb[name], reverse=True)[:4]
    detail = ", ".join(f"{name} {sizes_mb[name]:.0f}" for name in largest)
    total = round(sum(sizes_mb.values()))
    what = f"{len(packages)} packages"
    yield performance("install", what, total, "<=", 400, "MB", detail=detail)
    pins = [requirement.name for requirement in requirements if _is_exact(requirement)]
    detail = ", ".join(pins)
    yield performance("install", "exact pins", len(pins), "<=", 0, "packages", detail=detail)


def _requirements() -> Iterator[Requirement]:
    """What the project file requires in this environment, without the extras."""
    content: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for line in content["project"]["dependencies"]:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement


def _closure(requirements: Iterable[Requirement]) -> dict[str, Distribution]:
    """All packages that these require.

    Raises:
        NotMeasured: One of them is not installed here.
    """
    packages: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting: list[tuple[Requirement, str]] = []
    for requirement in requirements:
        waiting += [(requirement, extra) for extra in _extras(requirement)]
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            packages[name] = distribution(name)
        except PackageNotFoundError:
            raise NotMeasured(f"{name} is not installed here") from None
        for line in packages[name].requires or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(needed, part) for part in _extras(needed)]
    return packages


def _extras(requirement: Requirement) -> set[str]:
    """The extras of a requirement, and the empty one for the package without them."""
    return {"", *requirement.extras}


def _size_mb(package: Distribution) -> float:
    paths = [Path(str(package.locate_file(file))) for file in package.files or []]
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def _folder_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _is_exact(requirement: Requirement) -> bool:
    return any(
        specifier.operator == "===" or (specifier.operator == "==" and "*" not in specifier.version)
        for specifier in requirement.specifier
    )
