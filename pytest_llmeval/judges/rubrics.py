"""Rubrics: a criterion and a sentence for each score."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import SettingError
from pytest_llmeval.judges.prompting import prompt_file
from pytest_llmeval.records.wire import parse_json

_ORIGIN = "the judge's criteria"
ONLY = ""
"""Name of a rubric without a name."""
_SEVERAL = {"$ref": "#/$defs/several"}


@dataclass(frozen=True)
class Rubric:
    """One criterion with its scale from 0 to 5.

    Attributes:
        criteria: The criterion, in a sentence.
        anchors: Meaning of the scores: six sentences, for 0, 1, 2, 3, 4 and 5.
        fractions: Whether a score may be a fraction.
        reference: Whether the expected answer decides, so that the judge can be tested with it.
    """

    criteria: str
    anchors: tuple[str, ...]
    fractions: bool = True
    reference: bool = False


def default_rubric() -> Rubric:
    """Read the rubric of ``--min-score``: correctness."""
    return _rubric(json.loads(prompt_file("default_rubric.json")))


def with_criteria(criteria: str, anchors: Mapping[str, str] | None = None) -> Rubric:
    """Make a rubric from a user's criterion.

    Args:
        criteria: The criterion, in words.
        anchors: Meaning of the scores under the keys ``"0"`` to ``"5"``. With ``None``, the anchors
            fit any criterion.

    Raises:
        SettingError: The criterion is empty, or the anchors are not six sentences.
    """
    if not criteria.strip():
        raise SettingError(
            _ORIGIN, criteria, "text that is not empty", "Leave it out for correctness."
        )
    if anchors is not None:
        return _checked({"criteria": criteria.strip(), "anchors": dict(anchors)}, _ORIGIN)[ONLY]
    return replace(
        _rubric(json.loads(prompt_file("any_criterion.json"))), criteria=criteria.strip()
    )


def read_criteria(criteria: str | Mapping[str, Any]) -> dict[str, Rubric]:
    """Read the rubrics of a setting or marker by name; `ONLY` is the name of a nameless one.

    Args:
        criteria: A criterion in words; a mapping with ``criteria`` and ``anchors``; or a mapping
            from names to either. A mapping may also be JSON text.

    Raises:
        SettingError: The value has none of these forms.
    """
    if isinstance(criteria, str):
        if not criteria.lstrip().startswith("{"):
            return {ONLY: with_criteria(criteria)}
        return _checked(_several(_from_json(criteria)), _ORIGIN)
    return _checked(_several(criteria), _ORIGIN)


def _from_json(text: str) -> Any:
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        raise SettingError(_ORIGIN, text, "words, or a JSON object", f"({error.msg})") from None


def _several(criteria: Any) -> Any:
    """Convert a mapping from names to criteria to the members of a file with several rubrics."""
    if not isinstance(criteria, Mapping) or {"anchors", "rubrics"} & criteria.keys():
        return criteria
    return {
        "rubrics": {
            name: {"criteria": rubric} if isinstance(rubric, str) else rubric
            for name, rubric in criteria.items()
        }
    }


def load_rubrics(path: Path) -> dict[str, Rubric]:
    """Read rubrics from a JSON file, checked against ``judges/prompts/rubric.schema.json``.

    Args:
        path: File with ``criteria``, ``anchors`` (an object with the keys ``"0"`` to ``"5"``), and
            optionally ``fractions``, ``reference`` and ``source``. Or a file with ``rubrics``,
            several of these by name.

    Returns:
        The rubrics by name. A rubric without a name has the name `ONLY`.

    Raises:
        SettingError: The file is unreadable or not JSON, or a value is not allowed.
    """
    return _checked(_read(path), str(path))


def _checked(members: Any, origin: str) -> dict[str, Rubric]:
    from jsonschema import (
        Draft202012Validator,  # late: only a run with a rubric of its own needs it
    )

    schema = json.loads(prompt_file("rubric.schema.json"))
    is_several = isinstance(members, Mapping) and "rubrics" in members
    validator = Draft202012Validator({**schema, **_SEVERAL} if is_several else schema)
    for error in sorted(
        validator.iter_errors(members), key=lambda error: list(map(str, error.absolute_path))
    ):
        key = ".".join(map(str, error.absolute_path))
        written = sorted(error.instance) if isinstance(error.instance, dict) else error.instance
        allowed = str(error.schema.get("description", error.message))
        raise SettingError(
            f"{origin} key {key!r}" if key else origin, written, allowed, f"({error.message}.)"
        )
    if is_several:
        return {name: _rubric(rubric) for name, rubric in members["rubrics"].items()}
    return {ONLY: _rubric(members)}


def _read(path: Path) -> Any:
    try:
        return parse_json(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingError(str(path), error.strerror, "a JSON file that can be read") from None
    except UnicodeDecodeError:
        raise SettingError(str(path), "bytes that are not UTF-8", "a JSON file in UTF-8") from None
    except json.JSONDecodeError as error:
        origin = f"{path}:{error.lineno}:{error.colno}"
        raise SettingError(origin, error.msg, "a JSON object with criteria and anchors") from None


def _rubric(members: Any) -> Rubric:
    anchors = members.get("anchors") or json.loads(prompt_file("any_criterion.json"))["anchors"]
    return Rubric(
        criteria=members["criteria"].strip(),
        anchors=tuple(anchors[str(score)] for score in range(6)),
        fractions=members.get("fractions", True),
        reference=members.get("reference", False),
    )
