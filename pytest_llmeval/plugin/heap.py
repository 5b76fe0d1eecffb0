"""The garbage collector, and the many objects that imports make."""

from __future__ import annotations

import gc
from functools import cache


@cache
def freeze_imports() -> None:
    """Exempt everything alive from further collections of garbage, once in a process.

    The client library and the database alone bring hundreds of thousands of objects, which live as
    long as the process. Each full collection would go through them: pytest makes two when a session
    ends, Python makes more. What tests leave behind later is collected as ever, and what they have
    left so far is collected here, unless two collections of young objects have spared it.
    """
    gc.collect(1)
    gc.freeze()
