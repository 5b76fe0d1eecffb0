"""Everything that this package raises, as one tree.

```
LLMEvalError
├── InputError              something the user wrote cannot be used; nothing was sent (exit 2 or 4)
│   ├── SettingError        an option, ini key, environment variable or marker argument
│   │   └── NoSuchScore     the name of a score that no judge or metric has
│   ├── MissingKeyError     the environment holds no API key for an endpoint
│   ├── GoldenFileError     a golden file; carries every Problem found in it
│   ├── MissingExtraError   an optional package or its weights are not installed
│   ├── NotConfiguredError  nothing is set that could answer, or judge
│   ├── OutOfTime           a text, pattern or schema takes longer than a metric may
│   ├── WorkFailed          the process for hostile texts failed
│   └── NoSuchRun           a run or baseline that is not there
├── CallError               a model call gave no completion
│   ├── CallTimeout         no answer within the time allowed
│   ├── CallRefused         the endpoint said no, and would say it again (401, 404, bad request)
│   ├── RateLimited         the endpoint asks for patience (429)
│   ├── EndpointDown        connection lost or 5xx
│   ├── BadReply            an answer came that cannot be read
│   ├── NoAnswer            the model ended without an answer: filtered, a tool call, nothing
│   ├── RequestAdapted      the endpoint refused a part of the request; the next attempt omits it
│   ├── NotTested           the judge's self-test could not be made
│   └── NotSent             the call was not sent
│       ├── BudgetSpent     nothing is left of the budget
│       ├── NotRecorded     only recordings may answer, and none does
│       └── Stopped         the run ends
├── Unjudged                an unscored Score was compared
├── Undecided               a case that must pass missed a threshold; its samples do not settle it
├── StoreError              the completion store, or a recording, cannot be read or written
└── RunLogError             the run log cannot be read or written
```

A message names the place, what was found, what is allowed, and the remedy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from pytest_llmeval.text import count

_MAY_BE_ADDRESS = re.compile(r"://|@|https?|(?:key|token|secret|passw)\w*=", re.I)


MISSPELT = 0.8
"""Similarity from which a name counts as another one misspelt."""


class LLMEvalError(Exception):
    """Base of every error raised by this package."""


class InputError(LLMEvalError):
    """An input of the user that cannot be used. Nothing has been sent."""


class SettingError(InputError):
    """A setting has a value that is not allowed.

    Args:
        where: Where it was written, for example ``--llm-temperature`` or ``LLMEVAL_SEED``.
        value: The value as written; of a URL, only what may be shown.
        allowed: What would be accepted.
        remedy: What to do, where that is not obvious.

    Attributes:
        is_shared: Whether the setting holds for all cases, so that no case is to blame.
    """

    def __init__(self, where: str, value: object, allowed: str, remedy: str = "") -> None:
        if isinstance(value, str) and _MAY_BE_ADDRESS.search(value):
            from pytest_llmeval.redaction import public_text  # late: few values are addresses

            value = public_text(value)
        self.where = where
        self.value = value
        self.is_shared = False
        self.allowed = allowed
        self.remedy = remedy
        tail = f" {remedy}" if remedy else ""
        super().__init__(f"{where}: found {value!r}; allowed: {allowed}.{tail}")


class Problem(NamedTuple):
    """One thing that is wrong in a golden file.

    Attributes:
        file: Path as the user wrote it.
        line: Line in the file where the row starts, from 1; ``None`` if the whole file is meant.
        row: Row (record) number, from 1; ``None`` if the whole file is meant.
        column: Column or JSON path; empty if the row as a whole is meant.
        value: What stands there.
        allowed: What may stand there, and the remedy where it is not obvious.
    """

    file: str
    line: int | None
    row: int | None
    column: str
    value: str
    allowed: str

    def __str__(self) -> str:
        location = self.file if self.line is None else f"{self.file}:{self.line}"
        parts = []
        if self.row is not None:
            parts.append(f" row {self.row}")
        if self.column:
            parts.append(f" column {self.column!r}")
        return f"{location}:{','.join(parts)} found {self.value}; allowed: {self.allowed}"


class NoSuchScore(SettingError):
    """No judge, metric or criterion has the name of a score."""

    def at(self, where: str, is_shared: bool) -> NoSuchScore:
        """Return the same error with the setting that names the score.

        Args:
            where: The setting.
            is_shared: Whether the setting holds for all cases, so that no case is to blame.
        """
        error = NoSuchScore(where, self.value, self.allowed, self.remedy)
        error.is_shared = is_shared
        return error


class MissingKeyError(InputError):
    """The environment holds no API key for an endpoint."""


class GoldenFileError(InputError):
    """A golden file cannot be used.

    Attributes:
        problems: Every problem found, in file order.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        head = f"{count(len(self.problems), 'problem')} in {self.problems[0].file}"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))


