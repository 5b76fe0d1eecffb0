"""The command `llmeval`: a module per command, which imports its needs when it runs."""

from __future__ import annotations

import click

from pytest_llmeval.cli.baseline import baseline
from pytest_llmeval.cli.cache import cache
from pytest_llmeval.cli.calibrate import calibrate
from pytest_llmeval.cli.changed import changed
from pytest_llmeval.cli.compare import compare
from pytest_llmeval.cli.history import history
from pytest_llmeval.cli.ids import ids
from pytest_llmeval.cli.merge import merge
from pytest_llmeval.cli.metrics import metrics
from pytest_llmeval.cli.model import model
from pytest_llmeval.cli.options import options
from pytest_llmeval.cli.output import show_every_text
from pytest_llmeval.cli.plan import plan
from pytest_llmeval.cli.report import report
from pytest_llmeval.cli.rescore import rescore
from pytest_llmeval.cli.validate import validate


@click.group()
@click.version_option(package_name="pytest-llm-golden", prog_name="llmeval")
def main() -> None:
    """Run regression tests of systems built on language models."""
    show_every_text()


for _command in (
    validate,
    ids,
    cache,
    metrics,
    model,
    options,
    report,
    calibrate,
    rescore,
    compare,
    changed,
    baseline,
    history,
    plan,
    merge,
):
    main.add_command(_command)
