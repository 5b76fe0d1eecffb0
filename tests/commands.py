"""How tests start pytest."""

from __future__ import annotations

import sys

OTHERS_OFF = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:anyio")
"""Without the plugins that only our own tests need: they take a sixth of a short run."""

PYTEST = (sys.executable, "-m", "pytest", *OTHERS_OFF)
