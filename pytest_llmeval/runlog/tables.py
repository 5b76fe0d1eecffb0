"""The tables of the run log, for any database browser.

Every field of a record has its own column; a list or map is JSON. An empty list or map is NULL.
Text that a database cannot hold (lone surrogates, NUL) is stored as ``escaped:"…"``, a JSON string.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Column, MetaData, Table


_SAMPLE = "number of the sample, if the case has several; NULL: the case as a whole"


@dataclass(frozen=True)
class Schema:
    """The tables. A change needs a step in `pytest_llmeval.runlog.migrations`."""

    metadata: MetaData
    schema_version: Table
    runs: Table
    cases: Table
    completions: Table
    scores: Table
    samples: Table
    gates: Table
    baselines: Table


@cache
def schema() -> Schema:
    """Return the tables, which are made at the first call."""
    from sqlalchemy import Column, Integer, MetaData, Table, Text

    metadata = MetaData()
    version = Table(
        "schema_version",
        metadata,
        Column("version", Integer, nullable=False),
        Column("since", Text),
    )
    tables = (
        make(metadata)
        for make in (_runs, _cases, _completions, _scores, _samples, _gates, _baselines)
    )
    return Schema(metadata, version, *tables)


def _runs(metadata: MetaData) -> Table:
    from sqlalchemy import Boolean, Column, Double, Integer, Table, Text

    return Table(
        "runs",
        metadata,
        Column(
            "number",
            Integer,
            primary_key=True,
            comment="number of the run, in the order of their beginnings",
        ),
        Column("id", Text, nullable=False, unique=True, comment="experiment id"),
        Column("name", Text),
        Column("started_at", Text),
        Column("finished_at", Text, comment="empty: still running, or killed"),
        Column("exit_code", Integer),
        Column(
            "calls",
            Integer,
            comment="model calls that gave an answer, of all processes, as the next three",
        ),
        Column("attempts", Integer, comment="requests that were sent, including failed attempts"),
        Column("spent_usd", Double, comment="US dollars for the calls whose price is known"),
        Column("unpriced", Integer, comment="calls whose price is unknown"),
        Column("settings", Text, comment="JSON"),
        Column("versions", Text, comment="JSON"),
        Column("notes", Text, comment="JSON: notes for the reader, with their kind"),
        Column("lost", Text, comment="JSON: node ids of tests that died with their worker"),
        Column(
            "judges", Text, comment="JSON: the judges that scored, with self-test and calibration"
        ),
        Column("comparisons", Text, comment="JSON: the run compared with its baselines"),
        Column("is_cut_off", Boolean, comment="whether it ended before every test had run"),
        Column("parts", Text, comment="JSON: ids of the runs that it was merged from"),
        Column("run_group", Text, comment="id that the runs of one session share"),
        Column("failures_without_case", Integer, comment="failures of tests without a case"),
        Column("rescored_from", Text, comment="id of the run whose answers it judged again"),
        Column("early_stop", Text, comment="JSON: what it left out, its verdict being certain"),
        Column(
            "unchanged",
            Integer,
            comment="cases that were not run, and count with their scores of the baseline",
        ),
        Column("unchanged_failures", Integer, comment="of these, the ones that fail the run"),
        Column("is_narrowed", Boolean, comment="whether pytest selected some of the tests"),
    )


def _cases(metadata: MetaData) -> Table:
    from sqlalchemy import (
        Boolean,
        Column,
        Double,
        ForeignKey,
        Index,
        Integer,
        Table,
        Text,
        UniqueConstraint,
    )

    return Table(
        "cases",
        metadata,
        Column("number", Integer, primary_key=True),
        Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
        Column("suite", Text, nullable=False),
        Column("case_id", Text, nullable=False),
        Column("outcome", Text, nullable=False),
        Column("cause", Text, comment="cause of the outcome, in one word; empty: it passed"),
        Column("message", Text, comment="why it did not pass"),
        Column("prompt", Text, nullable=False),
        Column("expected", Text),
        Column("tags", Text, comment="JSON"),
        Column("contexts", Text, comment="JSON"),
        Column("messages", Text, comment="JSON: the chat of the golden file, if it has one"),
        Column("metadata", Text, comment="JSON"),
        Column(
            "checks",
            Text,
            comment="JSON: the checks of the thresholds; score: position among the scores",
        ),
        Column("row_thresholds", Text, comment="JSON: the thresholds of the row"),
        Column("file", Text, nullable=False),
        Column("line", Integer, nullable=False),
        Column("nodeid", Text, nullable=False),
        Column("judge_model", Text, comment="models that judged, joined by commas"),
        Column("started_at", Text),
        Column("duration_s", Double),
        Column("worker", Text),
        Column(
            "generation_usd",
            Double,
            comment="cost of its answer; NULL: unknown, 0: cached or no call; a call that answered "
            "several cases counts for all of them, but once in runs.spent_usd",
        ),
        Column(
            "judging_usd",
            Double,
            comment="cost of the calls of its scores, counted in the same way",
        ),
        Column("must_pass", Boolean, comment="whether it must pass; NULL: no golden case"),
        Column("request_key", Text, comment="key of its request in every run; empty: none"),
        Column("basis", Text, comment="JSON: what its outcome rests on besides the answer"),
        UniqueConstraint("run_id", "suite", "file", "case_id"),
        Index("cases_in_order", "run_id", "suite", "file", "line", "case_id"),
    )


def _of_case() -> tuple[Column[int], Column[int]]:
    """Make the key of a table whose rows belong to a case."""
    from sqlalchemy import Column, ForeignKey, Integer

    owner = ForeignKey("cases.number", ondelete="CASCADE")
    return Column("case_number", Integer, owner, primary_key=True), Column(
        "position", Integer, primary_key=True
    )


def _completions(metadata: MetaData) -> Table:
    from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, Table, Text

    return Table(
        "completions",
        metadata,
        *_of_case(),
        Column(
            "purpose",
            Text,
            nullable=False,
            comment="'answer', or the name of the score of this call",
        ),
        Column("score_position", Integer, comment="of the score of this call; NULL: the answer"),
        Column("text", Text, comment="NULL: the call failed"),
        Column("raw_text", Text, comment="the original answer, if extraction changed it"),
        Column("choices", Text, comment="JSON"),
        Column("model", Text),
        Column("endpoint", Text),
        Column("finish_reason", Text),
        Column("prompt_tokens", Integer),
        Column("completion_tokens", Integer),
        Column("cached_tokens", Integer, comment="those of the prompt, from a cache"),
        Column("cache_write_tokens", Integer, comment="those of the prompt, into a cache"),
        Column("reasoning_tokens", Integer, comment="those of the completion, of reasoning"),
        Column("cost_usd", Double, comment="NULL: unknown; if cached, the earlier price"),
        Column("latency_s", Double),
        Column("cached", Boolean, comment="whether it is of an earlier run, and costs nothing now"),
        Column(
            "call",
            Text,
            comment="id of the call, which several cases may share; empty: no call",
        ),
        Column("made_at", Text, comment="time of the call; empty: unknown"),
        Column("contexts", Text, comment="JSON"),
        Column("logprobs", Text, comment="JSON"),
        Column(
            "requested_model",
            Text,
            comment="model of the request; this and the next columns, for the answer only",
        ),
        Column("messages", Text, comment="JSON; NULL: the chat or prompt of the case, unchanged"),
        Column("temperature", Double),
        Column("top_p", Double),
        Column("max_tokens", Integer),
        Column("seed", BigInteger),
        Column("frequency_penalty", Double),
        Column("presence_penalty", Double),
        Column("other_parameters", Text, comment="JSON"),
        Column("request_sample", Integer, comment="NULL: nothing was sent"),
        Column("sees_case", Boolean, comment="whether the provider received the whole case"),
        Column("sample", Integer, comment=_SAMPLE),
        Column("adapted", Text, comment="JSON: what was sent differently, in words"),
        Column("system_fingerprint", Text, comment="configuration behind the model; empty: none"),
    )


def _scores(metadata: MetaData) -> Table:
    from sqlalchemy import Boolean, Column, Double, Integer, Table, Text

    return Table(
        "scores",
        metadata,
        *_of_case(),
        Column("name", Text, nullable=False),
        Column("value", Double, comment="NULL: unscored"),
        Column("reason", Text),
        Column("error", Text, comment="why there is no value"),
        Column("version", Text, comment="version of the scorer; for a judge its fingerprint"),
        Column("scale_low", Double),
        Column("scale_high", Double),
        Column("higher_is_better", Boolean),
        Column("unit", Text),
        Column("raw", Text, comment="input of the scorer, for example the last reply of the judge"),
        Column("parts", Text, comment="JSON"),
        Column("params", Text, comment="JSON: arguments of the scorer"),
        Column("judge", Text, comment="the model that judged; empty: a metric"),
        Column(
            "cost_usd", Double, comment="cost of its calls; NULL: unknown, 0: cached or no call"
        ),
        Column("sample", Integer, comment=_SAMPLE),
    )


def _samples(metadata: MetaData) -> Table:
    from sqlalchemy import Boolean, Column, Integer, Table, Text

    return Table(
        "samples",
        metadata,
        *_of_case(),
        Column(
            "number",
            Integer,
            nullable=False,
            comment="the number in the column sample of completions and scores",
        ),
        Column("is_draw", Boolean, comment="drawn to decide on a case that must pass"),
        Column(
            "met",
            Boolean,
            comment="whether this sample alone meets every threshold; NULL: unknown",
        ),
        Column("error", Text, comment="error of the call; empty: there is an answer"),
    )


def _gates(metadata: MetaData) -> Table:
    from sqlalchemy import Column, Double, ForeignKey, Integer, Table, Text

    owner = ForeignKey("runs.id", ondelete="CASCADE")
    return Table(
        "gates",
        metadata,
        Column("run_id", Text, owner, primary_key=True),
        Column("position", Integer, primary_key=True, comment="the worst first"),
        Column("rule", Text, nullable=False),
        Column(
            "state",
            Text,
            nullable=False,
            comment="met, missed, error, or open: nothing was shown",
        ),
        Column("verdict", Text, comment="verdict of a regression gate"),
        Column("baseline", Text, comment="baseline of a regression gate"),
        Column("reason", Text),
        Column(
            "value", Double, comment="the figure that the gate compares, or the mean difference"
        ),
        Column("n", Integer, comment="number of cases behind it"),
        Column(
            "scope",
            Text,
            comment="node id with the marker of the rule; empty: the whole run",
        ),
    )


def _baselines(metadata: MetaData) -> Table:
    from sqlalchemy import Column, Table, Text

    return Table(
        "baselines",
        metadata,
        *_of_case(),
        Column(
            "baseline",
            Text,
            nullable=False,
            comment="the baseline, as the user named it",
        ),
        Column("outcome", Text, comment="outcome of the case in the baseline; empty: unknown"),
        Column("answer", Text, comment="answer in the baseline; NULL: none, or unknown"),
        Column(
            "scores",
            Text,
            comment="JSON: [value, reason] by metric; judged again if the judge was another",
        ),
    )