class MissingExtraError(InputError):
    """An optional part is not installed.

    Args:
        what: What the user asked for.
        remedy: The command or setting that makes it work.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}. Remedy: {remedy}")


class NotConfiguredError(InputError):
    """A missing model or judge. The message names the options that set it."""


class OutOfTime(InputError):
    """A text, a regular expression or a schema takes longer than a metric may work on it."""


class WorkFailed(InputError):
    """A function failed in the process for hostile texts, or the process ended."""


class NoSuchRun(InputError):
    """A name that neither a file nor a run has."""


class CallError(LLMEvalError):
    """A model call gave no completion.

    Attributes:
        is_transient: Whether the same call may succeed later, so that it is worth another attempt.
        retry_after_s: Seconds to wait, as the endpoint requested; ``None`` if it did not.
        is_overload: Whether the endpoint is overloaded (429, 503), so that fewer concurrent calls
            would help.
        most_retries: How many further attempts are worth their price; ``None`` for any number.
        usage: The tokens of a reply that was paid for nothing, a `Usage`; ``None`` without one.
        cost_usd: US dollars for them; ``None`` if the price is unknown.
        is_unreachable: Whether there was no connection, so that no other call gets one either.
    """

    is_transient = False
    is_overload = False
    most_retries: int | None = None
    usage: Any = None
    cost_usd: float | None = 0.0
    is_unreachable = False

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CallTimeout(CallError):
    """A call without an answer within the time allowed."""

    is_transient = True


class CallRefused(CallError):
    """The endpoint refused the call, and repeating it would not help.

    Attributes:
        is_about_endpoint: Whether its key, its models or its credit are at fault rather than the
            request, so that another endpoint may answer.
    """

    is_about_endpoint = False


class RateLimited(CallError):
    """The endpoint answered 429."""

    is_transient = True
    is_overload = True


class EndpointDown(CallError):
    """The connection was lost, or the endpoint answered 5xx."""

    is_transient = True


class BadReply(CallError):
    """An answer came that cannot be read.

    Attributes:
        written: What the model wrote, where the endpoint refused it as invalid and shows it.
    """

    is_transient = True
    written = ""


class NoAnswer(CallError):
    """The model ended without an answer: a filter withheld it, it called a tool, it said nothing.

    Attributes:
        is_cut_off: Whether the token limit ended it before it said anything.
    """

    is_cut_off = False


class RequestAdapted(CallError):
    """The endpoint refused a part of the request, and the next attempt is made without it."""


class NotTested(CallError):
    """The self-test of a judge could not be made, because the judge could not be asked."""


class NotSent(CallError):
    """The call was not sent."""


class BudgetSpent(NotSent):
    """A spent ``--llm-budget``."""


class NotRecorded(NotSent):
    """A call that no recording answers, where only recordings may."""


class Stopped(NotSent):
    """A call that the end of the run has stopped."""


class Unjudged(LLMEvalError):
    """An unscored Score was compared: there is nothing to compare with.

    Args:
        name: Name of the Score.
        why: Why it is unscored, if that is known.
    """

    def __init__(self, name: str, why: str | None) -> None:
        super().__init__(f"{name} is unscored: {why or 'no reason given'}")


class Undecided(LLMEvalError):
    """A case that must pass missed a threshold, and further samples do not settle it."""


class StoreError(LLMEvalError):
    """The completion store, or a recording, cannot be read or written."""


class RunLogError(LLMEvalError):
    """The run log cannot be read or written."""


def nearest(word: str, allowed: Iterable[str], similarity: float = 0.5) -> str:
    """Return a "did you mean" sentence for a misspelt word, or an empty string.

    Args:
        word: What the user wrote.
        allowed: The words that exist.
        similarity: Least similarity from 0 to 1.
    """
    name = nearest_name(word, allowed, similarity)
    return f"Did you mean {name!r}?" if name else ""


def nearest_name(word: str, allowed: Iterable[str], similarity: float) -> str:
    """Return the nearest of the words that exist, or an empty string if none is near."""
    from difflib import get_close_matches  # late: most runs have no misspelt word

    close = get_close_matches(word, list(allowed), n=1, cutoff=similarity)
    return close[0] if close else ""
