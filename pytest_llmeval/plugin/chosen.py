"""What the options of pytest and other plugins choose of the golden cases."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmeval.plugin.added import INI_KEY, VARIABLE
from pytest_llmeval.plugin.state import PluginState
from pytest_llmeval.text import count

_BY_OUTCOME = ("--lf", "--sw")
_SPLITS = "splits"
"""The option of pytest-split, which gives each machine a part of the tests."""


def note_choice(state: PluginState, selected: int, cases: int, left_out: int) -> None:
    """Note which golden cases options leave, by what nobody typed or by how they ended last time.

    Args:
        state: The plugin's state.
        selected: The cases that run.
        cases: The cases that pytest has collected.
        left_out: The cases that a hook has left out since.
    """
    choice, collected = state.choice, state.collected
    origins = [name for name in choice.added if not name.startswith("--ignore")]
    # These are left out while pytest collects.
    is_early = any("::" in name for name in origins) or choice.by_outcome == _BY_OUTCOME[0]
    if is_early:
        left_out += collected.cases - cases
        cases = collected.cases
    if not (left_out or (is_early and collected.unread)):
        return
    part = f"only {selected} of {count(cases, 'case')} are selected by"
    rest = _unread(collected.unread) if is_early else ""
    if origins:
        remedy = "unset it" if any(VARIABLE in name for name in origins) else "take it out"
        collected.narrowed.append(
            f"{part} {_joined(origins)}{rest}: {remedy}, or give the option on the command line"
        )
    if choice.by_outcome and not any(name.startswith(_BY_OUTCOME) for name in origins):
        collected.noted.append(f"{part} {choice.by_outcome}, by how they ended last time{rest}")
    if vars(state.config.option).get(_SPLITS):
        collected.noted.append(f"{part} --{_SPLITS}: llmeval merge judges all parts as one run")


def _unread(files: Sequence[str]) -> str:
    if not files:
        return ""
    verb = "was" if len(files) == 1 else "were"
    return f", and {count(len(files), 'golden file')} {verb} not read"


def _joined(origins: Sequence[str]) -> str:
    """Join options and tests, each behind the others of its source."""
    texts: list[str] = []
    for source in (VARIABLE, INI_KEY):
        end = f" in {source}"
        names = [name.removesuffix(end) for name in origins if name.endswith(end)]
        texts += [f"{' and '.join(names)}{end}"] if names else []
    return " and ".join(texts)
