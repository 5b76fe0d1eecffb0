"""The table of all settings.

The fields of `Settings` are the option table. From it come the pytest options (``--llm-*``), the
ini keys (``llm_*``), the environment variables (``LLMEVAL_*``), the keywords of the markers, and
the reference page. Secrets are not settings: the providers alone read API keys.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llmeval.settings.option import JsonObject, Option, option

if TYPE_CHECKING:
    from pytest_llmeval.records.call import Parameters
    from pytest_llmeval.records.threshold import Threshold


class Replaced(NamedTuple):
    """A value of the ini file, or a default, that a nearer one replaces.

    Attributes:
        name: Name of the setting.
        value: The value of the file.
        text: Its ini key and the value.
    """

    name: str
    value: Any
    text: str


class Bound(NamedTuple):
    """A bound on a score of every case.

    Attributes:
        level: ``command line``, ``environment``, ``ini`` or ``keyword``. For each scorer, the
            strongest level with a bound counts.
        origin: Flag, variable, ini key or keyword that holds it.
        text: The bound, for example ``rubric>=4``.
    """

    level: str
    origin: str
    text: str


PARAMETER_NAMES = (
    "temperature", "top_p", "max_tokens", "stop", "seed", "frequency_penalty", "presence_penalty",
    "n", "extra_body",
)  # fmt: skip

_CASES_A_CALL = 4
"""Cases ahead per concurrent call: enough to keep every call busy, even if some are slow."""


BY_GATE = "gate"
"""The value of ``fail_on`` that leaves missed thresholds to the gates."""

OFF, REPLAY, ONCE, NEW_EPISODES, RECORD_ALL = "off", "none", "once", "new_episodes", "all"
"""The record modes."""

SECTIONS = {
    "model": "Model",
    "engine": "Limits and retries",
    "store": "Completion store and recordings",
    "money": "Cost",
    "generation": "Generation",
    "judge": "Judge",
    "trust": "Trust in the judge",
    "thresholds": "Thresholds",
    "cases": "Cases",
    "gates": "Gates and baselines",
    "metrics": "Metrics",
    "reports": "Log and reports",
}
"""Headings of the sections of the table, in its order."""

EVERYDAY = (
    "model", "base_url", "provider", "concurrency", "record", "budget", "dry_run", "temperature",
    "samples", "judge_model", "judge_base_url", "min_score", "threshold", "strict", "limit",
    "where", "gate", "baseline", "name", "html", "json", "summary",
)  # fmt: skip
"""Settings that ``pytest --help`` shows; ``llmeval options`` lists all."""


@dataclass(frozen=True)
class Settings:
    """The settings in force.

    `pytest_llmeval.settings.resolve.resolve` makes them, and `overridden` refines them for a test.
    """

    model: str | None = option("text", None, "model", "model under test", "NAME")
    base_url: str | None = option(
        "text",
        None,
        "model",
        "base URL of its OpenAI-compatible endpoint, or a failover list separated by spaces",
        "URL",
        also_env=("OPENAI_BASE_URL",),
    )
    provider: str | None = option(
        "text",
        None,
        "model",
        "provider of the answers: openai (default), local:PATH, python:pkg.mod:function "
        "or column:NAME",
        "SPEC",
    )
    timeout: float = option(
        "number", 120.0, "model", "total seconds a call may take", "SECONDS", low=0.001
    )
    connect_timeout: float = option(
        "number", 10.0, "model", "seconds to connect", "SECONDS", low=0.001
    )
    read_timeout: float = option(
        "number",
        60.0,
        "model",
        "seconds to wait for the next byte of a response",
        "SECONDS",
        low=0.001,
    )
    write_timeout: float = option(
        "number", 30.0, "model", "seconds to send a request", "SECONDS", low=0.001
    )

    concurrency: int = option(
        "integer", 16, "engine", "maximum concurrent calls per endpoint", "N", low=1
    )
    lookahead: int | None = option(
        "integer",
        None,
        "engine",
        "cases to start ahead of the running test (default: 4 times the concurrency; 0: none)",
        "N",
        low=0,
    )
    rpm: float | None = option(
        "number", None, "engine", "maximum requests per minute and endpoint", "N", low=0.001
    )
    tpm: float | None = option(
        "number", None, "engine", "maximum tokens per minute and endpoint", "N", low=0.001
    )
    retries: int = option("integer", 6, "engine", "retries for transient errors", "N", low=0)
    deadline: float = option(
        "number",
        600.0,
        "engine",
        "seconds after which a failed call is no longer retried",
        "SECONDS",
        low=0.001,
    )

    store: str = option(
        "text", ".llmeval/completions.sqlite", "store", "path of the completion store", "PATH"
    )
    no_cache: bool = option("flag", False, "store", "do not read or write the completion store")
    max_age: float | None = option(
        "number",
        None,
        "store",
        "maximum age of a stored completion, in days",
        "DAYS",
        low=0,
    )
    record: str = option(
        "choice",
        OFF,
        "store",
        "record mode: none (replay only), once, new_episodes, all (record everything again) or off",
        "MODE",
        choices=(OFF, REPLAY, ONCE, NEW_EPISODES, RECORD_ALL),
    )
    recordings: str | None = option(
        "text",
        None,
        "store",
        "folder of the recordings (default: recordings/ next to each golden file)",
        "DIR",
    )

    budget: float | None = option(
        "number", None, "money", "maximum cost of the run in US dollars", "USD", low=0
    )
    dry_run: bool = option(
        "flag",
        False,
        "money",
        "estimate requests, tokens, cost and cache hits without sending anything",
    )
    dry_run_json: str | None = option(
        "text", None, "money", "file for what --llm-dry-run has found, as JSON", "PATH"
    )
    prices: tuple[str, ...] = option(
        "list",
        (),
        "money",
        'custom prices, one per line: "MODEL = INPUT OUTPUT [CACHED]" (US dollars per million '
        'tokens) or "NAME = USD" (per call)',
        ini_only=True,
    )

    system_prompt: str | None = option("text", None, "generation", "system message of every prompt")
    template: str | None = option(
        "text",
        None,
        "generation",
        "Jinja2 template that makes the prompt from the case, or file:PATH",
        "TEMPLATE",
    )
    temperature: float | None = option(
        "number", None, "generation", "sampling temperature", "T", low=0, high=2
    )
    top_p: float | None = option(
        "number", None, "generation", "nucleus sampling mass", "P", low=0, high=1
    )
    max_tokens: int | None = option(
        "integer", None, "generation", "maximum length of an answer, in tokens", "N", low=1
    )
    stop: tuple[str, ...] = option("list", (), "generation", "stop sequence (repeatable)")
    seed: int | None = option("integer", None, "generation", "sampling seed", "N")
    frequency_penalty: float | None = option(
        "number", None, "generation", "frequency penalty", "X", low=-2, high=2
    )
    presence_penalty: float | None = option(
        "number", None, "generation", "presence penalty", "X", low=-2, high=2
    )
    n: int | None = option(
        "integer", None, "generation", "choices per call; the first is scored", "N", low=1
    )
    samples: int = option("integer", 1, "generation", "completions per case", "N", low=1)
    reducer: str = option(
        "text",
        "mean",
        "generation",
        "how to combine the scores of samples: mean, median, min, max, majority, vote, pass@K "
        "or pass^K",
        "HOW",
    )
    extra_body: Mapping[str, Any] = option(
        "json", JsonObject(), "generation", "JSON object merged into the request body", "JSON"
    )
    answer_pattern: str | None = option(
        "pattern",
        None,
        "generation",
        "regular expression that extracts the answer from the reply (first group or whole match)",
        "REGEX",
    )

    judge_model: str | None = option(
        "text", None, "judge", "model of the judge (default: the model under test)", "NAME"
    )
    judge_base_url: str | None = option(
        "text", None, "judge", "base URL of the judge's endpoint", "URL"
    )
    judge_provider: str | None = option(
        "text", None, "judge", "provider of the judge, as for --llm-provider", "SPEC"
    )
    judge_criteria: str | None = option(
        "text",
        None,
        "judge",
        "criterion of the rubric, or a JSON object of named criteria",
    )
    judge_rubric: str | None = option(
        "text",
        None,
        "judge",
        "JSON file with criteria and an anchor for each score 0-5, or with several named rubrics",
        "PATH",
    )
    judge_format: str = option(
        "choice",
        "json_schema",
        "judge",
        "response format of the judge",
        "FORMAT",
        choices=("json_schema", "json_object", "text", "rating"),
    )
    judge_logprobs: bool = option(
        "flag",
        False,
        "judge",
        "weight the scores 0-5 by their probability if the endpoint returns logprobs",
    )
    judge_max_tokens: int = option(
        "integer", 200, "judge", "maximum length of a judge's reply, in tokens", "N", low=1
    )
    judge_temperature: float = option(
        "number", 0.0, "judge", "sampling temperature of the judge", "T", low=0, high=2
    )
    judge_extra_body: Mapping[str, Any] = option(
        "json",
        JsonObject(),
        "judge",
        "JSON object merged into the body of the judge's requests",
        "JSON",
    )
    judge_samples: int = option(
        "integer",
        5,
        "judge",
        "replies that geval averages if the endpoint returns no logprobs",
        "N",
        low=1,
    )
    judge_against: str | None = option(
        "text",
        None,
        "judge",
        "opponent of the pairwise judge: column:NAME, run:ID, run:latest or model:NAME",
        "SPEC",
    )
    jury: tuple[str, ...] = option(
        "list",
        (),
        "judge",
        "juror of the jury judge: MODEL, MODEL@URL or local:PATH (repeatable)",
        "JUROR",
    )
    jury_reducer: str = option(
        "choice",
        "mean",
        "judge",
        "how to combine the jurors' scores",
        "HOW",
        choices=("mean", "median"),
    )

    no_selftest: bool = option(
        "flag", False, "trust", "let a judge gate without a self-test; the report mentions it"
    )
    selftest_days: int = option(
        "integer",
        30,
        "trust",
        "days after which a judge repeats its self-test before it may gate",
        "N",
        low=1,
    )
    anchors: int = option(
        "integer",
        25,
        "trust",
        "number of the baseline's stored answers that a judge scores again in a run with a "
        "regression gate, so that its own change does not pass for one of the answers; 0: none",
        "N",
        low=0,
    )
    min_agreement: tuple[str, ...] = option(
        "list",
        (),
        "trust",
        'minimum agreement of a judge that gates, for example "kappa>=0.6" (repeatable)',
        "THRESHOLD",
    )
    judges: str = option(
        "text",
        ".llmeval/judges.json",
        "trust",
        "file of the judges' self-tests and calibrations",
        "PATH",
    )

    min_score: float | None = option(
        "number",
        None,
        "thresholds",
        "minimum rubric score (0-5) of every case",
        "X",
        low=0,
        high=5,
    )
    threshold: tuple[str, ...] = option(
        "list",
        (),
        "thresholds",
        'threshold for a score of every case, for example "toxicity<=0.2" (repeatable)',
        "THRESHOLD",
    )

    must_pass: str | None = option(
        "text",
        None,
        "thresholds",
        "cases that must pass, as a Jinja2 expression; further samples confirm a miss",
        "EXPR",
    )

    golden: tuple[str, ...] = option(
        "list",
        (),
        "cases",
        "folders or glob patterns of golden files to collect as tests",
        ini_only=True,
    )
    columns: tuple[str, ...] = option(
        "list",
        (),
        "cases",
        'field of a custom column, as "COLUMN = FIELD"; the field metadata for one that is none '
        "(repeatable)",
        "LINE",
    )
    limit: int | None = option(
        "integer",
        None,
        "cases",
        "run a random sample of N cases",
        "N",
        low=1,
    )
    limit_seed: int = option(
        "integer",
        0,
        "cases",
        "seed of the random sample of --llm-limit and of the order of --llm-stop-early",
        "N",
    )
    where: str | None = option(
        "text",
        None,
        "cases",
        "run only the cases that match this Jinja2 expression",
        "EXPR",
    )
    stop_early: bool = option(
        "flag",
        False,
        "cases",
        "run the cases in a random order, and stop as soon as the regression gate is certain",
    )
    changed: bool = option(
        "flag",
        False,
        "cases",
        "run only the cases that have changed since the baseline, and count the others with their "
        "scores there",
    )
    strict: bool = option(
        "flag",
        False,
        "cases",
        "fail where anything is left unjudged: no model, no case, no threshold, a part of the "
        "baseline; gates must prove there is no regression",
    )

    baseline: tuple[str, ...] = option(
        "list",
        (),
        "gates",
        "baseline to compare the run with: id or name of a run, latest, a baseline file, "
        "a JSON report or a table (repeatable)",
        "RUN",
    )
    gate: tuple[str, ...] = option(
        "list",
        (),
        "gates",
        'rule for the whole run, for example "pass_rate>=.95" or "regression(rubric)" (repeatable)',
        "RULE",
    )
    margin: float = option(
        "number",
        0.02,
        "gates",
        "smallest drop that matters, as a share of the scale",
        "SHARE",
        low=0.0001,
        high=1,
    )
    alpha: float = option(
        "number",
        0.05,
        "gates",
        "probability of a false alarm, one-sided",
        "P",
        low=0.0001,
        high=0.5,
    )
    cluster: str = option(
        "text",
        "",
        "gates",
        "column that groups dependent cases, such as a document or conversation",
        "COLUMN",
    )
    fail_on: str = option(
        "choice",
        "case",
        "gates",
        "what fails the run: case (every missed threshold) or gate (gates and cases that must "
        "pass)",
        "WHAT",
        choices=("case", BY_GATE),
    )
    quarantine: str | None = option(
        "text",
        None,
        "gates",
        "CSV or JSON file of quarantined cases, which run without gating: id, until, reason",
        "PATH",
    )

    toxicity: str = option(
        "choice",
        "detoxify",
        "metrics",
        "how to measure toxicity",
        "HOW",
        choices=("detoxify", "judge"),
    )
    toxicity_model: str = option(
        "text",
        "original",
        "metrics",
        "detoxify model: original, unbiased, multilingual, original-small, unbiased-small "
        "or a local checkpoint",
        "NAME",
    )
    embedding: str = option(
        "text",
        "minilm",
        "metrics",
        "embedder for similarity and relevance: minilm, wordllama or openai:MODEL",
        "SPEC",
    )
    bias: str = option(
        "choice",
        "counterfactual",
        "metrics",
        "how to measure bias",
        "HOW",
        choices=("counterfactual", "judge"),
    )
    language: str = option(
        "text", "en_US", "metrics", "language of the readability formulas", "LANG"
    )

    log: str = option(
        "text",
        ".llmeval/runs.sqlite",
        "reports",
        "path or SQLAlchemy URL of the run log; empty for none",
        "URL",
    )
    json: str = option(
        "text", ".llmeval/report.json", "reports", "path of the JSON report; empty for none", "PATH"
    )
    html: str = option(
        "text", ".llmeval/report.html", "reports", "path of the HTML report; empty for none", "PATH"
    )
    csv: str = option("text", "", "reports", "path of the results as CSV; empty for none", "PATH")
    summary: str = option(
        "text",
        "",
        "reports",
        "path of the Markdown summary for a pull request; empty for none",
        "PATH",
    )
    code_quality: str = option(
        "text", "", "reports", "path of GitLab's code quality report; empty for none", "PATH"
    )
    annotations: str = option(
        "choice",
        "auto",
        "reports",
        "annotate failing rows: github, none, or auto (github inside GitHub Actions)",
        "WHO",
        choices=("auto", "github", "none"),
    )
    name: str = option("text", "", "reports", "name of the run in the log and reports")

    explicit: frozenset[str] = frozenset()
    """Names of the settings given on the command line: a marker does not change them."""

    environment: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)
    """Names of the settings given in the environment."""

    empty: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    """Options and variables of decisive settings that are given without a value."""

    declared_baselines: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    """Baselines of the ini file, which need not exist before their first accepted run."""

    replaced_gates: tuple[Bound, ...] = dataclasses.field(default=(), compare=False)
    """Gates of a weaker origin that a nearer one replaces."""

    ini_overrides: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)
    """Names of the settings whose ini key ``-o`` gives."""

    added: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)
    """Names of the settings whose value ``PYTEST_ADDOPTS`` gives."""

    replaced_bounds: tuple[tuple[str, Bound], ...] = dataclasses.field(default=(), compare=False)
    """Thresholds of the ini file that ``-o`` replaces, each with the name of its setting."""

    replaced: tuple[Replaced, ...] = dataclasses.field(default=(), compare=False)
    """Other values of the ini file, or defaults, that a nearer one replaces."""

    bounds: tuple[Bound, ...] = ()
    """Bounds of ``min_score`` and ``threshold``, those of the strongest level first."""

    origins: tuple[tuple[str, str], ...] = ()
    """For each setting that was written: its name, and the flag, variable, key or marker."""

    def origin(self, name: str) -> str:
        """Return where a setting was written, or else the flag that would set it."""
        return dict(self.origins).get(name) or OPTION_BY_NAME[name].flag

    @property
    def cases_ahead(self) -> int:
        """Maximum number of cases in progress, including the running one; 0: one call at a time."""
        if self.lookahead is None:
            return self.concurrency * _CASES_A_CALL
        return self.lookahead

    @property
    def requires_scores(self) -> bool:
        """Whether any case without a model or a judge is an error instead of skipped."""
        return self.strict or any(bound.level != "ini" for bound in self.bounds)

    @cached_property
    def _hash(self) -> int:
        # The fields: this property is not among them yet.
        compared = (name for name in vars(self) if name not in _NOT_COMPARED)
        return hash(tuple(getattr(self, name) for name in compared))

    def __hash__(self) -> int:
        return self._hash  # computed once, since every test looks its scorers up by its settings

    def parameters(self) -> Parameters:
        """Return the sampling parameters of a generation."""
        from pytest_llmeval.records.call import (
            Parameters,  # late: pytest's start-up needs the table alone
        )

        values = {name: getattr(self, name) for name in PARAMETER_NAMES}
        return Parameters(**{**values, "extra_body": dict(self.extra_body)})

    def overridden(
        self,
        values: Mapping[str, object],
        origin: str,
        keywords: Mapping[str, str] | None = None,
    ) -> Settings:
        """Return these settings with a marker's values, except where the command line decides.

        Args:
            values: Values by setting name.
            origin: The marker, for error texts.
            keywords: The keywords of the marker by setting, where they differ.

        Raises:
            SettingError: A value is not allowed.
        """
        keywords = keywords or {}
        read = {
            name: OPTION_BY_NAME[name].read(value, f"{origin} {keywords.get(name, name)}")
            for name, value in values.items()
            if value is not None
        }
        applied = {name: value for name, value in read.items() if name not in self.explicit}
        origins = {**dict(self.origins), **{name: f"{origin} {name}" for name in applied}}
        return dataclasses.replace(self, **applied, origins=tuple(origins.items()))

    def thresholds(self) -> tuple[Threshold, ...]:
        """Return the thresholds on every case, those of the strongest level first.

        Raises:
            SettingError: A threshold cannot be read.
        """
        if not self.bounds:
            return ()
        from pytest_llmeval.records.threshold import (
            Threshold,  # late: pytest's start-up needs the table alone
        )

        return tuple(Threshold.parse(bound.text, bound.origin) for bound in self.bounds)

    def threshold_groups(self) -> list[list[Threshold]]:
        """Return the thresholds on every case by level, the strongest level first.

        Raises:
            SettingError: A bound cannot be read.
        """
        groups: dict[str, list[Threshold]] = {}
        for bound, threshold in zip(self.bounds, self.thresholds(), strict=True):
            groups.setdefault(bound.level, []).append(threshold)
        return list(groups.values())


def _table() -> tuple[Option, ...]:
    rows = []
    for field in dataclasses.fields(Settings):
        if field.metadata:
            rows.append(Option(name=field.name, default=field.default, **field.metadata))
    return tuple(rows)


_NOT_COMPARED = tuple(field.name for field in dataclasses.fields(Settings) if not field.compare)
"""Fields that say where values come from, and change nothing else."""

OPTIONS = _table()
"""The option table, in the order of the reference page."""

OPTION_BY_NAME = {row.name: row for row in OPTIONS}
"""The same rows by the name of their setting."""
