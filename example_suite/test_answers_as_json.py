"""Facts from customers' messages as JSON. No judge is needed: a field is right or wrong."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval import Case, Completion

WITHOUT_FENCE = r"^(?:```(?:json)?\s*)?(.*?)(?:\s*```)?\s*$"


@pytest.mark.llm_golden("../golden/extract.jsonl", where="'chat' in tags")
@pytest.mark.llm_generate(extra_body={"response_format": {"type": "json_object"}})
@pytest.mark.llm_metric("json_schema", min=1)
@pytest.mark.llm_metric("fields_right", min=0.5)
def test_json_mode(llm_completion: Completion) -> None:
    """The endpoint is asked for JSON; each row brings the schema that its answer must meet."""


@pytest.mark.llm_golden("../golden/extract.jsonl", where="'orders' in tags")
@pytest.mark.llm_generate(answer_pattern=WITHOUT_FENCE, max_tokens=120)
def test_code_fence_is_stripped(llm_case: Case, llm_completion: Completion) -> None:
    """Without a JSON mode a model likes to wrap its JSON; the answer pattern unwraps it."""
    assert json.loads(llm_completion.text) == json.loads(llm_case.expected or "")
