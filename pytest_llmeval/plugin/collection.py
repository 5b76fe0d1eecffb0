"""The collection of golden files as test items."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.goldens import finding
from pytest_llmeval.plugin.chosen import note_choice
from pytest_llmeval.plugin.markers import (
    FIXTURES,
    NAMES,
    declared_names,
    golden_mark,
    golden_paths,
    registered_names,
)
from pytest_llmeval.plugin.selection import matching_patterns
from pytest_llmeval.plugin.state import STATE, PluginState, usage_error
from pytest_llmeval.settings.demands import origin_of
from pytest_llmeval.text import count

if TYPE_CHECKING:
    from pytest_llmeval.records.call import Completion
    from pytest_llmeval.records.case import Case


BROKEN = "llm_broken"
"""Attribute of a failed report: a golden file or a marker could not be used."""

_SHARDING = {"num_shards": "--num-shards", "test_group_count": "--test-group-count"}
"""Options of pytest-shard and pytest-test-groups, which remove tests without a word."""

_IS_SELECTED = pytest.StashKey[bool]()
"""On an item: a hook has left it, or has said that it left it out."""

_CASE = pytest.StashKey["Case"]()


def collect_golden(file_path: Path, parent: pytest.Collector) -> GoldenFile | None:
    """Return the collector of a golden file, or ``None`` for any other file."""
    if not _is_golden(file_path, parent):
        return None
    return GoldenFile.from_parent(parent, path=file_path)


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Run a test with the marker ``llm_golden`` once for every case.

    Raises:
        pytest.UsageError: The marker cannot be used.
    """
    mark = _golden_mark_or_usage_error(metafunc)
    if mark is not None:
        _parametrize(metafunc, mark)


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the cases that ``--llm-where`` and ``--llm-limit`` do not select."""
    state = config.stash[STATE]
    dropped = _unselected(state, items)
    if dropped:
        state.collected.dropped = len(dropped)
        config.hook.pytest_deselected(items=[item for item in items if item in dropped])
        items[:] = [item for item in items if item not in dropped]


def count_vanished(state: PluginState, items: list[pytest.Item]) -> Generator[None, object, object]:
    """Count the cases that hooks remove from what pytest has collected, without a word.

    A hook that deselects has to say so with ``pytest_deselected``. Without it, nobody would know
    that a case was there.
    """
    before = [item for item in items if case_of(item) is not None]
    result = yield
    if before:
        # By a mark on the items themselves: a conftest.py may rename them.
        for item in state.deselected:
            item.stash[_IS_SELECTED] = False
        for item in items:
            item.stash[_IS_SELECTED] = True
        after = [item for item in before if item.stash.get(_IS_SELECTED, False)]
        known = [item for item in before if _IS_SELECTED in item.stash]
        state.collected.vanished = len(before) - len(known)
        state.collected.sharding = _sharding(state.config)
        left_out = len(known) - len(after) - state.collected.dropped
        note_choice(state, len(after), len(before), left_out)
        state.deselected.clear()
    return result


def _sharding(config: pytest.Config) -> str:
    """Return the option of another plugin that gives this machine a part of the tests."""
    values = vars(config.option)
    for name, flag in _SHARDING.items():
        if (values.get(name) or 1) != 1:
            return flag
    return ""


def mark_broken(
    state: PluginState,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Mark the report of a collector in which a golden file or marker could not be used."""
    before = state.broken_collections
    report = yield
    if state.broken_collections > before and report.failed:
        setattr(report, BROKEN, True)
    return report


def note_unread(state: PluginState, collector: pytest.Collector) -> None:
    """Note a golden file that an option of pytest has not let be read."""
    if isinstance(collector, GoldenFile):
        file = _relative(collector.path, state.config)
        if file not in state.collected.files:
            state.collected.unread.append(file)


