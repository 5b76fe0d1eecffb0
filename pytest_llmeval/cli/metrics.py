"""The command ``llmeval metrics``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import CommandContext, command

if TYPE_CHECKING:
    from pytest_llmeval.metrics.entry import MetricInfo
    from pytest_llmeval.records.score import Scale


@command()
def metrics(context: CommandContext) -> None:
    """List every judge and metric: name, direction and range, parameters, source."""
    from pytest_llmeval.judges import registry as judges
    from pytest_llmeval.metrics.registry import MetricRegistry

    registry = MetricRegistry()
    registry.load_entry_points()
    _list_scorers(registry.describe(judges.describe()))


def _list_scorers(infos: Iterable[MetricInfo]) -> None:
    """Print judges and metrics with a heading for every family."""
    family = ""
    for info in infos:
        if info.family != family:
            family = info.family
            click.secho(family, bold=True)
        click.echo(_entry(info))


def _entry(info: MetricInfo) -> str:
    params = ", ".join(f"{name}={default}" for name, default in info.params.items())
    lines = [f"  {info.name}  ({_scale(info.scale)})", f"      {info.about}"]
    if params:
        lines.append(f"      parameters: {params}")
    if info.source:
        lines.append(f"      source: {info.source}")
    if info.extra.name:
        lines.append(f"      extra: {info.extra.name}")
    if info.extra.missing:
        lines[-1] += f" (not installed: {info.extra.command})"
    if info.origin != "pytest_llmeval":
        lines.append(f"      from: {info.origin}")
    return "\n".join(lines)


def _scale(scale: Scale) -> str:
    ends = []
    if scale.low is not None:
        ends.append(f"from {scale.low:g}")
    if scale.high is not None:
        ends.append(f"to {scale.high:g}")
    better = "higher is better" if scale.higher_is_better else "lower is better"
    return ", ".join(filter(None, [" ".join(ends), scale.unit, better]))
