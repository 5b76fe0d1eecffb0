"""The markers, and the settings, thresholds and metrics of their keywords."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import MISSPELT, SettingError, nearest
from pytest_llmeval.plugin.state import STATE
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.settings.table import OPTIONS, Settings

if TYPE_CHECKING:
    from pytest_llmeval.records.threshold import Threshold


GOLDEN_KEYWORDS = ("min_score", "threshold", "where", "columns", "must_pass")
_MODEL_KEYWORDS = ("model", "base_url", "provider")
GENERATE_KEYWORDS = (
    *_MODEL_KEYWORDS,
    *(option.name for option in OPTIONS if option.section == "generation"),
)
_JUDGE_SETTINGS = {
    option.name.removeprefix("judge_"): option.name
    for option in OPTIONS
    if option.section == "judge"
}
_KEYWORDS = {setting: keyword for keyword, setting in _JUDGE_SETTINGS.items()}
"""Keywords of ``llm_judge`` by the setting, for error texts."""
JUDGE_KEYWORDS = (*_JUDGE_SETTINGS, "min_score")
MUST_PASS_ORIGIN = "@pytest.mark.llm_golden must_pass"


MARKERS = (
    "llm_golden(*paths, min_score=None, threshold=None, where=None, columns=None, must_pass=None): "
    "run the test once for every case of the golden files",
    "llm_generate(**settings): generation settings of this test, named as the generation options",
    "llm_judge(criteria=None, min_score=None, **settings): judge settings of this test",
    "llm_gate(*rules): gates on the cases of these tests, as with --llm-gate",
    "llm_metric(name, min=None, max=None, **params): take this metric, with thresholds",
)
"""The markers, as pytest registers and shows them."""

NAMES = tuple(line.partition("(")[0] for line in MARKERS)
"""Names of the markers."""

SCORES_OF_FIXTURES = {
    "llm_judge": RUBRIC,
    "llm_toxicity": "toxicity",
    "llm_readability": "flesch_reading_ease",
    "llm_text_quality": "text_quality",
}
"""A score that a fixture takes, for the check that it can be taken."""

_FIXTURES = ("llm_case", "llm_completion", "llm_samples", "llm_generate", "llm_metric")
"""The fixtures that take no score of their own; a user overrides ``llm_provider``."""

FIXTURES = frozenset((*_FIXTURES, *SCORES_OF_FIXTURES))
"""The fixtures that only a test of a model requests."""

_DECLARED = pytest.StashKey[frozenset[str]]()
"""On a node: the names of its markers and those of its parents, after the collection."""

_COUNT = pytest.StashKey[int]()
"""On a node: the number of its own markers then."""

_OWNED = pytest.StashKey[frozenset[str]]()
"""On the configuration: names of ours that are markers of the project, which uses no other."""

_IS_USED = pytest.StashKey[bool]()
"""On the configuration: the project evaluates something, so that names like ours are ours."""


def declared_names(node: pytest.Collector | pytest.Item) -> frozenset[str]:
    """Return the names of a node's markers, which are read once, after the collection."""
    names = node.stash.get(_DECLARED, None)
    if names is None:
        above: frozenset[str] = frozenset()
        if isinstance(node.parent, pytest.Collector):
            above = declared_names(node.parent)
        names = above.union(
            mark.name for mark in node.own_markers if not is_left_to_project(node.config, mark.name)
        )
        node.stash[_DECLARED] = names
        node.stash[_COUNT] = len(node.own_markers)
    return names


def registered_names(config: pytest.Config) -> frozenset[str]:
    """Return the names of ours under which the project has registered a marker, too."""
    lines: list[str] = config.getini("markers")
    names = {_marker_name(line) for line in lines if line not in MARKERS}
    return frozenset(names.intersection(NAMES))


def leave_to_project(config: pytest.Config, names: frozenset[str]) -> None:
    """Treat some markers as those of the project."""
    config.stash[_OWNED] = names


def is_left_to_project(config: pytest.Config, name: str) -> bool:
    """Return whether a marker is one of the project."""
    return name in config.stash.get(_OWNED, frozenset())


