"""The headline of a run: its verdict and one sentence.

The terminal, Markdown and a notebook show the `headline`. The HTML report has the verdict as its
title and the sentence below. The JSON report holds both as fields of the summary.
"""

from __future__ import annotations

from collections import Counter

from pytest_llmeval.records.result import Outcome
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.verdicts import UNJUDGED, VERDICTS, RunOutcome
from pytest_llmeval.settings.table import BY_GATE
from pytest_llmeval.summary.slices import worse_slices, worse_slices_text
from pytest_llmeval.text import count


def headline(verdict: RunOutcome, sentence: str) -> str:
    """Write the whole headline: ``PASSED: All 30 cases passed.``.

    Args:
        verdict: The verdict of the run.
        sentence: Its sentence, which is `Summary.headline`.
    """
    return f"{verdict.upper()}: {sentence}"


def headline_sentence(run: Run, outcomes: Counter[Outcome], is_undecided: bool) -> str:
    """Write the sentence of the headline: ``All 30 cases passed.``.

    Args:
        run: The run.
        outcomes: Number of cases by outcome.
        is_undecided: Whether gates should have decided the run but none could.
    """
    gates = "No gate decided. " if is_undecided else _open_gates_text(run)
    slices = worse_slices_text(run.comparisons)
    notes = _notes_text(run, outcomes)
    return f"{notes}{slices}{gates}{_cases_sentence(run, outcomes)}".rstrip()


def closing_line(run: Run, verdict: RunOutcome, sentence: str) -> str:
    """Write the last line of the terminal; empty where pytest's own says all there is to say.

    pytest counts failed tests, but it knows no gate and nothing of what was not judged.

    Args:
        run: The run.
        verdict: Its verdict.
        sentence: The sentence of its headline.
    """
    is_met = all(gate.state == "met" for gate in run.gates)
    is_unjudged = verdict in ("empty", "error") or run.exit_code == UNJUDGED
    if is_met and not (run.headline_notes or is_unjudged or worse_slices(run.comparisons)):
        return ""
    return f"llm: {headline(verdict, sentence)}"


def _notes_text(run: Run, outcomes: Counter[Outcome]) -> str:
    """Write what the run left unjudged."""
    # Cases that could not be judged say themselves what is wrong with the store.
    said = {note.text for note in run.notes if note.kind == "store" and outcomes["error"]}
    return "".join(f"{_as_sentence(text)} " for text in run.headline_notes if text not in said)


def _as_sentence(text: str) -> str:
    end = "" if text.endswith(("?", ".")) else "."
    # The name of a setting stays as it is written.
    if not text.partition(" ")[0].isalpha():
        return f"{text}{end}"
    return f"{text[:1].upper()}{text[1:]}{end}"


def _cases_sentence(run: Run, outcomes: Counter[Outcome]) -> str:
    xfailed = _xfailed_text(run)
    lost = len(run.lost)
    tried = outcomes.total() - outcomes["skipped"] + lost
    rows = [
        (outcomes["failed"], "missed its threshold", "missed their threshold"),
        (outcomes["error"], "could not be judged", "could not be judged"),
        (lost, "was lost with its worker", "were lost with their worker"),
        (outcomes["xfailed"], xfailed, xfailed),
    ]
    parts = [
        f"{number:,} {singular if number == 1 else plural}"
        for number, singular, plural in rows
        if number
    ]
    skipped = f" {outcomes['skipped']:,} skipped." if outcomes["skipped"] else ""
    if parts:
        first, _, rest = "; ".join(parts).partition(" ")
        return f"{first} of {count(tried, 'case')} {rest}.{skipped}"
    if not tried and run.headline_notes:
        return skipped.strip()  # a note says that no case was tried, and why
    if not tried:
        return f"No case was tried.{skipped}"
    is_all = tried > 1 and not run.is_broken
    return f"{'All ' if is_all else ''}{count(tried, 'case')} passed.{skipped}"


def _xfailed_text(run: Run) -> str:
    if run.settings.get("fail_on") == BY_GATE:
        return "failed; only gates count (--llm-fail-on gate)"
    return "failed as expected"


def _open_gates_text(run: Run) -> str:
    """Write how many gates are missed, undecided or open; empty if none is."""
    states = Counter(gate.state for gate in run.gates)
    rows = {"missed": states["missed"], "could not be decided": states["error"]}
    parts = [f"{count(number, 'gate')} {words}" for words, number in rows.items() if number]
    verdicts = [gate.answer for gate in run.gates if gate.state == "open"]
    if verdicts:
        named = ", ".join(dict.fromkeys(verdicts))
        parts.append(f"{count(len(verdicts), 'gate')} showed nothing ({named})")
    return f"{', '.join(parts)}. {_strict_text(run)}" if parts else ""


def _strict_text(run: Run) -> str:
    """Write which verdicts fail the run only because it is strict; empty if there are none."""
    verdicts = [
        gate.verdict
        for gate in run.gates
        if gate.verdict
        and gate.verdict != "OK"
        and gate.state in ("missed", "error")
        and VERDICTS[gate.verdict].state in ("met", "open")
    ]
    if not verdicts:
        return ""
    return f"--llm-strict requires OK; found {', '.join(dict.fromkeys(verdicts))}. "
