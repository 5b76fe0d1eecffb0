"""``llmeval metrics``: list the judges and metrics that thresholds and markers can name."""

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
    list_scorers(registry.describe(judges.describe()))


def list_scorers(infos: Iterable[MetricInfo]) -> None:
    """Print metrics, and whatever else is described as they are, a heading for each family.

    Args:
        infos: What there is, by family.
    """
    family = ""
    for info in infos:
        if info.family != family:
            family = info.family
            click.secho(family, bold=True)
        click.echo(_entry(info))


def _entry(info: MetricInfo) -> str:
    params = ", ".join(f"{name}={default}" for name, default in info.params.items())
    lines = [
        f"  {info.name}  ({_scale(info.scale)})",
        f"      {info.about}",
        *([f"      parameters: {params}"] if params else []),
        *([f"      source: {info.source}"] if info.source else []),
        *([f'      needs: pip install "pytest-llm-golden[{info.extra}]"'] if info.extra else []),
        *([] if info.origin == "pytest_llmeval" else [f"      from: {info.origin}"]),
    ]
    return "\n".join(lines)


def _scale(scale: Scale) -> str:
    low = "" if scale.low is None else f"from {scale.low:g}"
    high = "" if scale.high is None else f"to {scale.high:g}"
    better = "higher is better" if scale.higher_is_better else "lower is better"
    return ", ".join(filter(None, [" ".join(filter(None, [low, high])), scale.unit, better]))
