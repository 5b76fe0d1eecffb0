"""The HTML report: one self-contained file.

It contains the JSON report and shows nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.verdicts import (
    OUTCOMES,
    RUN_OUTCOMES,
    VERDICTS,
    outcome_tone,
)
from pytest_llmeval.reports.html.case_view import CaseRow, CaseView, row, view
from pytest_llmeval.reports.html.data import Packer, packed
from pytest_llmeval.reports.html.head_figures import head_figures, in_unit, interval_text
from pytest_llmeval.reports.json_report import head_json
from pytest_llmeval.reports.output import replacing
from pytest_llmeval.reports.rerun import rerun_options
from pytest_llmeval.runlog.history import RunPoint
from pytest_llmeval.summary.changes import AGAINST_BASELINE, CHANGES, change_of
from pytest_llmeval.summary.costs import cost_text
from pytest_llmeval.summary.golden_changes import edit_text
from pytest_llmeval.summary.judges import calibration_text, selftest_text
from pytest_llmeval.summary.provider_changes import provider_changes
from pytest_llmeval.summary.slices import slice_p
from pytest_llmeval.summary.summary import Summary
from pytest_llmeval.text import (
    FORMATS,
    TINY,
    ZEROS,
    age,
    average,
    count,
    mean_text,
    moment,
    number,
    one_line,
    p_value,
    percent,
    points,
    rate_text,
    seconds,
    usd,
    visible,
)

if TYPE_CHECKING:
    from jinja2 import Environment


CARDS, ROWS = 25, 975
"""Cases of each list without JavaScript and on paper: as cards, and then as rows."""

_TEMPLATES = Path(__file__).parent / "templates"
_CLIP = 1_000  # characters of a text on the page without JavaScript
_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src 'none'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_PHRASES = (
    age, average, calibration_text, cost_text, count, edit_text, in_unit, interval_text, mean_text,
    moment, number, one_line, p_value, percent, points, provider_changes, rate_text, seconds,
    selftest_text, slice_p, usd,
)  # fmt: skip


def write_html(
    path: Path,
    run: Run,
    results: Iterable[CaseResult],
    summary: Summary,
    history: Sequence[RunPoint] = (),
) -> None:
    """Write the HTML report with one reading of the results, in constant memory.

    Args:
        path: The file to create or replace.
        run: The run.
        results: Its results, in the order of the report.
        summary: Their summary.
        history: Runs for comparison, itself included, the oldest first.

    Raises:
        LLMEvalError: The file cannot be written.
    """
    with (
        replacing(path, "HTML report") as file,
        _text_file(path.parent) as index,
        _text_file(path.parent) as data,
    ):
        options = rerun_options(run)
        digest = _Digest(options)
        packer = Packer(index, data)
        for result in results:
            digest.add(result)
            packer.add(result)
        packer.finish()
        style = _joined("css")
        script = _script()
        context = {
            "run": run,
            "summary": summary,
            "history": history,
            "figures": head_figures(run, summary),
            "digest": digest,
            "options": options,
            "style": style,
            "script": script,
            "policy": _POLICY.format(style=_hash(style), script=_hash(script)),
            "vocabulary": vocabulary(),
            "head": packed("head", head_json(run, summary, history)),
            "index": index,
            "data": data,
        }
        file.writelines(_environment().get_template("report.html.jinja").generate(context))


def vocabulary() -> dict[str, Any]:
    """Return the outcomes and changes of cases as the page's script shows them, the worst first."""
    return {
        "outcomes": [
            {"name": outcome, "tone": row.tone.name, "passes": row.passes}
            for outcome, row in OUTCOMES.items()
        ],
        "changes": [
            {
                "name": change,
                "title": CHANGES[change].title[0].upper() + CHANGES[change].title[1:],
                "tone": CHANGES[change].tone.name,
                "is_flip": CHANGES[change].is_flip,
            }
            for change in AGAINST_BASELINE
        ],
    }


def _text_file(folder: Path) -> Any:
    return TemporaryFile("w+", encoding="ascii", dir=folder)


class _List:
    """Cases of one kind: the first as cards, then as rows. All are counted."""

    def __init__(self, options: str) -> None:
        self.options = options
        self.cards: list[CaseView] = []
        self.rows: list[CaseRow] = []
        self.amount = 0

    def add(self, result: CaseResult) -> None:
        self.amount += 1
        if len(self.cards) < CARDS:
            self.cards.append(view(result, self.options))
        elif len(self.rows) < ROWS:
            self.rows.append(row(result))


class _Digest:
    """The results on the page without JavaScript, and the number of cases by change."""

    def __init__(self, options: str) -> None:
        self.lost, self.flipped, self.attention = _List(options), _List(options), _List(options)
        self.changes: Counter[str] = Counter()

    def add(self, result: CaseResult) -> None:
        """Count a result, and add it to a list if it belongs there."""
        change = change_of(result, result.before[0] if result.before else None)
        self.changes[change] += 1
        if change == "lost":
            self.lost.add(result)
        elif CHANGES[change].is_flip:
            self.flipped.add(result)
        elif OUTCOMES[result.outcome].exit_code:
            self.attention.add(result)


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        finalize=_shown,
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({phrase.__name__: phrase for phrase in _PHRASES})
    environment.filters["tone"] = lambda outcome: outcome_tone(outcome).name
    environment.globals.update(verdicts=VERDICTS, run_outcomes=RUN_OUTCOMES)
    return environment


def _shown(value: Any) -> Any:
    """Prepare a printed value: texts are clipped, and every character is visible."""
    if type(value) is str:
        return visible(clipped(value))
    return "" if value is None else value


def clipped(text: str) -> str:
    """Clip a text and write the number of missing characters."""
    if len(text) <= _CLIP:
        return text
    return f"{text[:_CLIP]} … and {len(text) - _CLIP:,} more characters"


def _joined(kind: str) -> str:
    """Join the sources of one kind, in the order of their names."""
    files = sorted((_TEMPLATES / kind).glob(f"*.{kind}"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _script() -> str:
    """Read the script of the page, with the number formats of Python."""
    formats = {"rules": FORMATS, "zeros": ZEROS, "tiny": TINY}
    return _joined("js").replace('"@FORMATS@"', json.dumps(formats))


def _hash(text: str) -> str:
    """Return the Content Security Policy (level 3) source that allows exactly this text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
