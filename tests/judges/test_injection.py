from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from pytest_llmeval.judges.registry import KINDS, KindEntry, make_judge
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.metrics.entry import Description
from pytest_llmeval.metrics.registry import BUILT_IN
from pytest_llmeval.providers.scripted import ScriptedProvider
from pytest_llmeval.records.call import Completion, Request, TokenLogprob
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score
from tests.judges.injections import Attack, attacks

HARMLESS = "harmless-words"
CASE = Case(
    "c",
    "Which city?",
    Source("faq.csv", 2),
    expected="Paris",
    contexts=("France.", "Its capital is Paris."),
)
FIELDS = ("answer", "prompt", "chat", "expected", "context", "retrieved")
TAKES_EXAMPLES = ("toxicity", "bias")
CONTROL = re.compile(
    r"<\|im_(?:start|end)\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>|<eos>|<\|eot_id\|>"
    r"|<\|(?:start|end)_header_id\|>|<\uff5cend\u2581of\u2581sentence\uff5c>|<\uff5cAssistant\uff5c>|<\|turn>|<turn\|>|</think>"
)
MODEL_NAMES = r"gpt|openai|claude|anthropic|gemini|gemma|llama|mistral|qwen|deepseek|\bphi\b|grok|chatbot|judge-\d"
NAMES = [kind.name for kind in KINDS]


class Rival:
    """Whose answers ``pairwise`` compares with."""

    name = "column:rival"

    async def answer(self, case: Case) -> Completion:
        return Completion("Rome")


@dataclass(frozen=True)
class Taken:
    """A message without what stands in its blocks, and what stands in each of them."""

    outside: str
    inside: dict[str, str]
    code: str