def refuse_late(item: pytest.Item) -> None:
    """Refuse a marker that was added while the test ran, because nothing reads it any more.

    Raises:
        SettingError: There is one.
    """
    late = [
        mark for node in item.listchain() for mark in node.own_markers[node.stash.get(_COUNT, 0) :]
    ]
    for mark in late:
        if mark.name in NAMES and not is_left_to_project(item.config, mark.name):
            raise SettingError(
                f"@pytest.mark.{mark.name}",
                "a marker that was added while the test ran",
                "a marker that is there when the tests are collected",
                "Write it on the test, or add it in pytest_collection_modifyitems.",
            )
    is_used = item.config.stash.get(_IS_USED, False)
    if late and is_used:
        _refuse_unknown({mark.name for mark in late}, item.config)


def check_names(items: Iterable[pytest.Item], config: pytest.Config) -> None:
    """Refuse a marker whose name is almost that of one of ours, or begins like it.

    Args:
        items: The tests that run.
        config: pytest's configuration, with the registered markers.

    Raises:
        SettingError: There is one.
    """
    config.stash[_IS_USED] = True
    _refuse_unknown(frozenset[str]().union(*map(declared_names, items)), config)


def _refuse_unknown(names: AbstractSet[str], config: pytest.Config) -> None:
    lines: list[str] = config.getini("markers")
    unknown = names - set(map(_marker_name, lines))
    for name in sorted(unknown):
        hint = nearest(name.lower(), NAMES, MISSPELT)
        if hint or name.lower().startswith("llm_"):
            allowed = f"{', '.join(NAMES)}, or a marker of the ini key markers"
            raise SettingError(f"@pytest.mark.{name}", name, allowed, hint)


def _marker_name(line: str) -> str:
    """Return the name in a line of the ini key ``markers``."""
    return line.partition(":")[0].partition("(")[0].strip()


def check_keywords(mark: pytest.Mark, allowed: Iterable[str]) -> None:
    """Refuse a keyword that the marker does not know.

    Raises:
        SettingError: The message names the nearest allowed keyword.
    """
    names = list(allowed)
    for name in mark.kwargs:
        if name not in names:
            raise SettingError(
                f"@pytest.mark.{mark.name}", name, ", ".join(names), nearest(name, names)
            )


def golden_mark(item: pytest.Item | pytest.Metafunc) -> pytest.Mark | None:
    """Return the nearest ``llm_golden`` marker, and check its keywords."""
    node = item.definition if isinstance(item, pytest.Metafunc) else item
    mark = node.get_closest_marker("llm_golden")
    if mark is not None:
        check_keywords(mark, GOLDEN_KEYWORDS)
    return mark


def settings_for(item: pytest.Item, base: Settings) -> Settings:
    """Return the settings of the run with those of a test's markers, the nearest last.

    Raises:
        SettingError: A marker has an unknown keyword or a value that is not allowed.
    """
    settings = base
    for mark in reversed(list(item.iter_markers("llm_generate"))):
        check_keywords(mark, GENERATE_KEYWORDS)
        settings = settings.overridden(mark.kwargs, "@pytest.mark.llm_generate")
    for mark in reversed(list(item.iter_markers("llm_judge"))):
        check_keywords(mark, JUDGE_KEYWORDS)
        values = {
            _JUDGE_SETTINGS[name]: value
            for name, value in mark.kwargs.items()
            if name in _JUDGE_SETTINGS
        }
        settings = settings.overridden(values, "@pytest.mark.llm_judge", _KEYWORDS)
        if "judge_criteria" in values and "judge_rubric" not in {*values, *settings.explicit}:
            # A nearer criterion overrides a rubric file.
            settings = dataclasses.replace(settings, judge_rubric=None)
    return settings if settings is base else item.config.stash[STATE].same(settings)


