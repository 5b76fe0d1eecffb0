"""The text of a dry run, and the progress line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_llmeval.text import count, first_of, one_line, seconds, usd

if TYPE_CHECKING:
    from pytest_llmeval.records.changed import RequestLine


_ROW = "{:<12} {:<32} {:>9} {:>9} {:>12} {:>12} {:>10}"
_HEADINGS = ("purpose", "model", "requests", "answered", "tokens in", "tokens out", "cost")
_SHOWN = 5
DRY_RUN = "DRY RUN: nothing was sent, so nothing was judged"


def dry_run_lines(lines: Iterable[RequestLine], unseen: Sequence[str]) -> Iterator[str]:
    """Write a table of the requests, and what the estimate leaves out.

    Args:
        lines: Requests by purpose and model.
        unseen: Node ids of tests with unpredictable calls.
    """
    rows = list(lines)
    if rows:
        yield _ROW.format(*_HEADINGS).rstrip()
        yield from map(_row, rows)
        yield from _total(rows)
    else:
        yield "No test calls a model."
    if unseen:
        names = first_of(unseen, _SHOWN)
        yield f"Not counted: calls in the body of {count(len(unseen), 'test')}: {names}"


def _row(line: RequestLine) -> str:
    cost = "unknown" if line.usd is None else usd(line.usd)
    counts = (line.requests, line.known, line.prompt_tokens, line.completion_tokens)
    return _ROW.format(
        one_line(line.purpose, 12),
        one_line(line.model, 32),
        *(f"{amount:,}" for amount in counts),
        cost,
    )


def _total(rows: Sequence[RequestLine]) -> Iterator[str]:
    to_send = sum(line.requests - line.known for line in rows)
    known = [line.usd for line in rows if line.usd is not None]
    more = "" if len(known) == len(rows) else " plus requests without a known price"
    yield f"To send: {count(to_send, 'request')}, about {usd(sum(known))}{more}."
    yield (
        "Tokens are estimated: four characters per token, and answers of 200 tokens "
        "or max_tokens, if that is less."
    )


def status_text(done: int, total: int, lanes: Sequence[Mapping[str, Any]], elapsed_s: float) -> str:
    """Write one line with finished tests, calls in flight, cost and remaining time.

    Args:
        done: Finished tests.
        total: All tests; 0 if unknown.
        lanes: State of each endpoint, as in `pytest_llmeval.engine.lane_rules`.
        elapsed_s: Seconds since the start of the first test.
    """
    calls = sum(member["held"] for lane in lanes for member in lane["members"].values())
    limit = sum(int(lane["limit"]) for lane in lanes)
    spent = sum(lane["usd"] for lane in lanes)
    parts = [f"{done:,} of {total:,} tests" if total else f"{done:,} tests"]
    parts.append(f"{calls:,} calls in flight (limit {limit:,})")
    if spent:
        parts.append(usd(spent))
    if done and total > done:
        parts.append(f"about {seconds(elapsed_s / done * (total - done))} left")
    return f"  llm: {', '.join(parts)}"
