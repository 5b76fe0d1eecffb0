"""The HTML report: one file that needs nothing else, and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.reports.case_view import CaseView, view
from pytest_llmeval.reports.output import replacing, rereadable
from pytest_llmeval.reports.phrases import (
    age,
    average,
    cost_text,
    count,
    judge_text,
    moment,
    number,
    one_line,
    percent,
    seconds,
    usd,
    visible,
)
from pytest_llmeval.reports.summary import Summary
from pytest_llmeval.results import CaseResult, Run

if TYPE_CHECKING:
    from jinja2 import Environment

NEEDS_ATTENTION = ("failed", "error")
POLICY = "default-src 'none'; style-src '{style}'; base-uri 'none'; form-action 'none'"


def write_html(path: Path, run: Run, results: Iterable[CaseResult], summary: Summary) -> None:
    """Write the HTML report, case by case: those that failed or broke first, then the others.

    Args:
        path: The file to make or replace.
        run: The run.
        results: Its results, in the order of the report. Read twice.
        summary: Their summary.

    Raises:
        LLMEvalError: The file cannot be written.
    """
    again = rereadable(results)
    css = _data("report.css")
    context = {
        "run": run,
        "summary": summary,
        "css": css,
        "policy": POLICY.format(style=_hash(css)),
        "attention": _views(again, urgent=True),
        "others": _views(again, urgent=False),
    }
    template = _environment().from_string(_data("report.html.jinja"))
    with replacing(path, "HTML report") as file:
        file.writelines(template.generate(context))


def _views(results: Iterable[CaseResult], urgent: bool) -> Iterator[CaseView]:
    return (view(result) for result in results if (result.outcome in NEEDS_ATTENTION) is urgent)


def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, finalize=_shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    phrases = (age, average, cost_text, count, judge_text, moment, number, one_line, percent, seconds, usd)
    environment.filters.update({phrase.__name__: phrase for phrase in phrases})
    return environment


def _shown(value: Any) -> Any:
    """What the template prints, with every character of a text visible; its own markup stays as it is."""
    if type(value) is str:
        return visible(value)
    return "" if value is None else value


def _data(name: str) -> str:
    return (resources.files("pytest_llmeval.reports") / "templates" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The source expression of Content Security Policy level 3 that allows exactly this text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
