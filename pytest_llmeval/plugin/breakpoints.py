"""Breakpoints: while a person is at one, no time-out and no wait goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmeval.plugin.state import PluginState


def watch(debugger: Any, state: PluginState) -> None:
    """Have a debugger stop the clock of the engine at each prompt, not only at the first one.

    Args:
        debugger: A `pdb.Pdb`, as pytest made it.
        state: The plugin's state.
    """
    interact = debugger.interaction

    def interaction(*args: Any) -> Any:
        state.enter_breakpoint()
        try:
            return interact(*args)
        finally:
            state.leave_breakpoint()

    debugger.interaction = interaction