# A Module, so that module-scoped fixtures have a node.
class GoldenFile(pytest.Module):
    """A golden file as a test file with an item per case."""

    obj = None

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item per case.

        Raises:
            CollectError: The file cannot be used.
        """
        session = self.config.stash[STATE].session
        # Here, because pytest makes collectors for all files next to one that it collects.
        collected = self.config.stash[STATE].collected
        collected.matched.update(_patterns_of(self.path, self))
        collected.files.add(_relative(self.path, self.config))
        try:
            cases = session.cases(self.path)
        except InputError as error:
            self.config.stash[STATE].broken_collections += 1
            raise self.CollectError(str(usage_error(error))) from None
        # All items have the same fixtures, so pytest analyses them only once.
        shared: Any = None
        collected.cases += len(cases)
        for case in cases:
            item = GoldenItem.from_case(self, case, shared)
            shared = getattr(item, "_fixtureinfo", None)
            yield item


class GoldenItem(pytest.Function):
    """A case of a golden file, which runs without a test function."""

    @classmethod
    def from_case(cls, parent: GoldenFile, case: Case, fixtureinfo: Any = None) -> GoldenItem:
        """Return an item with the name of its case."""
        item: GoldenItem = cls.from_parent(
            parent, name=_item_name(case.id), callobj=_answer_case, fixtureinfo=fixtureinfo
        )
        item.stash[_CASE] = case
        return item

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the row of the case in the golden file."""
        return self.path, self.stash[_CASE].source.line - 1, self.name


def _item_name(case_id: str) -> str:
    """Return an id as the name of an item, escaped where the system's encoding lacks a letter.

    pytest writes the name into an environment variable.
    """
    return case_id.encode(sys.getfilesystemencoding(), "backslashreplace").decode()


def _answer_case(llm_completion: Completion) -> None:
    """Request the answer to a case; its thresholds are checked after every test."""


def case_of(item: pytest.Item) -> Case | None:
    """Return the golden case of an item, or ``None`` if it has none."""
    callspec = getattr(item, "callspec", None)
    case = callspec.params.get("llm_case") if callspec else item.stash.get(_CASE, None)
    if case is None:
        return None
    from pytest_llmeval.records.case import Case

    # Without any case, pytest passes a sentinel as the parameter.
    return case if isinstance(case, Case) else None


def definitions(item: pytest.Item, fixture: str) -> Sequence[Any]:
    """Return the definitions of a fixture that an item sees, the nearest last.

    pytest offers no public access, so the result is empty if the private attribute is missing.
    """
    info = getattr(item, "_fixtureinfo", None)
    by_name: dict[str, Sequence[Any]] = getattr(info, "name2fixturedefs", {})
    return by_name.get(fixture, ())


def requests_model(item: pytest.Item) -> bool:
    """Return whether a test has a marker or requests a fixture that only this plugin has."""
    return not declared_names(item).isdisjoint(NAMES) or any(requested_fixtures(item))


def requested_fixtures(item: pytest.Item) -> Iterator[str]:
    """Yield the fixtures of this plugin that a test requests, but none that its project defines."""
    for name in FIXTURES.intersection(getattr(item, "fixturenames", ())):
        if len(definitions(item, name)) <= 1:
            yield name


def _golden_mark_or_usage_error(metafunc: pytest.Metafunc) -> pytest.Mark | None:
    """Return the ``llm_golden`` marker of a test, with errors for pytest."""
    try:
        return golden_mark(metafunc)
    except InputError as error:
        metafunc.config.stash[STATE].broken_collections += 1
        raise usage_error(error) from None


def _parametrize(metafunc: pytest.Metafunc, mark: pytest.Mark) -> None:
    """Make a call of the test function for every case of its golden files."""
    is_asking = not FIXTURES.isdisjoint(metafunc.fixturenames)
    if not is_asking and "llm_golden" in registered_names(metafunc.config):
        return  # a marker of the project
    if "llm_case" not in metafunc.fixturenames:
        name = metafunc.definition.nodeid
        raise pytest.UsageError(
            f"{name} is marked llm_golden but requests neither llm_case nor llm_completion"
        )
    state = metafunc.config.stash[STATE]
    try:
        files = golden_paths(mark, metafunc.definition.path, metafunc.config.rootpath)
        rows = [(path, case) for path in files for case in _marked_cases(state, path, mark)]
        if not rows:
            raise _no_row(mark)
    except InputError as error:
        state.broken_collections += 1
        raise usage_error(error) from None
    state.collected.cases += len(rows)
    state.collected.files.update(_relative(path, metafunc.config) for path in files)
    has_prefix = len(files) > 1
    ids = [f"{path.stem}-{case.id}" if has_prefix else case.id for path, case in rows]
    metafunc.parametrize("llm_case", [case for _, case in rows], ids=ids)


