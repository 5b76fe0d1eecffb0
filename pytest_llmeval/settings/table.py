"""Every setting, declared once.

The fields of `Settings` are the option table. From it come the pytest options (``--llm-*``), the
ini keys (``llm_*``), the environment variables (``LLMEVAL_*``), the keywords of the markers, and
the reference page. Secrets are no settings: API keys are read from the environment by the providers
alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llmeval.settings.option import JsonObject, Option, option

if TYPE_CHECKING:
    from pytest_llmeval.records.call import Parameters
    from pytest_llmeval.records.threshold import Threshold


PARAMETER_NAMES = (
    "temperature", "top_p", "max_tokens", "stop", "seed", "frequency_penalty", "presence_penalty", "n", "extra_body",
)  # fmt: skip

CASES_A_CALL = 4
"""Cases ahead for each call that may be in flight: as good as all, even where some calls are slow."""


SECTIONS = {
    "model": "What answers",
    "engine": "Limits and retries",
    "store": "Completion store and recordings",
    "money": "Money",
    "generation": "How to generate",
    "judge": "What judges, and how",
    "trust": "Whether a judge may gate",
    "thresholds": "Thresholds",
    "cases": "Cases",
    "gates": "Gates and baselines",
    "metrics": "Metrics",
    "reports": "What a run leaves behind",
}
"""Headings of the sections of the table, in its order."""


@dataclass(frozen=True)
class Settings:
    """The settings in force. Made by `pytest_llmeval.settings.table.resolve.resolve`, refined for one test by `overridden`."""

    model: str | None = option("text", None, "model", "model under test", "NAME")
    base_url: str | None = option(
        "text",
        None,
        "model",
        "base URL of its OpenAI-compatible endpoint; several, separated by spaces, are a failover list",
        "URL",
        also_env=("OPENAI_BASE_URL",),
    )
    provider: str | None = option(
        "text",
        None,
        "model",
        "what answers: openai (default), local:PATH, python:pkg.mod:function or column:NAME",
        "SPEC",
    )
    timeout: float = option(
        "number", 120.0, "model", "seconds one call may take in all", "SECONDS", low=0.001
    )
    connect_timeout: float = option(
        "number", 10.0, "model", "seconds to connect", "SECONDS", low=0.001
    )
    read_timeout: float = option(
        "number",
        60.0,
        "model",
        "seconds to wait for the next byte of an answer",
        "SECONDS",
        low=0.001,
    )
    write_timeout: float = option(
        "number", 30.0, "model", "seconds to send a request", "SECONDS", low=0.001
    )

    concurrency: int = option(
        "integer", 16, "engine", "most calls in flight to one endpoint", "N", low=1
    )
    lookahead: int | None = option(
        "integer",
        None,
        "engine",
        "how many cases ahead of the running test are asked for (default: 4 times the concurrency; 0: none)",
        "N",
        low=0,
    )
    rpm: float | None = option(
        "number", None, "engine", "most requests a minute to one endpoint", "N", low=0.001
    )
    tpm: float | None = option(
        "number", None, "engine", "most tokens a minute to one endpoint", "N", low=0.001
    )
    retries: int = option(
        "integer", 6, "engine", "how often a call that may succeed later is tried again", "N", low=0
    )
    deadline: float = option(
        "number",
        600.0,
        "engine",
        "seconds after which a failed call is not tried again",
        "SECONDS",
        low=0.001,
    )

    store: str = option(
        "text", ".llmeval/completions.sqlite", "store", "completion store: a path", "PATH"
    )
    no_cache: bool = option(
        "flag", False, "store", "neither read nor keep completions in the completion store"
    )
    max_age: float | None = option(
        "number",
        None,
        "store",
        "oldest completion of the store that is used, in days",
        "DAYS",
        low=0,
    )
    record: str = option(
        "choice",
        "off",
        "store",
        "answer from recordings: none (only from them), once, new_episodes, all (record all anew), or off",
        "MODE",
        choices=("off", "none", "once", "new_episodes", "all"),
    )
    recordings: str | None = option(
        "text",
        None,
        "store",
        "folder of the recordings (default: a folder recordings beside each golden file)",
        "DIR",
    )

    budget: float | None = option(
        "number", None, "money", "most US dollars that the run may spend", "USD", low=0
    )
    dry_run: bool = option(
        "flag", False, "money", "print requests, tokens, cost and cache hits, and send nothing"
    )
    prices: tuple[str, ...] = option(
        "list",
        (),
        "money",
        'own prices, a line each: "MODEL = INPUT OUTPUT" (US dollars for a million tokens) or "NAME = USD" (a call)',
        ini_only=True,
    )

    system_prompt: str | None = option(
        "text", None, "generation", "system message put before every prompt"
    )
    template: str | None = option(
        "text",
        None,
        "generation",
        "Jinja2 template of the prompt over the case, or file:PATH of one",
        "TEMPLATE",
    )
    temperature: float | None = option(
        "number", None, "generation", "sampling temperature", "T", low=0, high=2
    )
    top_p: float | None = option(
        "number", None, "generation", "nucleus sampling mass", "P", low=0, high=1
    )
    max_tokens: int | None = option(
        "integer", None, "generation", "longest answer, in tokens", "N", low=1
    )
    stop: tuple[str, ...] = option(
        "list", (), "generation", "text that ends an answer (repeatable)"
    )
    seed: int | None = option("integer", None, "generation", "seed passed to the endpoint", "N")
    frequency_penalty: float | None = option(
        "number", None, "generation", "penalty on frequent tokens", "X", low=-2, high=2
    )
    presence_penalty: float | None = option(
        "number", None, "generation", "penalty on tokens already used", "X", low=-2, high=2
    )
    n: int | None = option(
        "integer", None, "generation", "choices asked of one call; the first is scored", "N", low=1
    )
    samples: int = option("integer", 1, "generation", "completions of each case", "N", low=1)
    reducer: str = option(
        "text",
        "mean",
        "generation",
        "how the scores of samples become one: mean, median, min, max, majority, vote, pass@K or pass^K",
        "HOW",
    )
    extra_body: Mapping[str, Any] = option(
        "json", JsonObject(), "generation", "JSON object merged into the request body", "JSON"
    )
    answer_pattern: str | None = option(
        "pattern",
        None,
        "generation",
        "regular expression that finds the answer in the reply (its first group, else the whole match)",
        "REGEX",
    )

    judge_model: str | None = option(
        "text", None, "judge", "model that judges (default: the model under test)", "NAME"
    )
    judge_base_url: str | None = option(
        "text", None, "judge", "base URL of the judge's endpoint", "URL"
    )
    judge_provider: str | None = option(
        "text", None, "judge", "what judges, as for --llm-provider", "SPEC"
    )
    judge_criteria: str | None = option(
        "text",
        None,
        "judge",
        "the criterion that the rubric judges by, or a JSON object of several by name",
    )
    judge_rubric: str | None = option(
        "text",
        None,
        "judge",
        "JSON file with criteria and an anchor for each score 0-5, or several of these by name",
        "PATH",
    )
    judge_format: str = option(
        "choice",
        "json_schema",
        "judge",
        "response format asked of the judge",
        "FORMAT",
        choices=("json_schema", "json_object", "text", "rating"),
    )
    judge_logprobs: bool = option(
        "flag",
        False,
        "judge",
        "weigh the scores 0-5 by their probability, where the endpoint has logprobs",
    )
    judge_max_tokens: int = option(
        "integer", 200, "judge", "longest reply of the judge, in tokens", "N", low=1
    )

    judge_samples: int = option(
        "integer",
        5,
        "judge",
        "replies that geval averages where the endpoint sends no logprobs",
        "N",
        low=1,
    )
    judge_against: str | None = option(
        "text",
        None,
        "judge",
        "what pairwise compares the answer with: column:NAME, run:ID (latest: the last run) or model:NAME",
        "SPEC",
    )
    jury: tuple[str, ...] = option(
        "list",
        (),
        "judge",
        "a juror of the score jury: MODEL, MODEL@URL or local:PATH (repeatable)",
        "JUROR",
    )
    jury_reducer: str = option(
        "choice",
        "mean",
        "judge",
        "how the jurors' scores become one",
        "HOW",
        choices=("mean", "median"),
    )

    no_selftest: bool = option(
        "flag", False, "trust", "let a judge gate without a self-test; the report says so"
    )
    min_agreement: tuple[str, ...] = option(
        "list",
        (),
        "trust",
        'refuse to gate by a judge whose calibration shows less, for example "kappa>=0.6" (repeatable)',
        "BOUND",
    )
    judges: str = option(
        "text",
        ".llmeval/judges.json",
        "trust",
        "what is known of judges: their self-tests and calibrations",
        "PATH",
    )

    min_score: float | None = option(
        "number",
        None,
        "thresholds",
        "lowest rubric score (0-5) with which a case passes",
        "X",
        low=0,
        high=5,
    )
    threshold: tuple[str, ...] = option(
        "list",
        (),
        "thresholds",
        'bound on a score of every case, for example "toxicity<=0.2" (repeatable)',
        "BOUND",
    )

    must_pass: str | None = option(
        "text",
        None,
        "thresholds",
        "cases that must pass, as a Jinja2 expression: a miss is settled by further samples, never by a retry",
        "EXPR",
    )

    golden: tuple[str, ...] = option(
        "list",
        (),
        "cases",
        "folders or glob patterns of golden files to collect without Python",
        ini_only=True,
    )
    columns: tuple[str, ...] = option(
        "list", (), "cases", 'column names of your own, one "COLUMN = FIELD" a line', ini_only=True
    )
    limit: int | None = option(
        "integer",
        None,
        "cases",
        "run only N cases, drawn at random with --llm-limit-seed",
        "N",
        low=1,
    )
    limit_seed: int = option("integer", 0, "cases", "seed of the draw of --llm-limit", "N")
    where: str | None = option(
        "text",
        None,
        "cases",
        "run only cases for which this Jinja2 expression over the case is true",
        "EXPR",
    )
    strict: bool = option(
        "flag",
        False,
        "cases",
        "a case that cannot run for want of a model is an error; a gate passes only what is shown to be no worse",
    )

    baseline: tuple[str, ...] = option(
        "list",
        (),
        "gates",
        "what the run must not be worse than: id or name of a run, latest, a baseline file, a JSON report, or a table "
        "(repeatable)",
        "RUN",
    )
    gate: tuple[str, ...] = option(
        "list",
        (),
        "gates",
        'rule on the run as a whole, for example "pass_rate>=.95" or "regression(rubric)" (repeatable)',
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
        "column of what hangs together, as a document or a conversation; empty: nothing",
        "COLUMN",
    )
    fail_on: str = option(
        "choice",
        "case",
        "gates",
        "what fails the run: case (each missed bound) or gate (gates, and cases that must pass)",
        "WHAT",
        choices=("case", "gate"),
    )
    quarantine: str | None = option(
        "text",
        None,
        "gates",
        "CSV or JSON file of cases that run without gating: id, until, reason",
        "PATH",
    )

    toxicity: str = option(
        "choice",
        "detoxify",
        "metrics",
        "what measures toxicity",
        "HOW",
        choices=("detoxify", "judge"),
    )
    toxicity_model: str = option(
        "text",
        "original",
        "metrics",
        "detoxify model: original, unbiased, multilingual, original-small, unbiased-small or a local checkpoint",
        "NAME",
    )
    embedding: str = option(
        "text",
        "minilm",
        "metrics",
        "what embeds texts for similarity and relevance: minilm, wordllama or openai:MODEL",
        "SPEC",
    )
    bias: str = option(
        "choice",
        "counterfactual",
        "metrics",
        "what measures bias",
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
        "run log: a path or SQLAlchemy URL; empty for none",
        "URL",
    )
    json: str = option(
        "text", ".llmeval/report.json", "reports", "JSON report; empty for none", "PATH"
    )
    html: str = option(
        "text", ".llmeval/report.html", "reports", "HTML report; empty for none", "PATH"
    )
    csv: str = option("text", "", "reports", "results as CSV; empty for none", "PATH")
    summary: str = option(
        "text", "", "reports", "summary in Markdown, for a pull request; empty for none", "PATH"
    )
    code_quality: str = option(
        "text", "", "reports", "GitLab's code quality report; empty for none", "PATH"
    )
    annotations: str = option(
        "choice",
        "auto",
        "reports",
        "who is told of the lines that are worse: github, none, or auto (github where it runs the job)",
        "WHO",
        choices=("auto", "github", "none"),
    )
    name: str = option("text", "", "reports", "name of this run in log and reports")

    explicit: frozenset[str] = frozenset()
    """Names of the settings given on the command line: a marker does not change them."""

    bounds: tuple[tuple[str, str], ...] = ()
    """Bounds with their origin: those of ``min_score`` and ``threshold`` from every place, the strongest first."""

    @property
    def cases_ahead(self) -> int:
        """How many cases are in work at once, the running one included; 0: one call at a time."""
        return self.concurrency * CASES_A_CALL if self.lookahead is None else self.lookahead

    @property
    def requires_scores(self) -> bool:
        """Whether a case without a model or a judge is an error, and not skipped."""
        return self.strict or bool({"min_score", "threshold"} & self.explicit)

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(vars(self).values()))  # the fields: this is not among them yet

    def __hash__(self) -> int:
        return self._hash  # computed once, since every test looks its scorers up by its settings

    def parameters(self) -> Parameters:
        """The sampling parameters of a generation."""
        from pytest_llmeval.records.call import (
            Parameters,  # late: pytest's start-up needs the table alone
        )

        values = {name: getattr(self, name) for name in PARAMETER_NAMES}
        return Parameters(**{**values, "extra_body": dict(self.extra_body)})

    def overridden(self, values: Mapping[str, object], place: str) -> Settings:
        """These settings with a marker's values; what the command line set stays.

        Args:
            values: Values by setting name.
            place: The marker, for error texts.

        Raises:
            SettingError: A value is not allowed.
        """
        rows = {row.name: row for row in OPTIONS}
        read = {
            name: rows[name].read(value, f"{place} {name}")
            for name, value in values.items()
            if value is not None
        }
        return dataclasses.replace(
            self, **{name: value for name, value in read.items() if name not in self.explicit}
        )

    def thresholds(self) -> tuple[Threshold, ...]:
        """The bounds on every case, from every place where one is set, the strongest place first.

        Raises:
            SettingError: A bound cannot be read.
        """
        if not self.bounds:
            return ()
        from pytest_llmeval.records.threshold import (
            Threshold,  # late: pytest's start-up needs the table alone
        )

        return tuple(Threshold.parse(text, origin) for origin, text in self.bounds)


def _table() -> tuple[Option, ...]:
    rows = []
    for field in dataclasses.fields(Settings):
        if field.metadata:
            rows.append(Option(name=field.name, default=field.default, **field.metadata))
    return tuple(rows)


OPTIONS = _table()
"""The option table, in the order of the reference page."""
