"""From golden files to test items, with Python and without."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import InputError
from pytest_llmeval.plugin.markers import golden_mark, golden_paths
from pytest_llmeval.plugin.state import STATE, PluginState, usage_error

if TYPE_CHECKING:
    from pytest_llmeval.records.call import Completion
    from pytest_llmeval.records.case import Case


_RECORDINGS = "recordings"
_CASE = pytest.StashKey["Case"]()


def collect_golden(file_path: Path, parent: pytest.Collector) -> GoldenFile | None:
    """Return a golden file that is to be collected; ``None`` for any other file."""
    return GoldenFile.from_parent(parent, path=file_path) if _is_golden(file_path, parent) else None


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Run a test marked ``llm_golden`` once for every case.

    Raises:
        pytest.UsageError: The marker cannot be used.
    """
    mark = _golden_mark_or_usage_error(metafunc)
    if mark is not None:
        _parametrize(metafunc, mark)


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what ``--llm-where`` and ``--llm-limit`` do not select."""
    dropped = _unselected(config.stash[STATE], items)
    if dropped:
        config.hook.pytest_deselected(items=[item for item in items if item in dropped])
        items[:] = [item for item in items if item not in dropped]


class GoldenFile(pytest.Module):  # a Module, so that module-scoped fixtures have a node
    """A golden file as a test file: one item per case."""

    obj = None

    def collect(self) -> Iterator[pytest.Item]:
        """One item per case.

        Raises:
            CollectError: The file cannot be used; nothing is run.
        """
        session = self.config.stash[STATE].session
        try:
            cases = session.cases(self.path)
        except InputError as error:
            raise self.CollectError(str(error)) from None
        shared: Any = None  # what pytest finds out about the fixtures of one item holds for all
        for case in cases:
            item = GoldenItem.from_case(self, case, shared)
            shared = getattr(item, "_fixtureinfo", None)
            yield item


class GoldenItem(pytest.Function):
    """One case of a golden file, run without a test function of the user's."""

    @classmethod
    def from_case(cls, parent: GoldenFile, case: Case, fixtureinfo: Any = None) -> GoldenItem:
        """An item named after its case."""
        item: GoldenItem = cls.from_parent(
            parent, name=case.id, callobj=_answer_case, fixtureinfo=fixtureinfo
        )
        item.stash[_CASE] = case
        return item

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case stands: its row in the golden file."""
        return self.path, self.stash[_CASE].source.line - 1, self.name


def _answer_case(llm_completion: Completion) -> None:
    """The test of a case without Python: its thresholds are checked after it, as after every test."""


def case_of(item: pytest.Item) -> Case | None:
    """The golden case that an item runs, if it runs one."""
    callspec = getattr(item, "callspec", None)
    case = callspec.params.get("llm_case") if callspec else item.stash.get(_CASE, None)
    return (
        case if hasattr(case, "source") else None
    )  # pytest's sentinel stands in where no case was left


def definitions(item: pytest.Item, fixture: str) -> Sequence[Any]:
    """The definitions of a fixture that an item sees, the nearest last.

    pytest has no public way to ask for them; where the private one is gone, nothing is known.
    """
    found: dict[str, Sequence[Any]] = getattr(
        getattr(item, "_fixtureinfo", None), "name2fixturedefs", {}
    )
    return found.get(fixture, ())


def _golden_mark_or_usage_error(metafunc: pytest.Metafunc) -> pytest.Mark | None:
    """The test's ``llm_golden`` marker.

    Raises:
        pytest.UsageError: It has an unknown keyword.
    """
    try:
        return golden_mark(metafunc)
    except InputError as error:
        raise usage_error(error) from None


def _parametrize(metafunc: pytest.Metafunc, mark: pytest.Mark) -> None:
    """One call of the test function per case.

    Raises:
        pytest.UsageError: A golden file cannot be used, or the test does not ask for a case.
    """
    if "llm_case" not in metafunc.fixturenames:
        name = metafunc.definition.nodeid
        raise pytest.UsageError(
            f"{name} is marked llm_golden but requests neither llm_case nor llm_completion"
        )
    activation = metafunc.config.stash[STATE]
    try:
        files = golden_paths(mark, metafunc.definition.path, metafunc.config.rootpath)
        found = [(path, case) for path in files for case in _marked_cases(activation, path, mark)]
    except InputError as error:
        raise usage_error(error) from None
    prefix = len(files) > 1
    ids = [f"{path.stem}-{case.id}" if prefix else case.id for path, case in found]
    metafunc.parametrize("llm_case", [case for _, case in found], ids=ids)


def _marked_cases(activation: PluginState, path: Path, mark: pytest.Mark) -> list[Case]:
    """The cases of one file that a marker asks for.

    Raises:
        InputError: The file or the marker's expression cannot be used.
    """
    from pytest_llmeval.goldens.selection import where_filter

    columns = [
        f"{column} = {field}" for column, field in (mark.kwargs.get("columns") or {}).items()
    ]
    cases = activation.session.cases(path, columns)
    where = mark.kwargs.get("where")
    return list(filter(where_filter(where), cases)) if where else cases


def _unselected(activation: PluginState, items: list[pytest.Item]) -> set[pytest.Item]:
    """The items of cases that ``--llm-where`` and ``--llm-limit`` leave out.

    Raises:
        pytest.UsageError: The expression of ``--llm-where`` cannot be used.
    """
    settings = activation.settings
    cases = {item: case for item in items if (case := case_of(item)) is not None}
    if not cases or (settings.where is None and settings.limit is None):
        return set()
    from pytest_llmeval.goldens.selection import random_subset, where_filter

    kept = dict(cases)
    try:
        if settings.where is not None:
            matches = where_filter(settings.where)
            kept = {item: case for item, case in kept.items() if matches(case)}
    except InputError as error:
        activation.refuse(usage_error(error))
    if settings.limit is not None:
        drawn = random_subset([item.nodeid for item in kept], settings.limit, settings.limit_seed)
        kept = {item: case for item, case in kept.items() if item.nodeid in drawn}
    return set(cases) - set(kept)


def _is_recording(path: Path, config: pytest.Config) -> bool:
    """Whether it lies in the folder of recordings: the set one, or that beside the golden file of its name."""
    state = config.stash[STATE]
    folder = state.settings.recordings
    if folder is not None:
        return state.locations.path("recordings", folder) in path.parents
    return path.parent.name == _RECORDINGS and (path.parent.parent / path.stem).is_file()


def _is_baseline(path: Path) -> bool:
    """Whether it is an accepted run, which may lie among golden files."""
    from pytest_llmeval.baselines.file import is_baseline

    return is_baseline(path)


def _is_golden(path: Path, parent: pytest.Collector) -> bool:
    """Whether it is to be collected; only a file that would be is opened, to tell an accepted run from cases."""
    return _is_meant(path, parent) and not (path.suffix.lower() == ".jsonl" and _is_baseline(path))


def _is_meant(path: Path, parent: pytest.Collector) -> bool:
    patterns = parent.config.stash[STATE].settings.golden
    is_named = parent.session.isinitpath(path)
    if not is_named and not patterns:
        return False
    from pytest_llmeval.goldens.formats import format_of  # late: most runs collect no data file

    if format_of(path) is None or _is_recording(path, parent.config):
        return False
    if is_named:
        return True
    relative = os.path.relpath(path, parent.config.rootpath).replace(os.sep, "/")
    return any(
        relative.startswith(f"{pattern}/") or fnmatch(relative, pattern)
        for pattern in map(posixpath.normpath, patterns)
    )
