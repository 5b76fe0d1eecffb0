"""Which frames of a traceback are code of the user's project."""

from __future__ import annotations

import os
import sysconfig
import traceback
from functools import cache
from pathlib import Path


@cache
def is_user_code(path: str) -> bool:
    """Return whether a file is no part of this package, of Python or of an installed package."""
    file = Path(path).absolute()
    # Code that Python makes at run time has a name such as <string>.
    if path.startswith("<") or "site-packages" in file.parts:
        return False
    folders = (Path(__file__).parent, Path(sysconfig.get_path("stdlib")))
    return not any(file.is_relative_to(folder) for folder in folders)


def user_location(error: BaseException) -> str:
    """Return where the user's code raised an error: ``conftest.py:5 in score``; empty elsewhere."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if is_user_code(frame.filename)
    ]
    if not frames:
        return ""
    return f"{os.path.relpath(frames[-1].filename)}:{frames[-1].lineno} in {frames[-1].name}"
