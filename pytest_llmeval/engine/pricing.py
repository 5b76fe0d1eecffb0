"""What a call costs, and what it may cost at most."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pytest_llmeval.errors import SettingError
from pytest_llmeval.records.call import Usage

if TYPE_CHECKING:
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.call import Request


LONGEST_ANSWER = 16_384
"""Tokens of the longest answer of most models, for a request without ``max_tokens``."""

_BYTES_A_TOKEN = 1
"""Fewest bytes of a token, since vocabularies fall back to single bytes; English has four."""

_TOKENS_A_MESSAGE = 8
"""For the role and the marks around a message."""

_MILLION = 1_000_000
_EMBEDDING_VENDOR = "openai"
"""genai-prices finds most models by their name alone, but not OpenAI's embedding models."""


class Prices:
    """Prices of models: the user's own first, then those of the package ``genai-prices``.

    Args:
        configured: Lines ``MODEL = INPUT OUTPUT``, or ``MODEL = INPUT OUTPUT CACHED`` with the
            price of cached input, in US dollars for a million tokens; or ``NAME = USD``, for a
            call.

    Raises:
        SettingError: A line cannot be read.
    """

    def __init__(self, configured: Iterable[str] = ()) -> None:
        self._configured = dict(map(_parse, configured))

    def cost_usd(self, names: Iterable[str], usage: Usage | None) -> float | None:
        """Return the price of a call in US dollars; ``None`` if it is unknown, never a guess.

        Args:
            names: What may be priced, the most exact name first: model and endpoint.
            usage: Tokens of the call.
        """
        prices = (self._price(name, usage) for name in names if name)
        return next((price for price in prices if price is not None), None)

    def worst_usd(self, provider: BaseProvider, request: Request) -> float | None:
        """Estimate the highest cost of a request; ``None`` if its price is unknown."""
        if provider.call_usd is not None:
            return provider.call_usd
        body = request.parameters.as_body()
        longest = body.get("max_completion_tokens") or body.get("max_tokens") or LONGEST_ANSWER
        answer = (int(longest) + provider.added_tokens(request)) * int(body.get("n") or 1)
        usage = Usage(most_tokens(request), answer)
        prices = [
            self.cost_usd((model or request.model, provider.label), usage)
            for model in provider.models
        ]
        known = [price for price in prices if price is not None]
        return max(known) if len(known) == len(prices) else None

    def _price(self, name: str, usage: Usage | None) -> float | None:
        configured = self._configured.get(name)
        if configured is not None and len(configured) == 1:
            return configured[0]
        if usage is None:
            return None
        if configured is not None:
            return _configured_usd(configured, usage)
        return _published(name, usage)


def most_tokens(request: Request) -> int:
    """Estimate an upper bound of a request's tokens, with its schema and tools."""
    parameters = request.parameters.as_body() or ""
    return sum(len(str(part).encode("utf-8", "replace")) // _BYTES_A_TOKEN + _TOKENS_A_MESSAGE
               for part in (*map(_content, request.messages), parameters))  # fmt: skip


def _content(message: Mapping[str, object]) -> object:
    """Return the text of a message, or the whole message if it has names or tool calls."""
    return message.get("content") if message.keys() <= {"role", "content"} else message


def likely_tokens(messages: Iterable[Mapping[str, object]]) -> int:
    """Estimate the tokens of messages as English text usually has them: four characters each."""
    return sum(len(str(message.get("content"))) // 4 + _TOKENS_A_MESSAGE for message in messages)


def _configured_usd(prices: tuple[float, ...], usage: Usage) -> float:
    read, written, cached = prices if len(prices) > 2 else (*prices, prices[0])
    whole = usage.prompt_tokens - usage.cached_tokens
    usd = read * whole + cached * usage.cached_tokens + written * usage.completion_tokens
    return usd / _MILLION


def _published(name: str, usage: Usage) -> float | None:
    import genai_prices  # late: only a run that sends calls needs prices

    tokens = genai_prices.Usage(
        input_tokens=usage.prompt_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.completion_tokens,
    )
    for vendor in (None, _EMBEDDING_VENDOR):
        # The package finds no model, or refuses counts that contradict each other.
        with contextlib.suppress(LookupError, ValueError):
            return float(
                genai_prices.calc_price(tokens, model_ref=name, provider_id=vendor).total_price
            )
    return None


def _parse(line: str) -> tuple[str, tuple[float, ...]]:
    name, _, numbers = (part.strip() for part in line.rpartition("="))
    allowed = (
        "MODEL = INPUT OUTPUT, or MODEL = INPUT OUTPUT CACHED (US dollars for a million tokens), "
        "or NAME = USD (for a call)"
    )
    try:
        prices = tuple(map(float, numbers.split()))
    except ValueError:
        prices = ()
    if (
        not name
        or len(prices) not in (1, 2, 3)
        or not all(0 <= price < math.inf for price in prices)
    ):
        raise SettingError("ini llm_prices", line, allowed)
    return name, prices
