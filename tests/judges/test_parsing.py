from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import BadReply
from pytest_llmeval.judges.replies import Reply, parse_reply

VALID = {
    '{"reason": "right", "score": 4}': Reply("right", 4.0),
    '{"reason": "right", "score": 4.5}': Reply("right", 4.5),
    '{"reason": "wrong", "score": 0}': Reply("wrong", 0.0),
    '{"reason": "wrong", "score": -0.0}': Reply("wrong", 0.0),
    '{"reason": "right", "score": 5e0}': Reply("right", 5.0),
    '{"score": 3, "reason": "half"}': Reply("half", 3.0),
    ' \n{"reason":"right","score":5}\n ': Reply("right", 5.0),
    '```json\n{"reason": "right", "score": 5}\n```': Reply("right", 5.0),
    '```\n{"reason": "right", "score": 5}\n```\n': Reply("right", 5.0),
    '~~~json\n{"reason": "right", "score": 5}\n~~~': Reply("right", 5.0),
    '````json\n{"reason": "right", "score": 5}\n````': Reply("right", 5.0),
    '``` json\r\n{"reason": "right", "score": 5}\r\n```': Reply("right", 5.0),
    '{"reason": "right", "score": 5}<|im_end|>': Reply("right", 5.0),
    '```\n{"reason": "right", "score": 5}\n```</s>': Reply("right", 5.0),
    '<|im_start|>assistant\n{"reason": "right", "score": 5}': Reply("right", 5.0),
    '\ufeff{"reason": "right", "score": 5}\u200b': Reply("right", 5.0),
    '{"reason": "gut \\u2013 é", "score": 5}': Reply("gut \u2013 é", 5.0),
    '{"reason": "has \\"score\\": 1 inside", "score": 5}': Reply('has "score": 1 inside', 5.0),
    '{"reason": "two\\nlines", "score": 5}': Reply("two lines", 5.0),
}

ONE_OBJECT = "the whole reply must be one JSON object and nothing else"
INVALID = {
    "": ONE_OBJECT,
    "4": "must be a JSON object; found 4",
    "The answer is right. 5/5": ONE_OBJECT,
    'Here you are: {"reason": "right", "score": 5}': ONE_OBJECT,
    '{"reason": "right", "score": 5} I hope this helps.': ONE_OBJECT,
    'Sure:\n```json\n{"reason": "right", "score": 5}\n```': ONE_OBJECT,
    '```json\n{"reason": "right", "score": 5}\n~~~': ONE_OBJECT,
    '````json\n{"reason": "right", "score": 5}\n```': ONE_OBJECT,
    '{"reason": "right", "score": 5}<|im_end|> or 4': ONE_OBJECT,
    '{"reason": "right", "score": 5}{"reason": "right", "score": 5}': ONE_OBJECT,
    '{"reason": "right", "score": 5': ONE_OBJECT,
    "{'reason': 'right', 'score': 5}": ONE_OBJECT,
    '{"reason": "right", "score": 05}': ONE_OBJECT,
    '{"reason": "right", "score": 5,}': ONE_OBJECT,
    '{"reason": "a\nb", "score": 5}': ONE_OBJECT,
    "[" * 100_000: ONE_OBJECT,
    '{"reason": "right", "score": '
    + "9" * 5000
    + "}": "",  # some Pythons refuse to read it, some read it
    '[{"reason": "right", "score": 5}]': "must be a JSON object; found a list",
    '"5"': 'must be a JSON object; found "5"',
    "null": "must be a JSON object; found null",
    "{}": "exactly the keys",
    '{"score": 5}': 'exactly the keys "reason" and "score"; found: "score"',
    '{"reason": "right"}': "exactly the keys",
    '{"reason": "right", "score": 5, "confidence": 1}': '"confidence"',
    '{"Reason": "right", "Score": 5}': "exactly the keys",
    '{"reason": "right", "score": 1, "score": 5}': "the same key twice",
    '{"reason": "right", "score": "5"}': 'found "5"',
    '{"reason": "right", "score": true}': "found true",
    '{"reason": "right", "score": null}': "found null",
    '{"reason": "right", "score": [5]}': "found a list",
    '{"reason": "right", "score": NaN}': "NaN is no number of JSON",
    '{"reason": "right", "score": Infinity}': "Infinity is no number",
    '{"reason": "right", "score": 1e999}': '"score" must be a number from 0 to 5; found Infinity',
    '{"reason": "right", "score": 5.01}': "from 0 to 5; found 5.01",
    '{"reason": "right", "score": -1}': "from 0 to 5; found -1",
    '{"reason": "right", "score": 10}': "from 0 to 5; found 10",
    '{"reason": "", "score": 5}': '"reason" must be a text that is not empty',
    '{"reason": " ", "score": 5}': '"reason" must be a text that is not empty',
    '{"reason": 5, "score": 5}': '"reason" must be a text',
}


@pytest.mark.parametrize("text", VALID)
def test_a_reply_of_the_asked_form_is_read(text: str) -> None:
    assert parse_reply(text, fractions=True) == VALID[text]


@pytest.mark.parametrize("text", INVALID, ids=lambda text: text[:40])
def test_any_other_reply_is_refused_with_a_complaint(text: str) -> None:
    with pytest.raises(BadReply) as refused:
        parse_reply(text, fractions=True)
    assert INVALID[text] in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_fraction_is_refused_where_the_rubric_has_none() -> None:
    with pytest.raises(BadReply, match=r"must be a whole number from 0 to 5; found 3\.5"):
        parse_reply('{"reason": "half", "score": 3.5}', fractions=False)
    assert parse_reply('{"reason": "right", "score": 4.0}', fractions=False).score == 4


def test_a_long_reason_is_shortened_to_twelve_words_and_the_score_kept() -> None:
    words = [f"w{number}" for number in range(13)]
    reply = parse_reply(f'{{"reason": "{" ".join(words)}", "score": 2}}', fractions=True)
    assert reply == Reply(" ".join(words[:12]) + " …", 2.0)


@given(st.text())
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    try:
        reply = parse_reply(text, fractions=True)
    except BadReply:
        return
    assert 0 <= reply.score <= 5
