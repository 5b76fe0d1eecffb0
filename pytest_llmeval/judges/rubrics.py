"""What a rubric judge judges by: one criterion and one sentence for each score."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import SettingError
from pytest_llmeval.judges.prompting import prompt_file


@dataclass(frozen=True)
class Rubric:
    """One criterion with its scale from 0 to 5.

    Attributes:
        criteria: What is judged, in a sentence.
        anchors: What each score means: six sentences, for 0, 1, 2, 3, 4 and 5.
        fractions: Whether a score may lie between two whole numbers.
        reference: Whether the expected answer is what it judges by, so that a judge can be tested with it.
    """

    criteria: str
    anchors: tuple[str, ...]
    fractions: bool = True
    reference: bool = False


def default_rubric() -> Rubric:
    """The rubric that ``--min-score`` bounds: correctness."""
    return _rubric(json.loads(prompt_file("default_rubric.json")))


def with_criteria(criteria: str) -> Rubric:
    """A rubric for a criterion of the user's own, with anchors that fit any criterion.

    Args:
        criteria: The criterion, in words.

    Raises:
        SettingError: It is empty.
    """
    if not criteria.strip():
        raise SettingError("the judge's criteria", criteria, "text that is not empty", "Leave it out for correctness.")
    return replace(_rubric(json.loads(prompt_file("any_criterion.json"))), criteria=criteria.strip())


def load_rubric(path: Path) -> Rubric:
    """Read a rubric from a JSON file, checked against ``judges/prompts/rubric.schema.json``.

    Args:
        path: File with ``criteria``, ``anchors`` (an object with the keys ``"0"`` to ``"5"``), and optionally
            ``fractions``, ``reference`` and ``source``.

    Raises:
        SettingError: The file cannot be read, is not JSON, or a key has a value that is not allowed.
    """
    from jsonschema import Draft202012Validator  # late: only a run with a rubric of its own needs it

    members = _read(path)
    validator = Draft202012Validator(json.loads(prompt_file("rubric.schema.json")))
    for error in sorted(validator.iter_errors(members), key=lambda error: list(map(str, error.absolute_path))):
        key = ".".join(map(str, error.absolute_path))
        found = sorted(error.instance) if isinstance(error.instance, dict) else error.instance
        allowed = str(error.schema.get("description", error.message))
        raise SettingError(f"{path} key {key!r}" if key else str(path), found, allowed, f"({error.message}.)")
    return _rubric(members)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingError(str(path), error.strerror, "a JSON file that can be read") from None
    except UnicodeDecodeError:
        raise SettingError(str(path), "bytes that are not UTF-8", "a JSON file in UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"{path}:{error.lineno}:{error.colno}"
        raise SettingError(place, error.msg, "a JSON object with criteria and anchors") from None


def _rubric(members: Any) -> Rubric:
    return Rubric(
        criteria=members["criteria"],
        anchors=tuple(members["anchors"][str(score)] for score in range(6)),
        fractions=members.get("fractions", True),
        reference=members.get("reference", False),
    )
