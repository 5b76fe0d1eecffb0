"""Which cases run: a filter, and a random part."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.goldens.prompting import variables
from pytest_llmeval.records.case import Case

PLACE = "--llm-where"


def where_filter(expression: str, place: str = PLACE) -> Callable[[Case], bool]:
    """A filter from a Jinja2 expression over the case, for example ``"billing" in tags and metadata.level != "3"``.

    A plain name that a case lacks is an error, so that a misspelt one does not select nothing in
    silence.
    ``metadata.NAME`` may be absent: it is then false and equal to nothing.

    Args:
        expression: The expression; runs in Jinja2's sandbox.
        place: Where it was written, for error texts.

    Raises:
        SettingError: It is no Jinja2 expression. The filter itself raises it for a case without a
            name used, and for an expression that fails.
    """
    from jinja2 import TemplateError
    from jinja2.meta import find_undeclared_variables
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment()
    allowed = "a Jinja2 expression over the case, for example 'billing' in tags"
    try:
        evaluate: Callable[..., Any] = environment.compile_expression(expression)
        names = sorted(find_undeclared_variables(environment.parse(f"{{{{ {expression} }}}}")))
    except TemplateError as error:
        raise SettingError(place, expression, allowed, f"{error}".rstrip(".") + ".") from None

    def selects(case: Case) -> bool:
        known = variables(case)
        for name in names:
            if name not in known and name not in environment.globals:
                raise _unknown(place, expression, name, case, known)
        try:
            return bool(evaluate(known))
        except Exception as error:  # whatever a user's expression can raise, the place of the mistake is the option
            raise SettingError(
                place, expression, allowed, f"At {case.source}: {error}".rstrip(".") + "."
            ) from None

    return selects


def _unknown(
    place: str, expression: str, name: str, case: Case, known: dict[str, Any]
) -> SettingError:
    remedy = f"{case.source} has no {name!r}. {nearest(name, known)}".strip()
    hint = f"For a column with empty cells write metadata.{name}."
    return SettingError(place, expression, f"the names {', '.join(known)}", f"{remedy} {hint}")


def draw(identities: Sequence[str], limit: int, seed: int) -> set[str]:
    """A random part that every process draws alike: the identities whose hash with the seed is lowest.

    A row added to the file displaces at most one of those drawn.

    Args:
        identities: What identifies each case.
        limit: How many to draw; all if there are fewer.
        seed: Another seed draws another part.
    """

    def rank(identity: str) -> bytes:
        return hashlib.sha256(f"{seed}\0{identity}".encode("utf-8", "surrogatepass")).digest()

    return set(sorted(set(identities), key=rank)[:limit])
