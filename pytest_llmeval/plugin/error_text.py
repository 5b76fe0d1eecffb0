"""How pytest shows an error that ended a test: in a few words, or with the frames of the user."""

from __future__ import annotations

import pytest
from _pytest._code.code import ExceptionRepr, Traceback

from pytest_llmeval.frames import is_user_code


def error_repr(error: pytest.ExceptionInfo[BaseException]) -> ExceptionRepr:
    """Return what pytest shows of an error of this package.

    An error of the user's application is shown where it was raised. Anything else is its message.
    """
    cause = error.value.__cause__
    frames = _user_frames(pytest.ExceptionInfo.from_exception(cause)) if cause else Traceback([])
    if cause is None or not frames:
        shown = error.getrepr(style="value")
    else:
        info = pytest.ExceptionInfo.from_exception(cause)
        shown = info.getrepr(style="long", tbfilter=_user_frames, chain=False)
    if shown.reprcrash is not None:
        # The short summary has no room for the full name of the type.
        shown.reprcrash.message = str(error.value)
    return shown


def _user_frames(error: pytest.ExceptionInfo[BaseException]) -> Traceback:
    """Return the frames from the first one that is the user's code."""
    frames = error.traceback
    for index, frame in enumerate(frames):
        if is_user_code(str(frame.path)):
            return Traceback(frames[index:])
    return Traceback([])