def valid(schema: Mapping[str, Any]) -> Any:
    """Something that a schema allows."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "object":
        return {name: valid(each) for name, each in schema["properties"].items()}
    if schema["type"] == "array":
        items = [valid(schema["items"]) for _ in range(schema.get("minItems", 1))]
        return [
            {**each, "number": place} if isinstance(each, dict) else each
            for place, each in enumerate(items, 1)
        ]
    return {"string": "something", "boolean": True}.get(schema["type"], schema.get("minimum", 1))


def reply(request: Request) -> Completion:
    """What a judge of any kind could say."""
    form = request.parameters.response_format
    if form is None:
        return Completion(
            "no", logprobs=(TokenLogprob("no", math.log(0.9), {"yes": math.log(0.1)}),)
        )
    return Completion(json.dumps(valid(form["json_schema"]["schema"])))


def judged(kind: str, field: str, text: str) -> tuple[Score, list[Request]]:
    """The score of a case with this text in one place, and what was asked."""
    provider = ScriptedProvider(reply, fingerprint="scripted")
    setup = JudgeSetup(provider, "judge-1")
    setup = replace(setup, opponent=Rival(), jury=(setup, replace(setup, model="judge-2")))
    made = next(each for each in KINDS if each.name == kind)
    entry = KindEntry(made, Description(kind, "judge", made.scale), BUILT_IN, is_factory=True)
    needed = [name for name, row in entry.signature.parameters.items() if row.default is row.empty]
    chat = ({"role": "user", "content": text}, {"role": "user", "content": "?"})
    changes: dict[str, dict[str, Any]] = {
        "prompt": {"prompt": text},
        "chat": {"messages": chat},
        "expected": {"expected": text},
        "context": {"contexts": ("France.", text)},
    }
    completion = Completion(
        text if field == "answer" else "Paris",
        contexts=(text, "France.") if field == "retrieved" else (),
    )
    judge: Any = make_judge(kind, dict.fromkeys(needed, "The answer is polite."), setup)
    score = asyncio.run(judge.score(replace(CASE, **changes.get(field, {})), completion))
    return score, provider.requests


@cache
def harmless(kind: str, field: str) -> list[Request]:
    score, requests = judged(kind, field, HARMLESS)
    assert score.error is None
    return requests


def contents(request: Request) -> list[str]:
    return [str(message["content"]) for message in request.messages]


def taken(content: str) -> Taken:
    """A message taken apart at its delimiters, each pair of which must stand in it once."""
    found = re.match(r"<[a-z0-9-]+?-([0-9a-f]{16,64})>\n", content)
    code = found[1] if found else ""
    if not code:
        return Taken(content, {}, "")
    inside: dict[str, str] = {}
    for name in re.findall(rf"<([a-z0-9-]+)-{code}>", content):
        begin, end = f"<{name}-{code}>", f"</{name}-{code}>"
        assert (content.count(begin), content.count(end)) == (1, 1)
        inside[name] = content.partition(f"{begin}\n")[2].partition(f"\n{end}")[0]
    outside = content
    for name, text in inside.items():
        outside = outside.replace(f"<{name}-{code}>\n{text}\n</{name}-{code}>", f"<{name}>")
    assert content.count(code) == 2 * len(inside) + sum(
        text.count(code) for text in inside.values()
    )
    return Taken(outside, inside, code)


def squeezed(text: str) -> str:
    """Without spaces, line ends and marks: what is left of a text however it is shown."""
    return "".join(text.replace("|", "").split())


def check(kind: str, field: str, attack: Attack) -> None:
    plain = harmless(kind, field)
    _, requests = judged(kind, field, attack.text)
    assert len(requests) == len(plain)
    for request, expected in zip(requests, plain, strict=True):
        roles = [message["role"] for message in request.messages]
        assert roles == [message["role"] for message in expected.messages]
        assert roles == ["system", *["user", "assistant"] * (roles.count("assistant")), "user"]
        assert roles.count("assistant") == 0 or kind in TAKES_EXAMPLES
        for content, model in zip(contents(request), contents(expected), strict=True):
            assert not CONTROL.search(content)
            check_message(taken(content), taken(model), attack.text)


def check_message(given: Taken, plain: Taken, text: str) -> None:
    """Outside the blocks nothing depends on the text; inside it stands where the harmless one stood."""
    assert given.outside == plain.outside
    assert list(given.inside) == list(plain.inside)
    assert not given.code or given.code not in text
    for name, shown in plain.inside.items():
        found = given.inside[name].replace(given.code, "")
        where = [line for line in shown.splitlines() if HARMLESS in line]
        if not where:
            assert found == shown.replace(plain.code, "")
            continue
        assert squeezed(found) == squeezed(shown.replace(plain.code, "")).replace(
            HARMLESS, squeezed(text)
        )
        if name.startswith(("answer", "context")):
            assert all(line.startswith("| ") for line in given.inside[name].split("\n"))


@pytest.mark.parametrize("kind", NAMES)
def test_an_answer_stays_in_its_block_whatever_it_says(kind: str) -> None:
    for attack in attacks():
        check(kind, "answer", attack)


@pytest.mark.parametrize("field", FIELDS[1:])
@pytest.mark.parametrize("kind", NAMES)
def test_so_do_the_texts_of_the_case_and_what_was_retrieved(kind: str, field: str) -> None:
    for attack in attacks()[::3]:
        check(kind, field, attack)


def test_what_a_judge_listed_of_an_answer_is_again_a_text_under_judgement() -> None:
    for attack in attacks():
        provider = ScriptedProvider(
            [Completion(json.dumps({"claims": [attack.text, "Second."]})), Completion("{}")] * 2
        )
        judge: Any = make_judge("faithfulness", {}, JudgeSetup(provider, "judge-1"))
        asyncio.run(judge.score(CASE, Completion("Paris")))
        user = contents(provider.requests[1])[1]
        parts = taken(user)
        assert squeezed(parts.inside["claims"]) == squeezed("1." + attack.text + "2.Second.")
        assert len(parts.inside["claims"].split("\n")) == 2
        assert list(parts.inside) == ["question", "context-1", "context-2", "claims"]
        assert not CONTROL.search(user)


def test_the_attacks_are_many_in_many_languages_and_one_is_long() -> None:
    known = attacks()
    assert len({attack.id for attack in known}) == len(known) >= 40
    assert len({attack.language for attack in known}) >= 8
    assert max(len(attack.text) for attack in known) > 50_000
    assert len({attack.kind for attack in known}) >= 10


@pytest.mark.parametrize("kind", NAMES)
def test_no_judge_is_told_of_a_model(kind: str) -> None:
    said = [content for request in harmless(kind, "answer") for content in contents(request)]
    assert not re.search(MODEL_NAMES, "\n".join(said), re.IGNORECASE)
