"""The tables of the run log, to be read with any database browser.

Every field of a record has its own column, or stands in a small JSON column where it is a list or a
map; no record is kept a second time as a whole. An empty list or map is NULL. Text that a database
cannot hold (lone surrogates, NUL) is kept as ``escaped:"…"``, a JSON string.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Column, MetaData, Table


SAMPLE = "number of the sample, where the case has several; NULL: of the case as a whole"


@dataclass(frozen=True)
class Schema:
    """The tables. A change to one is also a step in `pytest_llmeval.runlog.migrations`."""

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
    """The tables, made at the first call."""
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
            comment="counts up in the order of the runs' beginnings",
        ),
        Column("id", Text, nullable=False, unique=True, comment="experiment id"),
        Column("name", Text),
        Column("started_at", Text),
        Column("finished_at", Text, comment="empty: still running, or cut off"),
        Column("exit_code", Integer),
        Column(
            "calls",
            Integer,
            comment="model calls that gave an answer; this and the next three of all processes",
        ),
        Column("attempts", Integer, comment="what was sent for them, failed attempts included"),
        Column("spent_usd", Double, comment="for the calls whose price is known, each once"),
        Column("unpriced", Integer, comment="calls whose price is unknown"),
        Column("settings", Text, comment="JSON"),
        Column("versions", Text, comment="JSON"),
        Column("notes", Text, comment="JSON: what the user should know, each of a kind"),
        Column("lost", Text, comment="JSON: node ids that died with their worker"),
        Column(
            "judges", Text, comment="JSON: the judges that scored, with self-test and calibration"
        ),
        Column("comparisons", Text, comment="JSON: the run against each of its baselines"),
        Column("is_cut_off", Boolean, comment="whether it was ended before every test had run"),
        Column("parts", Text, comment="JSON: ids of the runs that it was merged from"),
        Column("run_group", Text, comment="what it shares with other runs of its session"),
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
        Column("sample", Integer, nullable=False),
        Column("outcome", Text, nullable=False),
        Column("cause", Text, comment="why it ended so, in one word; empty: it passed"),
        Column("message", Text, comment="why it did not pass"),
        Column("prompt", Text, nullable=False),
        Column("expected", Text),
        Column("tags", Text, comment="JSON"),
        Column("contexts", Text, comment="JSON"),
        Column("messages", Text, comment="JSON: the chat of the golden file, where it has one"),
        Column("metadata", Text, comment="JSON"),
        Column(
            "checks",
            Text,
            comment="JSON: what became of each threshold; score: position among the scores",
        ),
        Column("row_thresholds", Text, comment="JSON: the thresholds that stand in the row"),
        Column("file", Text, nullable=False),
        Column("line", Integer, nullable=False),
        Column("nodeid", Text, nullable=False),
        Column("judge_model", Text, comment="of its scores; several joined by commas"),
        Column("started_at", Text),
        Column("duration_s", Double),
        Column("worker", Text),
        Column(
            "generation_usd",
            Double,
            comment="of its answer; NULL: unknown, 0: cached or not asked; a call that answered several cases counts "
            "for each of them, in runs.spent_usd once",
        ),
        Column(
            "judging_usd", Double, comment="of the calls of its scores, counted in the same way"
        ),
        Column("must_pass", Boolean, comment="whether it must pass; NULL: it is no golden case"),
        UniqueConstraint("run_id", "suite", "file", "case_id", "sample"),
        Index("cases_in_order", "run_id", "suite", "file", "line", "case_id", "sample"),
    )


def _of_case() -> tuple[Column[int], Column[int]]:
    """The key of a table whose rows belong to a case."""
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
            comment="'answer', or the name of the score whose call this is",
        ),
        Column(
            "score_position", Integer, comment="the score whose call this is; NULL for the answer"
        ),
        Column("text", Text, comment="NULL: asked, but no answer came"),
        Column("raw_text", Text, comment="the answer as it came, where extraction changed it"),
        Column("choices", Text, comment="JSON"),
        Column("model", Text),
        Column("endpoint", Text),
        Column("finish_reason", Text),
        Column("prompt_tokens", Integer),
        Column("completion_tokens", Integer),
        Column(
            "cost_usd", Double, comment="NULL: unknown; where cached, what the earlier run paid"
        ),
        Column("latency_s", Double),
        Column(
            "cached",
            Boolean,
            comment="from a store or a recording of an earlier run: costs nothing now",
        ),
        Column(
            "call",
            Text,
            comment="id of the call; the same where one call answered several; empty: no call",
        ),
        Column("made_at", Text, comment="when the call was made; empty: unknown"),
        Column("contexts", Text, comment="JSON"),
        Column("logprobs", Text, comment="JSON"),
        Column(
            "requested_model",
            Text,
            comment="this and what follows: the request, for the answer only",
        ),
        Column(
            "messages", Text, comment="JSON; NULL: the case's own chat or prompt, and nothing else"
        ),
        Column("temperature", Double),
        Column("top_p", Double),
        Column("max_tokens", Integer),
        Column("seed", BigInteger),
        Column("frequency_penalty", Double),
        Column("presence_penalty", Double),
        Column("other_parameters", Text, comment="JSON"),
        Column("request_sample", Integer, comment="NULL: nothing was asked"),
        Column("sees_case", Boolean, comment="whether the whole case was handed over"),
        Column("sample", Integer, comment=SAMPLE),
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
        Column("version", Text, comment="of the scorer; for a judge its fingerprint"),
        Column("scale_low", Double),
        Column("scale_high", Double),
        Column("higher_is_better", Boolean),
        Column("unit", Text),
        Column("raw", Text, comment="what the scorer saw, for example the judge's last reply"),
        Column("parts", Text, comment="JSON"),
        Column("params", Text, comment="JSON: arguments of the scorer"),
        Column("judge", Text, comment="the model that judged; empty: a metric"),
        Column("cost_usd", Double, comment="of its calls; NULL: unknown, 0: cached or none"),
        Column("sample", Integer, comment=SAMPLE),
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
            comment="what the column sample of completions and scores means",
        ),
        Column("is_draw", Boolean, comment="drawn to settle a case that must pass"),
        Column(
            "met",
            Boolean,
            comment="whether this sample alone meets every threshold; NULL: not known",
        ),
        Column("error", Text, comment="why there is no answer; empty if there is one"),
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
            comment="met, missed, error, or open: nothing was shown either way",
        ),
        Column("verdict", Text, comment="of a regression gate"),
        Column("baseline", Text, comment="what a regression gate compared with"),
        Column("reason", Text),
        Column("value", Double, comment="what was held against the bound, or the mean difference"),
        Column("n", Integer, comment="cases that it rests on"),
        Column(
            "scope",
            Text,
            comment="where the marker of the rule stands; empty: the rule is on the whole run",
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
            comment="what the case was compared with, as it was named",
        ),
        Column("outcome", Text, comment="how the case ended there; empty: unknown"),
        Column("answer", Text, comment="what was answered there; NULL: nothing, or unknown"),
        Column(
            "scores",
            Text,
            comment="JSON: [value, reason] by metric; judged again, where the judge was another",
        ),
    )
