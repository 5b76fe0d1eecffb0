"""Golden files on the disk that pytest has not collected."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path, PurePosixPath

from pytest_llmeval.errors import SettingError
from pytest_llmeval.plugin.added import VARIABLE
from pytest_llmeval.plugin.collection import is_recording
from pytest_llmeval.plugin.selection import (
    collects_outside,
    golden_candidates,
    golden_files,
    matching_patterns,
    near_files,
)
from pytest_llmeval.plugin.state import PluginState
from pytest_llmeval.settings.table import OPTIONS
from pytest_llmeval.text import first_of

_NAMED = 3
_MOST_FILES = 100
"""Files of a folder that are opened to find a golden one."""


def hidden_files(state: PluginState) -> Iterator[str]:
    """Yield a sentence for each reason why files of ``llm_golden`` are not collected.

    A pattern without any collected file is not this function's concern. Whoever names paths on the
    command line leaves out the rest on purpose, but not what ``PYTEST_ADDOPTS`` ignores below them.
    """
    choice, collected = state.choice, state.collected
    # Paths that nobody typed choose nothing on purpose.
    roots = choice.roots if choice.is_narrowed else ()
    is_ignoring = any(name.startswith("--ignore") for name in choice.added)
    if choice.is_narrowed and not is_ignoring:
        return
    root = state.config.rootpath
    for pattern in state.settings.golden:
        if pattern not in collected.matched or collects_outside(pattern):
            continue
        reasons: dict[str, list[str]] = {}
        for file in golden_files(root, pattern, _never_entered(state)):
            is_collected = file in collected.files or not _is_chosen(file, roots)
            if not is_collected and not is_recording(root / file, state.config):
                reasons.setdefault(_reason(state, file), []).append(file)
        for reason, files in reasons.items():
            verb = "is" if len(files) == 1 else "are"
            names = first_of(sorted(files), _NAMED)
            yield f"llm_golden: {names} of {pattern!r} {verb} not collected: {reason}"


def unread_files(state: PluginState) -> Iterator[str]:
    """Yield a sentence on the files of each pattern that seem to hold rows, but are not read."""
    roots = state.choice.roots
    for pattern in state.settings.golden:
        if collects_outside(pattern):
            continue
        near = near_files(state.config.rootpath, pattern, _never_entered(state))
        files = sorted(
            file for file in near if _is_chosen(file, roots) and not _is_set(state, file)
        )
        if files:
            verb = "is" if len(files) == 1 else "are"
            yield (
                f"llm_golden: {first_of(files, _NAMED)} of {pattern!r} {verb} not read: convert to "
                f"CSV or JSONL, or name patterns such as {pattern.rstrip('/')}/*.csv in llm_golden"
            )


def _is_set(state: PluginState, file: str) -> bool:
    """Return whether a setting names a file, so that it holds no rows."""
    texts = [getattr(state.settings, row.name) for row in OPTIONS]
    return any(isinstance(text, str) and text.endswith(file) for text in texts)


def files_of_empty_folders(state: PluginState, folders: Sequence[str]) -> list[str]:
    """Return a sentence for each folder whose golden files nothing names.

    Args:
        state: The plugin's state.
        folders: Folders that the user has named and from which no test has come.
    """
    root = state.config.rootpath
    return [sentence for folder in folders for sentence in _unnamed(state, root / folder)]


def files_left_out(state: PluginState) -> list[str]:
    """Return a sentence on a golden file that nothing names, for a run that judges nothing.

    Whoever names plain tests has left out the rest on purpose.
    """
    choice = state.choice
    is_required = bool(state.demands.here)
    names_tests = bool(choice.roots) and not choice.folders
    is_meant = state.is_at_work or state.demands
    if not is_meant or (names_tests and not is_required):
        return []
    folders = ("",) if is_required or not choice.folders else choice.folders
    return files_of_empty_folders(state, folders)


def _unnamed(state: PluginState, folder: Path) -> Iterator[str]:
    """Yield a sentence if a folder holds a golden file that nothing names."""
    from pytest_llmeval.goldens.columns import parse_columns

    try:
        columns = parse_columns(state.settings.columns)
    except SettingError:
        return  # the collection of golden files reports it
    candidates = (file for file in golden_candidates(folder) if _is_unnamed(state, file))
    path = _first_golden(islice(candidates, _MOST_FILES), columns)
    if path is None:
        return
    file = _relative(path, state.config.rootpath)
    name = file.rpartition("/")[0] or file
    config = state.config
    ini = "the ini file" if config.inipath else f"a pytest.ini in {config.rootpath}"
    yield f"{file} is not collected: name the file, or add llm_golden = {name} to {ini}"


def _first_golden(paths: Iterator[Path], columns: Mapping[str, str]) -> Path | None:
    from pytest_llmeval.goldens.heads import may_be_golden

    return next((path for path in paths if may_be_golden(path, columns)), None)


def _is_unnamed(state: PluginState, path: Path) -> bool:
    file = _relative(path, state.config.rootpath)
    return not matching_patterns(file, state.settings.golden) and not is_recording(
        path, state.config
    )


def _never_entered(state: PluginState) -> list[str]:
    """Return the patterns of folders that pytest does not enter."""
    patterns: list[str] = state.config.getini("norecursedirs")
    return patterns


def _is_chosen(file: str, roots: Sequence[str]) -> bool:
    return not roots or any(file == root or file.startswith(f"{root}/") for root in roots)


def _reason(state: PluginState, file: str) -> str:
    """Return why pytest has not collected a file, with the remedy."""
    choice = state.choice
    if choice.by_testpaths and not _is_chosen(file, choice.folders):
        return "the ini key testpaths leaves it out; add it there, too"
    folders = [part.name for part in PurePosixPath(file).parents if part.name]
    for folder in folders:
        if any(fnmatch(folder, pattern) for pattern in _never_entered(state)):
            return f"pytest enters no folder {folder!r} (norecursedirs); rename it, or set that key"
    if choice.roots and not (choice.is_narrowed or _is_chosen(file, choice.roots)):
        return "PYTEST_ADDOPTS or addopts names other files; take them out, or type them"
    if any(name.startswith("--ignore") and VARIABLE in name for name in choice.added):
        return "--ignore in PYTEST_ADDOPTS leaves it out; unset that, or type it"
    return "--ignore in addopts or a conftest.py leaves it out; take it from llm_golden, too"


def _relative(path: Path, root: Path) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")
