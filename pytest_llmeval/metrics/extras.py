"""The check that optional packages are installed."""

from __future__ import annotations

from importlib.util import find_spec

from pytest_llmeval.errors import MissingExtraError


def needed(what: str, extra: str, *packages: str, instead: str = "") -> None:
    """Check that packages are installed, without importing them.

    Args:
        what: The feature that needs them, for the error text.
        extra: The extra of this package that installs them.
        packages: Their import names.
        instead: An alternative, for the error text.

    Raises:
        MissingExtraError: A package is missing.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if not missing:
        return
    remedy = f'pip install "pytest-llm-golden[{extra}]"'
    if instead:
        remedy += f", or {instead}"
    names = ", ".join(missing)
    if len(missing) == 1:
        missing_text = f"the package {names}, which is not installed"
    else:
        missing_text = f"the packages {names}, which are not installed"
    raise MissingExtraError(f"{what} needs {missing_text}", remedy)