def thresholds_of(item: pytest.Item) -> list[list[Threshold]]:
    """Return the thresholds of a test's markers, from the function to its class and module.

    Raises:
        SettingError: A bound cannot be read.
    """
    groups: dict[object, list[Threshold]] = {node: [] for node in reversed(item.listchain())}
    for name in ("llm_golden", "llm_judge"):
        for node, mark in item.iter_markers_with_node(name):
            groups[node] += _rubric_bound(mark) + _texts(mark)
    for node, mark in item.iter_markers_with_node("llm_metric"):
        groups[node] += _metric_bounds(mark)
    return list(groups.values())


def must_pass_of(item: pytest.Item) -> bool | str | None:
    """Return ``must_pass`` of the nearest ``llm_golden`` marker that sets it.

    Raises:
        SettingError: The value is neither true, false nor an expression.
    """
    values = [mark.kwargs.get("must_pass") for mark in item.iter_markers("llm_golden")]
    value = next((value for value in values if value is not None), None)
    if value is not None and not isinstance(value, (bool, str)):
        raise SettingError(
            MUST_PASS_ORIGIN, value, "True, False, or a Jinja2 expression over the case"
        )
    return value


def metrics_of(item: pytest.Item) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Return the metrics of a test's ``llm_metric`` markers with their parameters."""
    return tuple(_metric_of(mark) for mark in item.iter_markers("llm_metric"))


def _metric_of(mark: pytest.Mark) -> tuple[str, dict[str, Any]]:
    """Return the name and the parameters of an ``llm_metric`` marker."""
    if len(mark.args) != 1 or not isinstance(mark.args[0], str):
        raise SettingError(
            "@pytest.mark.llm_metric", mark.args, "one metric name, for example 'toxicity'"
        )
    return mark.args[0], {
        name: value for name, value in mark.kwargs.items() if name not in ("min", "max")
    }


def golden_paths(mark: pytest.Mark, test_file: Path, root: Path) -> list[Path]:
    """Return the golden files of an ``llm_golden`` marker.

    A relative path is looked up from the folder of the test file, then from the root directory. It
    may be a glob pattern.

    Raises:
        SettingError: There is no such file.
    """
    if not mark.args or not all(isinstance(name, (str, Path)) for name in mark.args):
        raise SettingError(
            "@pytest.mark.llm_golden", mark.args, "one or more paths of golden files"
        )
    return [path for name in mark.args for path in _find(str(name), [test_file.parent, root])]


def _find(name: str, folders: list[Path]) -> list[Path]:
    if Path(name).is_absolute():
        anchor = Path(Path(name).anchor)
        name = str(Path(name).relative_to(anchor))
        folders = [anchor]
    for folder in folders:
        paths = sorted(path for path in folder.glob(name) if path.is_file())
        if paths:
            return paths
    names = " or ".join(str(folder) for folder in dict.fromkeys(folders))
    raise SettingError("@pytest.mark.llm_golden", name, f"a golden file below {names}")


def _rubric_bound(mark: pytest.Mark) -> list[Threshold]:
    from pytest_llmeval.records.threshold import Threshold

    if mark.kwargs.get("min_score") is None:
        return []
    option = next(option for option in OPTIONS if option.name == "min_score")
    bound = option.read(mark.kwargs["min_score"], f"@pytest.mark.{mark.name} min_score")
    return [Threshold(RUBRIC, ">=", bound, origin="marker")]


def _texts(mark: pytest.Mark) -> list[Threshold]:
    from pytest_llmeval.records.threshold import Threshold

    bounds = mark.kwargs.get("threshold") or ()
    return [
        Threshold.parse(text, "marker")
        for text in ([bounds] if isinstance(bounds, str) else bounds)
    ]


def _metric_bounds(mark: pytest.Mark) -> list[Threshold]:
    from pytest_llmeval.records.threshold import Threshold

    metric, params = _metric_of(mark)
    thresholds = []
    for keyword, sign in (("min", ">="), ("max", "<=")):
        if mark.kwargs.get(keyword) is not None:
            bound = _number(mark, keyword)
            thresholds.append(Threshold(metric, sign, bound, params, "marker"))
    return thresholds


def _number(mark: pytest.Mark, keyword: str) -> float:
    value = mark.kwargs[keyword]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SettingError(f"@pytest.mark.llm_metric {keyword}", value, "a number")
    return float(value)
