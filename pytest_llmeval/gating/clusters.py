"""The check that a column of clusters exists: without clusters, dependent cases prove too much."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.gating.scores import RunScores
from pytest_llmeval.goldens.names import known_names, mapping_remedy, normal
from pytest_llmeval.records.case import Case
from pytest_llmeval.text import first_of

_LISTED = 8
"""Number of columns that the error names."""


def check_clusters(cluster: str, origin: str, cases: Iterable[Case]) -> None:
    """Refuse a column of clusters that no case has.

    Args:
        cluster: The column; empty for none.
        origin: The setting that names it.
        cases: The cases; without any, nothing is known.

    Raises:
        SettingError: No case has it.
    """
    if not cluster:
        return
    fields: dict[str, None] = {}
    is_known = False
    for case in cases:
        if case.metadata.get(cluster) is not None:
            return
        is_known = True
        fields.update(dict.fromkeys(case.metadata))
    if is_known:
        raise _no_cluster(cluster, origin, fields)


def check_cluster_scores(cluster: str, origin: str, runs: Iterable[RunScores]) -> None:
    """Refuse a column of clusters that no case of the compared runs has.

    Raises:
        SettingError: No case has it.
    """
    runs = list(runs)
    cases = [case for run in runs for case in run.cases.values()]
    if cluster and cases and all(case.cluster is None for case in cases):
        fields = dict.fromkeys(field for run in runs for field in sorted(run.fields))
        raise _no_cluster(cluster, origin, fields)


def _no_cluster(cluster: str, origin: str, fields: Iterable[str]) -> SettingError:
    """Return the error of a column of clusters that no case has.

    Args:
        cluster: The column.
        origin: The setting that names it.
        fields: The columns that are metadata.
    """
    names = list(fields)
    listed = first_of(names, _LISTED) or "none, because the cases have no metadata"
    hint = nearest(cluster, names)
    if normal(cluster) in known_names("tags"):
        hint = (
            f"The column holds tags; a cluster is metadata: {mapping_remedy(cluster, 'metadata')}."
        )
    return SettingError(origin, cluster, f"a column of metadata: {listed}", hint)
