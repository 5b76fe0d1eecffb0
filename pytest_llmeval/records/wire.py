"""Records as JSON and back, for xdist, the run log and the JSON report.

The text is ASCII only: execnet, which carries it between xdist workers, refuses lone surrogates,
and a model can produce them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from pydantic import TypeAdapter


T = TypeVar("T")


@cache
def _adapter(record_type: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # late: needed only once there is a result

    return TypeAdapter(record_type)


def to_builtin(record: object) -> Any:
    """Turn a record into nested dicts, lists, strings and numbers, without subclasses."""
    return json.loads(to_wire(record))


def to_wire(record: object) -> str:
    """Turn a record into one line of ASCII JSON."""
    return json.dumps(record, default=fields_of, separators=(",", ":"))


def fields_of(value: object) -> Mapping[str, Any]:
    """Return the fields of a record, for ``json.dumps(…, default=fields_of)``.

    Raises:
        TypeError: The value is no record, and JSON has no form for it.
    """
    if is_dataclass(value):
        return vars(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def parse_json(text: str) -> Any:
    """Parse JSON that anybody may have written.

    Raises:
        json.JSONDecodeError: The text is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise json.JSONDecodeError("nested too deeply", text, 0) from None
    except ValueError as error:  # a whole number of thousands of digits
        raise json.JSONDecodeError(str(error), text, 0) from None


def from_wire(record_type: type[T], text: str) -> T:
    """Read a record that `to_wire` wrote.

    Args:
        record_type: The class of the record.
        text: The JSON that `to_wire` returned.

    Raises:
        ValueError: The text is not JSON or lacks a field.
    """
    adapter: TypeAdapter[T] = _adapter(cast(Any, record_type))
    return adapter.validate_python(parse_json(text))