def _no_row(mark: pytest.Mark) -> SettingError:
    where = mark.kwargs.get("where")
    allowed = f"an expression that a case of {', '.join(map(str, mark.args))} meets"
    return SettingError("@pytest.mark.llm_golden where", where, allowed)


def _marked_cases(state: PluginState, path: Path, mark: pytest.Mark) -> list[Case]:
    """Return the cases of a file that a marker selects."""
    from pytest_llmeval.goldens.selection import where_filter

    columns = [
        f"{column} = {field}" for column, field in (mark.kwargs.get("columns") or {}).items()
    ]
    cases = state.session.cases(path, columns)
    where = mark.kwargs.get("where")
    if not where:
        return cases
    return list(filter(where_filter(where, "@pytest.mark.llm_golden where"), cases))


def _unselected(state: PluginState, items: list[pytest.Item]) -> set[pytest.Item]:
    """Return the items of cases that ``--llm-where`` and ``--llm-limit`` do not select."""
    settings = state.settings
    cases = {item: case for item in items if (case := case_of(item)) is not None}
    if not cases or (settings.where is None and settings.limit is None):
        return set()
    from pytest_llmeval.goldens.selection import random_subset, where_filter

    selected = set(cases)
    try:
        if settings.where is not None:
            matches = where_filter(settings.where, settings.origin("where"))
            selected = {item for item, case in cases.items() if matches(case)}
            _note_where(state, settings.where, list(cases.values()), len(selected))
    except InputError as error:
        state.refuse(usage_error(error))
    if settings.limit is not None:
        names = [item.nodeid for item in cases if item in selected]
        sample = random_subset(names, settings.limit, settings.limit_seed)
        selected = {item for item in selected if item.nodeid in sample}
    from pytest_llmeval.runs.requirements import narrowed_by

    typed = state.typed
    state.collected.narrowed += narrowed_by(settings, len(selected), len(cases), typed)
    return set(cases) - selected


def _note_where(state: PluginState, where: str, cases: list[Case], selected: int) -> None:
    """Note what ``--llm-where`` names and no case has.

    Raises:
        SettingError: A verdict is required, and no case has a field that the expression names.
    """
    from pytest_llmeval.goldens.selection import absent_metadata

    origin = origin_of(state.settings, "where")
    for name, hint in absent_metadata(where, cases):
        sentence = f"no case has metadata {name!r}. {hint}".rstrip()
        if state.demands:
            raise SettingError(origin, where, "metadata that a case has", f"N{sentence[1:]}")
        state.collected.gaps.append(f"{origin} {where!r}: {sentence}")
    if not selected:
        state.collected.gaps.append(
            f"{origin} {where!r} selects none of {count(len(cases), 'case')}"
        )


def is_recording(path: Path, config: pytest.Config) -> bool:
    """Return whether a file is in the configured folder of recordings, or that of a golden file."""
    state = config.stash[STATE]
    folder = state.settings.recordings
    named = None if folder is None else state.locations.folder("recordings") / folder
    return finding.is_recording(path, named)


def _is_baseline(path: Path) -> bool:
    """Return whether a file is a baseline, which may be in a folder of golden files."""
    from pytest_llmeval.baselines.file import is_baseline

    return is_baseline(path)


def _is_golden(path: Path, parent: pytest.Collector) -> bool:
    """Return whether a file is a selected golden file, and open it only to exclude baselines."""
    if not _is_selected(path, parent):
        return False
    return path.suffix.lower() != ".jsonl" or not _is_baseline(path)


def _is_selected(path: Path, parent: pytest.Collector) -> bool:
    """Return whether the command line or the ini file selects a golden file."""
    patterns = parent.config.stash[STATE].settings.golden
    is_named = parent.session.isinitpath(path)
    if not is_named and not patterns:
        return False
    from pytest_llmeval.goldens.formats import format_of

    if format_of(path) is None or is_recording(path, parent.config):
        return False
    if is_named:
        return True
    return bool(_patterns_of(path, parent))


def _patterns_of(path: Path, parent: pytest.Collector) -> list[str]:
    """Return the patterns of ``llm_golden`` that a file matches."""
    relative = _relative(path, parent.config)
    return matching_patterns(relative, parent.config.stash[STATE].settings.golden)


def _relative(path: Path, config: pytest.Config) -> str:
    return os.path.relpath(path, config.rootpath).replace(os.sep, "/")
