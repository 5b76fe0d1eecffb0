"""The selection of cases: a filter, and a random subset."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.goldens.prompting import variables
from pytest_llmeval.records.case import Case

_ASSIGNS = re.compile(r"(?<![=!<>])=(?!=)")
"""A single sign of equality."""


def where_filter(expression: str, origin: str = "--llm-where") -> Callable[[Case], bool]:
    """Make a filter from a Jinja2 expression over the case, for example ``"billing" in tags``.

    A plain name that a case lacks is an error, because a misspelt name would select nothing.
    ``metadata.NAME`` may be absent. It is then false and unequal to everything.

    Args:
        expression: The expression, which runs in Jinja2's sandbox.
        origin: The setting that holds the expression, for error texts.

    Raises:
        SettingError: The text is no Jinja2 expression. The filter raises it too, for a case that
            lacks a name and for an expression that fails.
    """
    from jinja2 import TemplateError
    from jinja2.meta import find_undeclared_variables
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment()
    allowed = "a Jinja2 expression over the case, for example 'billing' in tags"
    try:
        evaluate: Callable[..., Any] = environment.compile_expression(expression)
        names = sorted(find_undeclared_variables(environment.parse(f"{{{{ {expression} }}}}")))
    except (TemplateError, RecursionError, SyntaxError, MemoryError) as error:
        remedy = f"{error}".rstrip(".") + "."
        if _ASSIGNS.search(expression):
            remedy = "Compare with == instead of =."
        raise SettingError(origin, expression, allowed, remedy) from None

    def selects(case: Case) -> bool:
        known = variables(case)
        for name in names:
            if name not in known and name not in environment.globals:
                raise _unknown(origin, expression, name, case, known)
        try:
            return bool(evaluate(known))
        # A user's expression can raise anything, and the mistake is always in the option.
        except Exception as error:
            remedy = f"At {case.source}: {error}".rstrip(".") + "."
            raise SettingError(origin, expression, allowed, remedy) from None

    return selects


def absent_metadata(expression: str, cases: Iterable[Case]) -> Iterator[tuple[str, str]]:
    """Yield the names behind ``metadata.`` that no case has, each with its nearest known name.

    Args:
        expression: An expression that `where_filter` accepts.
        cases: All cases that it is applied to.
    """
    from jinja2 import nodes
    from jinja2.sandbox import SandboxedEnvironment

    tree = SandboxedEnvironment().parse(f"{{{{ {expression} }}}}")
    names = [member.attr for member in tree.find_all(nodes.Getattr) if _is_metadata(member.node)]
    for member in tree.find_all(nodes.Getitem):
        if _is_metadata(member.node) and isinstance(member.arg, nodes.Const):
            names.append(str(member.arg.value))
    known = {name for case in cases for name in case.metadata}
    for name in dict.fromkeys(names):
        if name not in known and name not in dir(dict):
            yield name, nearest(name, known)


def _is_metadata(node: object) -> bool:
    from jinja2 import nodes

    return isinstance(node, nodes.Name) and node.name == "metadata"


def _unknown(
    origin: str, expression: str, name: str, case: Case, known: dict[str, Any]
) -> SettingError:
    remedy = f"{case.source} has no {name!r}. {nearest(name, known)}".strip()
    hint = f"For a column with empty cells, write metadata.{name}."
    return SettingError(origin, expression, f"the names {', '.join(known)}", f"{remedy} {hint}")


def random_subset(identities: Sequence[str], limit: int, seed: int) -> set[str]:
    """Draw the identities with the lowest hashes, so that every process draws the same ones.

    A row that is added to the file displaces at most one of those drawn.

    Args:
        identities: A unique text for each case.
        limit: Number to draw; all if there are fewer.
        seed: Each seed draws a different subset.
    """
    return set(draw_order(identities, seed)[:limit])


def draw_order(identities: Iterable[str], seed: int) -> list[str]:
    """Return the identities in the order in which `random_subset` draws them."""

    def rank(identity: str) -> bytes:
        return hashlib.sha256(f"{seed}\0{identity}".encode("utf-8", "surrogatepass")).digest()

    return sorted(set(identities), key=rank)
