"""The names of the processes of a run. An xdist worker has its own."""

from __future__ import annotations

ALONE = "main"
"""The only process of a run."""

CONTROLLER = "controller"
"""The process that starts xdist workers, and runs no tests itself."""
