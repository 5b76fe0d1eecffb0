"""What pytest was meant to collect, and what of it is missing."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.errors import nearest
from pytest_llmeval.goldens.finding import below, matches, matching, regular, walk
from pytest_llmeval.plugin.added import added_choice, typed_words

_CHOOSING = (
    "-k", "-m", "--deselect", "--lf", "--last-failed", "--nf", "--new-first", "--sw", "--stepwise",
    "--ignore", "--ignore-glob",
)  # fmt: skip
"""Options of pytest by which somebody chooses some of the tests."""

_MOST_NAMES = 20_000
"""Names of files that the search for a golden file looks at."""

_UNREAD = frozenset((
    ".yaml", ".yml", ".xlsx", ".xls", ".xlsm", ".ods", ".gz", ".zip", ".bz2", ".xz", ".zst",
    ".feather", ".arrow", ".avro", ".orc", ".pkl", ".pickle",
))  # fmt: skip
"""Suffixes of files that hold rows elsewhere, and that nothing reads here."""

_COPIES = frozenset((".txt", ".bak", ".backup", ".orig", ".old", ".tmp", ".save"))
"""Suffixes behind that of a golden file, after which nothing reads it any more."""

_WITHOUT_ROWS = frozenset(("recordings", "baselines", "cassettes", "snapshots", "__snapshots__"))
"""Folders of files that tools write."""


# Plain classes: every run of pytest makes them, and a dataclass would take 1 ms.
class CollectedCases:
    """What the collection of this process has found.

    Attributes:
        cases: Golden cases that were found, selected or not.
        selected: Of these, the ones that run.
        vanished: Of these, the ones that somebody removed without a word to pytest.
        matched: Patterns of ``llm_golden`` that a collected golden file matches.
        files: Collected golden files, and those of markers, relative to the root.
        sharding: Option of another plugin that gives this machine a part of the tests.
        dropped: Number of cases that ``--llm-where`` and ``--llm-limit`` leave out.
        empty: Folders that the user has named and from which no test has come.
        gaps: Why cases may be missing that the settings name, each in one sentence.
        left_out: What the choice of tests leaves out, each in one sentence.
        narrowed: Which cases a variable of the environment leaves, each in one sentence.
        noted: Which cases an option of the command leaves, each in one sentence.
        unread: Golden files that an option of pytest has not let be read.
        passed_over: What nobody has chosen to leave out, each in one sentence.
        deselected: Number of cases that hooks of the project leave out, by their file.
        skipped: Modules and packages whose collection ended with a skip, with the reason.
    """

    def __init__(self) -> None:
        self.narrowed: list[str] = []
        self.noted: list[str] = []
        self.unread: list[str] = []
        self.passed_over: list[str] = []
        self.deselected: Counter[str] = Counter()
        self.skipped: list[tuple[Path, str]] = []
        self.left_out: list[str] = []
        self.cases = 0
        self.selected = 0
        self.vanished = 0
        self.matched: set[str] = set()
        self.files: set[str] = set()
        self.dropped = 0
        self.sharding = ""
        self.empty: list[str] = []
        self.gaps: list[str] = []

    def to_wire(self) -> dict[str, Any]:
        """Return the numbers and the sentences as built-in types."""
        numbers = {"cases": self.cases, "selected": self.selected, "vanished": self.vanished}
        sentences = {
            "gaps": self.gaps,
            "left_out": self.left_out,
            "narrowed": self.narrowed,
            "noted": self.noted,
            "passed_over": self.passed_over,
            "empty": self.empty,
        }
        lists = {name: list(texts) for name, texts in sentences.items()}
        return {**numbers, **lists, "sharding": self.sharding}


class Choice:
    """What somebody chose to run.

    Attributes:
        is_narrowed: Whether this command names tests or files, or was started in a folder below the
            root.
        roots: Node ids of what it names; empty for everything.
        by_testpaths: Whether the ini key ``testpaths`` names the folders.
        folders: The folders below the root that it names, or ``testpaths``.
        added: Options and tests that nobody typed and that choose, each with its source.
        by_outcome: The option that chooses by how the tests ended last time; empty if none does.
    """

    def __init__(
        self,
        is_narrowed: bool,
        roots: Sequence[str],
        by_testpaths: bool = False,
        folders: Sequence[str] = (),
        added: Sequence[str] = (),
        by_outcome: str = "",
    ) -> None:
        self.is_narrowed = is_narrowed
        self.roots = tuple(roots)
        self.by_testpaths = by_testpaths
        self.folders = tuple(folders)
        self.added = tuple(added)
        self.by_outcome = by_outcome

    @classmethod
    def from_wire(cls, values: Sequence[Any]) -> Choice:
        """Return the choice that a controller has sent to its worker."""
        return cls(*values)

    def to_wire(self) -> list[Any]:
        """Return it as built-in types."""
        lists = [list(self.folders), list(self.added)]
        return [self.is_narrowed, list(self.roots), self.by_testpaths, *lists, self.by_outcome]


def choice_of(config: pytest.Config) -> Choice:
    """Return what the command line and the current folder choose of the project's tests."""
    source = config.args_source
    sources = pytest.Config.ArgsSource
    words = typed_words(config)
    added, outcome = added_choice(config), _outcome_option(config)
    is_choosing = any(word.startswith(_CHOOSING) for word in words)
    roots = tuple(_root(config, argument) for argument in config.args)
    folders = [root for root in roots if root and (config.rootpath / root).is_dir()]
    if source is sources.TESTPATHS:
        return Choice(is_choosing, (), True, folders, added, outcome)
    if "" in roots:
        return Choice(is_choosing, (), False, folders, added, outcome)
    is_typed = source is not sources.ARGS or any(argument in words for argument in config.args)
    return Choice(is_choosing or is_typed, roots, False, folders, added, outcome)


