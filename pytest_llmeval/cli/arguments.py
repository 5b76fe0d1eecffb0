"""Arguments and exit codes that commands on golden files share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

USAGE_ERROR = 2
"""Exit code for what the user wrote and cannot be used; click's own for a wrong option."""

golden_files: Callable[[Any], Any] = click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
own_columns: Callable[[Any], Any] = click.option(
    "--columns",
    metavar='"COLUMN = FIELD"',
    multiple=True,
    help="Read a column of your own name as this field (repeatable), like ini llm_columns.",
)
