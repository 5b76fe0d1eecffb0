"""The check of the column of clusters where a run is compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_llmeval.gating.clusters import check_cluster_scores

if TYPE_CHECKING:
    from pytest_llmeval.gating.comparing import Task
    from pytest_llmeval.settings.table import Settings


def check_tasks(settings: Settings, tasks: Sequence[Task]) -> None:
    """Refuse a misspelt column of clusters; a part of a suite may lack that of the ini file.

    Raises:
        SettingError: No case of the runs has it.
    """
    runs = [run for task in tasks for run in (task.after, task.before)]
    is_typed = "cluster" in settings.explicit | settings.environment
    selections = [task.after.selection for task in tasks]
    if is_typed or all(chosen.is_whole and not chosen.roots for chosen in selections):
        check_cluster_scores(settings.cluster, settings.origin("cluster"), runs)
