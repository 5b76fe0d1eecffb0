"""What a call costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.records import Usage


def cost_usd(model: str, usage: Usage | None) -> float | None:
    """The price of one call in US dollars, or ``None`` if it is unknown: never a guess, never zero.

    Args:
        model: Model name, as the endpoint or the request gives it.
        usage: Tokens of the call.
    """
    if usage is None or not model:
        return None
    import genai_prices  # late: only a run that sends calls needs prices

    tokens = genai_prices.Usage(input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens)
    try:
        return float(genai_prices.calc_price(tokens, model_ref=model).total_price)
    except LookupError:
        return None
