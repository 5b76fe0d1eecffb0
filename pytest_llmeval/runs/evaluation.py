"""The result of `evaluate`: results, verdict, a data frame, and a short table in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmeval.extras import Extra
from pytest_llmeval.records.comparison import Comparison, GateOutcome
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.verdicts import OUTCOMES, RunOutcome
from pytest_llmeval.summary.headline import headline
from pytest_llmeval.summary.summary import Summary

if TYPE_CHECKING:
    import pandas


_EXTRA = Extra("pandas", ("pandas",))
_WORST_SHOWN = 5
_WORST_FIRST = tuple(outcome for outcome in OUTCOMES if outcome != "passed")


@dataclass(frozen=True)
class Evaluation:
    """A finished run, as `evaluate` returns it. A notebook shows it as a short table.

    Attributes:
        run: The record of the run in the run log.
        results: The results of all cases, in the order of the golden files.
        summary: The summary of the run.
        paths: Paths of the run log and the reports by kind.
        ci_lines: Lines that annotate a pull request when a CI job prints them.
    """

    run: Run
    results: tuple[CaseResult, ...]
    summary: Summary
    paths: Mapping[str, str]
    ci_lines: tuple[str, ...] = ()

    @property
    def verdict(self) -> RunOutcome:
        """``passed``, ``failed`` (worse than required), ``error`` (not judged) or ``empty``."""
        return self.summary.verdict

    @property
    def exit_code(self) -> int:
        """The exit code that pytest would have: 0, 1 (worse) or 10 (not judged)."""
        return self.run.exit_code or 0

    @property
    def gates(self) -> tuple[GateOutcome, ...]:
        """The outcomes of the gates, the worst first."""
        return self.run.gates

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The comparisons with all readable baselines."""
        return self.run.comparisons

    def to_pandas(self) -> pandas.DataFrame:
        """Return a row per case with the columns of the CSV report.

        Raises:
            MissingExtraError: The extra ``pandas`` is not installed.
        """
        _EXTRA.require("to_pandas()")
        import pandas

        from pytest_llmeval.reports.csv_report import table

        head, rows = table(self.run, self.results)
        frame: pandas.DataFrame = pandas.DataFrame(list(rows), columns=head)
        return frame

    def __repr__(self) -> str:
        return f"<Evaluation {self.run.id}: {self.summary.headline}>"

    def _repr_html_(self) -> str:
        """Return the headline, the counts and the worst cases for a notebook."""
        summary = self.summary
        counts = {
            "passed": summary.passed,
            "failed": summary.failed,
            "error": summary.error,
            "skipped": summary.skipped,
            "expected to fail": summary.xfailed,
        }
        shown = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)
        lines = [
            f"<p><strong>{html.escape(headline(summary.verdict, summary.headline))}</strong></p>",
            f"<p>{html.escape(shown)}</p>",
        ]
        worst = self._worst()
        if worst:
            rows = "".join(_html_row(result) for result in worst)
            head = "<tr><th>case</th><th>outcome</th><th>reason</th></tr>"
            lines.append(f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>")
        return "\n".join(lines)

    def _worst(self) -> list[CaseResult]:
        results = [result for result in self.results if result.outcome in _WORST_FIRST]
        results.sort(key=lambda result: _WORST_FIRST.index(result.outcome))
        return results[:_WORST_SHOWN]


def _html_row(result: CaseResult) -> str:
    reason = result.message.partition("\n")[0]
    cells = (result.case.id, result.outcome, reason)
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"
