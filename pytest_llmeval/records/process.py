"""The id of a run, and the names of its processes. An xdist worker has its own."""

from __future__ import annotations

import os
from datetime import datetime, timezone

ALONE = "main"
"""The only process of a run."""

CONTROLLER = "controller"
"""The process that starts xdist workers, and runs no tests itself."""


def new_run_id() -> str:
    """Make an experiment id: the time, and six random digits."""
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{os.urandom(3).hex()}"