def _outcome_option(config: pytest.Config) -> str:
    """Return the option that chooses tests by how they ended last time; empty if none can.

    Without a known failure both options run every test.
    """
    values = vars(config.option)
    if values.get("lf") and config.cache and config.cache.get("cache/lastfailed", {}):
        return "--lf"
    if values.get("stepwise") and config.cache:
        known = config.cache.get("cache/stepwise", None)
        # A node id before pytest 8.4.
        is_known = known.get("last_failed") if isinstance(known, dict) else known
        return "--sw" if is_known else ""
    return ""


def matching_patterns(relative: str, patterns: tuple[str, ...]) -> list[str]:
    """Return the patterns of ``llm_golden`` that a path below the root matches."""
    return [pattern for pattern in patterns if matches(relative, posixpath.normpath(pattern))]


def missing_file(root: Path, pattern: str) -> str:
    """Return why a pattern matches no golden file on the disk; empty if it matches one."""
    if any(golden_files(root, pattern)):
        return ""
    parent = posixpath.dirname(posixpath.normpath(pattern))
    names = [posixpath.join(parent, name) for name in _names(root / parent)]
    hint = nearest(pattern, names)
    return f"{pattern!r} matches no golden file below {root}. {hint}".rstrip()


def left_out(pattern: str, choice: Choice) -> str:
    """Return why pytest has not collected the golden files of a pattern."""
    if collects_outside(pattern):
        return (
            f"{pattern!r} lies outside the root directory, where pytest collects only what the "
            "command line names: make a symbolic link to it below the root directory"
        )
    if choice.by_testpaths:
        return f"the ini key testpaths leaves {pattern!r} out; add it there, too"
    if choice.is_narrowed:
        return f"the run leaves {pattern!r} out"
    return f"{pattern!r} was left out by norecursedirs, --ignore or a conftest.py"


def collects_outside(pattern: str) -> bool:
    """Return whether a pattern of ``llm_golden`` leads outside the root directory."""
    return posixpath.normpath(pattern).startswith("../") or posixpath.isabs(pattern)


def golden_candidates(folder: Path) -> Iterator[Path]:
    """Yield the first files of a folder that may be golden files, by their names."""
    from pytest_llmeval.baselines.file import is_baseline

    for path in regular(islice(walk(folder), _MOST_NAMES)):
        if not is_baseline(path):
            yield path


def _root(config: pytest.Config, argument: str) -> str:
    """Return the node id of an argument; empty for the root of the project or above."""
    name, separator, rest = argument.partition("::")
    path = Path(os.path.normpath(config.invocation_params.dir / name))
    root = config.rootpath
    if not (path.is_relative_to(root) or root.is_relative_to(path)):
        path, root = path.resolve(), root.resolve()
    if root.is_relative_to(path):
        return ""
    relative = os.path.relpath(path, root).replace(os.sep, "/")
    return f"{relative}{separator}{rest}"


def golden_files(root: Path, pattern: str, never: Sequence[str] = ()) -> Iterator[str]:
    """Yield the golden files on the disk that match a pattern of ``llm_golden``.

    Args:
        root: The root directory.
        pattern: The pattern.
        never: Patterns of folders in the root that are not entered, if the pattern names none.
    """
    from pytest_llmeval.baselines.file import is_baseline

    for path in regular(matching(root, posixpath.normpath(pattern), never)):
        if not is_baseline(path):
            yield below(root, path)


def near_files(root: Path, pattern: str, never: Sequence[str] = ()) -> Iterator[str]:
    """Yield the files that match a pattern and seem to hold rows, but that nothing reads.

    Args:
        root: The root directory.
        pattern: The pattern.
        never: As for `golden_files`.
    """
    for path in matching(root, posixpath.normpath(pattern), never):
        if _is_near(path) and _WITHOUT_ROWS.isdisjoint(path.relative_to(root).parts[:-1]):
            yield below(root, path)


def _is_near(path: Path) -> bool:
    """Return whether the name of a file is almost that of a golden file."""
    from pytest_llmeval.goldens.formats import format_of

    if path.name.startswith("."):
        return False
    is_copy = path.suffix.lower() in _COPIES and format_of(path.with_suffix("")) is not None
    is_saved = path.name.endswith("~") and format_of(Path(path.name[:-1])) is not None
    return path.suffix.lower() in _UNREAD or is_copy or is_saved


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
