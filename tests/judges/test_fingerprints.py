"""The fingerprint of every kind of judge stays what it is, or old scores and recordings stop to count.

A pinned value may change only with what a judge is asked: then scores before and after must not be
compared.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from pytest_llmeval import Case, Completion, ScriptedProvider
from pytest_llmeval.judges.registry import kind_names, make_judge
from pytest_llmeval.judges.setup import JudgeSetup

SETTINGS: tuple[Mapping[str, Any], ...] = (
    {},
    {"response_format": "rating"},
    {"logprobs": True},
    {"max_tokens": 77},
)
PARAMS: Mapping[str, Mapping[str, Any]] = {
    "rubric criteria": {"criteria": "It is polite."},
    "geval steps": {"steps": ["Read.", "Judge."], "criteria": "It is polite."},
    "pairwise criteria": {"criteria": "It is polite."},
    "closed_qa": {"criteria": "It is polite."},
    "jury geval": {"kind": "geval"},
}
PINNED = {
    "rubric": (
        "rubric-150fb122cc48e927",
        "rubric-cc7d8c4b3836c76d",
        "rubric-24626a2a226e0ef9",
        "rubric-b49b5347da43ef6b",
    ),
    "rubric criteria": (
        "rubric-e0a9b6082d3147d5",
        "rubric-7578519951e812d9",
        "rubric-b95f052adc800050",
        "rubric-18474f63b9ec9285",
    ),
    "geval": (
        "geval-48e866ffcb41ae69",
        "geval-07d52b1818eb8f1d",
        "geval-48e866ffcb41ae69",
        "geval-608edc0c446fe2a5",
    ),
    "geval steps": (
        "geval-56f62acf124ae77a",
        "geval-04f0fee275ae057d",
        "geval-56f62acf124ae77a",
        "geval-2122495d24dbeb2f",
    ),
    "pairwise": (
        "pairwise-3b1b4ae83525d7e3",
        "pairwise-3bd543c266a88e55",
        "pairwise-3b1b4ae83525d7e3",
        "pairwise-b6a40ce20109904d",
    ),
    "pairwise criteria": (
        "pairwise-5ab84e271b150115",
        "pairwise-729afc0348bc5026",
        "pairwise-5ab84e271b150115",
        "pairwise-f98f3f9f61121937",
    ),
    "factuality": (
        "factuality-5ce05adf72ca0fea",
        "factuality-145632d3fd85ef7c",
        "factuality-5ce05adf72ca0fea",
        "factuality-2eb69dbaa9a75ca2",
    ),
    "closed_qa": (
        "closed_qa-b5e2019e052314fe",
        "closed_qa-9d6cd3b18b8afb97",
        "closed_qa-b5e2019e052314fe",
        "closed_qa-726169465c04fe8d",
    ),
    "faithfulness": (
        "faithfulness-32843c9f4d50c561",
        "faithfulness-5da7a3f50e746a2b",
        "faithfulness-32843c9f4d50c561",
        "faithfulness-32843c9f4d50c561",
    ),
    "context_recall": (
        "context_recall-32843c9f4d50c561",
        "context_recall-5da7a3f50e746a2b",
        "context_recall-32843c9f4d50c561",
        "context_recall-32843c9f4d50c561",
    ),
    "answer_relevance": (
        "answer_relevance-32843c9f4d50c561",
        "answer_relevance-5da7a3f50e746a2b",
        "answer_relevance-32843c9f4d50c561",
        "answer_relevance-32843c9f4d50c561",
    ),
    "context_precision": (
        "context_precision-32843c9f4d50c561",
        "context_precision-5da7a3f50e746a2b",
        "context_precision-32843c9f4d50c561",
        "context_precision-32843c9f4d50c561",
    ),
    "toxicity": (
        "toxicity-82d841b35c460c14",
        "toxicity-82d841b35c460c14",
        "toxicity-82d841b35c460c14",
        "toxicity-82d841b35c460c14",
    ),
    "bias": (
        "bias-0d06dc1a3da87490",
        "bias-0d06dc1a3da87490",
        "bias-0d06dc1a3da87490",
        "bias-0d06dc1a3da87490",
    ),
    "jury": (
        "jury-194d38b096f5ba57",
        "jury-483a8f97488c3916",
        "jury-abe485593b1159d0",
        "jury-2826366c44fe573b",
    ),
    "jury geval": (
        "jury-061ad75b24598196",
        "jury-0b53f1295e1cf3c2",
        "jury-061ad75b24598196",
        "jury-06d9f1ba741b5ef4",
    ),
}
"""By kind (and what is special), the fingerprint under each of `SETTINGS`."""


class Reference:
    name = "column:reference"

    async def answer(self, case: Case) -> Completion:
        return Completion("Rome.")


def setup(model: str = "judge-1", **changes: Any) -> JudgeSetup:
    provider = ScriptedProvider(fingerprint="provider-1")
    return JudgeSetup(provider, model, opponent=Reference(), **changes)


@pytest.mark.parametrize("kind", PINNED)
def test_a_fingerprint_stays(kind: str) -> None:
    found = []
    for changes in SETTINGS:
        jury = (setup("m0", **changes), setup("m1", **changes))
        whole = dataclasses.replace(setup(**changes), jury=jury)
        found.append(make_judge(kind.split()[0], PARAMS.get(kind, {}), whole).version)
    assert tuple(found) == PINNED[kind]


def test_every_kind_is_pinned() -> None:
    assert {kind.split()[0] for kind in PINNED} == set(kind_names())


@pytest.mark.parametrize("kind", PINNED)
def test_a_judge_at_another_temperature_is_another_judge(kind: str) -> None:
    cold, warm = (
        dataclasses.replace(setup(temperature=t), jury=(setup(temperature=t),)) for t in (0.0, 0.7)
    )
    params = PARAMS.get(kind, {})
    versions = {make_judge(kind.split()[0], params, each).version for each in (cold, warm)}
    assert len(versions) == 2
