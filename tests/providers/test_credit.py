"""A used-up quota and a wrong key, in the words of each service and behind any status."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmeval.errors import CallRefused, EndpointDown, RateLimited
from pytest_llmeval.providers.openai.errors import service_call_error
from pytest_llmeval.providers.openai.service_error import read_service_error

QUOTA = "You exceeded your current quota, please check your plan and billing details"


def translated(http: int, message: str, **more: Any) -> Exception:
    error = read_service_error({"error": {"message": message, **more}}, http)
    assert error is not None
    return service_call_error(error, {}, "m", str)


@pytest.mark.parametrize(
    ("status", "message", "more"),
    [
        (429, f"litellm.RateLimitError: RateLimitError: OpenAIException - {QUOTA}.", {"type": "throttling_error"}),
        (429, "Your team has either used all available credits or reached its monthly spending limit.", {}),
        (429, "Your account balance is insufficient", {}),
        (429, "余额不足或无可用资源包,请充值。", {"code": "1113"}),
        (403, "用户额度不足", {"code": "insufficient_user_quota"}),
        (429, "Budget has been exceeded! Current cost: 0.2, Max budget: 0.1", {"type": "budget_exceeded"}),
        (400, "You have reached your specified API usage limits. You will regain access on 2025-01-01.", {}),
        (429, "You are using a Trial key, which is limited to 1000 API calls / month.", {}),
        (400, "Access denied, please make sure your account is in good standing.", {"code": "Arrearage"}),
        (401, "x", {"code": "insufficient_quota"}),
        (429, "You have run out of credits", {}),
        (403, "Your trial has expired. Please subscribe", {}),
        (403, "This API method requires billing to be enabled. The billing account is disabled", {}),
        (429, "You've reached your spending cap for this project", {}),
        (402, "x", {}),
        (429, "You have exceeded your monthly included credits for Inference Providers.", {}),
        (429, "Crédit insuffisant", {}),
        (400, "Saldo insuficiente", {}),
        (429, "Please top up your wallet", {}),
        (403, "Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys", {}),
        (403, "This API method requires billing to be enabled. Please enable billing on project #1", {}),
        (500, QUOTA, {}),
        (500, "Insufficient Balance", {}),
        (502, "Insufficient credits", {"code": 402}),
    ],
)  # fmt: skip
def test_a_used_up_quota_is_known_by_its_meaning(
    status: int, message: str, more: dict[str, Any]
) -> None:
    error = translated(status, message, **more)
    assert isinstance(error, CallRefused)
    assert error.is_about_endpoint
    assert "The account has no credit left" in str(error)


@pytest.mark.parametrize(
    ("message", "more"),
    [
        (f"{QUOTA}. Please retry in 30.5s.", {"status": "RESOURCE_EXHAUSTED", "code": 429}),
        ("Rate limit reached on tokens per min. Try again in 20s. You can increase your rate limit by adding "
         "a payment method at https://platform.openai.com/account/billing.", {}),
        ("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 requests per day", {}),
        ("Allocated quota exceeded, please increase your quota limit.", {}),
        ("Allocated quota exceeded, please increase your quota limit.", {"code": "insufficient_quota"}),
        ("Rate limit reached for requests. Add a credit card to your account to increase it", {}),
        ("Throttled by the load balancer, add a credit card", {}),
        ("You are using a Trial key, which is limited to 40 API calls / minute.", {}),
        ("Too many requests: your monthly plan allows 3 per second", {}),
    ],
)  # fmt: skip
def test_a_limit_that_passes_is_waited_for(message: str, more: dict[str, Any]) -> None:
    assert isinstance(translated(429, message, **more), RateLimited)


@pytest.mark.parametrize(
    ("status", "message", "more", "remedy"),
    [
        (500, "Incorrect API key provided: sk-x", {"code": "500"}, "Set a valid key"),
        (503, "x", {"code": "model_not_found"}, "Check the name of the model"),
        (503, "当前分组下对于模型 gpt-4 无可用渠道", {}, "Check the name of the model"),
        (502, "bad request", {"code": 400}, "bad request"),
        (500, "x", {"code": "403"}, "may not use this model"),
    ],
)
def test_a_refusal_behind_a_5xx_is_not_tried_again(
    status: int, message: str, more: dict[str, Any], remedy: str
) -> None:
    error = translated(status, message, **more)
    assert isinstance(error, CallRefused)
    assert remedy in str(error)


@pytest.mark.parametrize(
    ("status", "message", "more"),
    [
        (503, "The engine is currently overloaded", {}),
        (503, "Authentication service unavailable", {}),
        (502, "Bad gateway", {"code": 502}),
        (503, "Model x not found, it is loading", {}),
        (500, "insufficient resources", {}),
        (503, "no healthy upstream in load balance cluster", {}),
        (503, "no healthy upstream (load-balancing)", {}),
    ],
)
def test_a_failure_that_passes_is_tried_again(
    status: int, message: str, more: dict[str, Any]
) -> None:
    assert isinstance(translated(status, message, **more), EndpointDown)
