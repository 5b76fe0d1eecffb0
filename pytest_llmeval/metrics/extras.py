"""Optional packages: whether they are installed, and the command that installs them."""

from __future__ import annotations

from importlib.util import find_spec

from pytest_llmeval.errors import MissingExtraError


def needed(what: str, extra: str, *packages: str, instead: str = "") -> None:
    """Look whether packages are installed, without importing them.

    Args:
        what: What needs them, for the error text.
        extra: The extra of this package that brings them.
        packages: Their import names.
        instead: What else would do.

    Raises:
        MissingExtraError: One of them is not.
    """
    lacking = [name for name in packages if find_spec(name) is None]
    if lacking:
        remedy = f'pip install "pytest-llm-golden[{extra}]"' + (
            f", or {instead}" if instead else ""
        )
        is_one = len(lacking) == 1
        found = f"the package{'' if is_one else 's'} {', '.join(lacking)}, which {'is' if is_one else 'are'} not installed"
        raise MissingExtraError(f"{what} needs {found}", remedy)
