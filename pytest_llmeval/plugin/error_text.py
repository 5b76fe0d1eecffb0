"""How pytest shows an error that ended a test: in a few words, or with the frames of the user."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmeval.frames import is_user_code


def error_repr(error: pytest.ExceptionInfo[BaseException]) -> Any:
    """Return what pytest shows of an error of this package.

    An error of the user's application is shown where it was raised. Anything else is its message.
    """
    cause = error.value.__cause__
    info = pytest.ExceptionInfo.from_exception(cause) if cause else None
    if info is not None and _user_frames(info):
        shown = info.getrepr(style="long", tbfilter=_user_frames, chain=False)
    else:
        shown = error.getrepr(style="value")
    if shown.reprcrash is not None:
        # The short summary has no room for the full name of the type.
        shown.reprcrash.message = str(error.value)
    return shown


def _user_frames(error: pytest.ExceptionInfo[BaseException]) -> Any:
    """Return the traceback from the first frame that is the user's code."""
    frames = error.traceback
    for index, frame in enumerate(frames):
        if is_user_code(str(frame.path)):
            return frames[index:]
    return frames[:0]
