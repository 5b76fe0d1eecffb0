"""The garbage collector, and the many objects that imports make."""

from __future__ import annotations

import gc
from functools import cache


@cache
def freeze_imports() -> None:
    """Exempt everything alive from further collections of garbage, once in a process.

    What an evaluation imports lives as long as the process, and every full collection would go
    through it: pytest makes two when a session ends, Python makes more. This is for the time before
    the first fixture, so that whatever tests make is collected as ever. Garbage of the oldest
    generation that is there by then stays until the process ends: to look for it takes as long as
    the collections that are saved.
    """
    gc.collect(1)
    gc.freeze()
