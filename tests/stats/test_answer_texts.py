from __future__ import annotations

from collections.abc import Iterable

import pytest

from pytest_llmeval.records.answer_text import AnswerText
from pytest_llmeval.stats.answer_texts import AnswerTally, Constant, Echo

SENTENCE = "Refunds take {0} days after the goods have come back to us"
SORRY = "I cannot help with that"


def tally(texts: Iterable[AnswerText]) -> AnswerTally:
    answers = AnswerTally()
    for text in texts:
        answers.add(text)
    return answers


def echoes(expected: str, number: int = 20, **more: object) -> AnswerTally:
    """Answers that are the expected text, of which ``{0}`` is the number of the case."""
    return tally(
        AnswerText("faq.csv", f"Question {n}", expected.format(n), expected.format(n), **more)  # type: ignore[arg-type]
        for n in range(number)
    )


def test_sentences_to_the_letter_are_an_echo() -> None:
    assert echoes(SENTENCE).echo() == Echo(20, 20)
    assert echoes(SENTENCE, 9).echo() is None
    assert echoes("退款需要{0}天,从商品寄回来开始").echo() == Echo(20, 20)


@pytest.mark.parametrize(
    "expected",
    ["yes", "{0}", "{0} km", "2020-01-{0}", '{{"days": {0}, "to": "the customer"}}', "not enough information given"],
)  # fmt: skip
def test_labels_numbers_and_data_are_none(expected: str) -> None:
    assert echoes(expected).echo() is None


def test_short_texts_are_one_only_if_the_baseline_had_others() -> None:
    assert echoes("Person {0}").echo() is None
    assert echoes("Person {0}", before="It was a person, I believe").echo() == Echo(20, 20)


def test_quotations_and_answers_required_to_the_letter_are_none() -> None:
    quoted = tally(
        AnswerText("faq.csv", "?", SENTENCE.format(n), SENTENCE.format(n), (f"> {SENTENCE.format(n)}.",))
        for n in range(20)
    )  # fmt: skip
    assert quoted.echo() is None
    assert echoes(SENTENCE, is_exact=True).echo() is None


def test_some_answers_that_differ_are_no_echo() -> None:
    answers = echoes(SENTENCE)
    for n in range(5):
        answers.add(
            AnswerText("faq.csv", f"More {n}", f"About {n} days.", SENTENCE.format(f"{n}0"))
        )
    assert answers.echo() is None


def constant(*rows: tuple[int, str, str | None], group: str = "faq.csv") -> list[Constant]:
    """Rows of a number of prompts, their answer, and what they expect."""
    texts = [(answer, expected) for number, answer, expected in rows for _ in range(number)]
    return list(
        tally(
            AnswerText(group, f"{group} {n}", answer.format(n), expected and expected.format(n))
            for n, (answer, expected) in enumerate(texts)
        ).constants()
    )


@pytest.mark.parametrize(
    "rows",
    [
        [(20, SORRY, "answer {0}")],
        [(20, f"  {SORRY}\n", None)],
        [(30, SORRY, "answer {0}"), (90, "text {0}", "answer {0}")],
        [(11, "42", "{0}"), (9, "text {0}", "{0}")],
        [(10, "yes", "yes"), (10, "yes", "no")],
        [(6, "{{}}", None), (4, "text {0}", None)],
    ],
)
def test_one_answer_to_many_prompts_is_noticed(rows: list[tuple[int, str, str | None]]) -> None:
    (found,) = constant(*rows)
    assert (found.repeated, found.prompts) == (
        sum(row[0] for row in rows if "{0}" not in row[1]),
        sum(row[0] for row in rows),
    )


@pytest.mark.parametrize(
    "rows",
    [
        [(20, "yes", "yes")],
        [(15, "yes", "yes"), (3, "yes", "no"), (2, "no", "no")],
        [(4, SORRY, "answer {0}")],
        [(15, SORRY, None), (85, "text {0}", None)],
        [(40, "not enough information", "not enough information"), (20, "not enough information", "true"), (40, "true", "true")],
        [(20, " \u200b", "answer")],
    ],
)  # fmt: skip
def test_labels_and_few_repetitions_are_no_constant(
    rows: list[tuple[int, str, str | None]],
) -> None:
    assert constant(*rows) == []


def test_the_same_prompt_counts_once_and_one_file_of_several_is_named() -> None:
    same = tally(AnswerText("faq.csv", "Hello", "Good day", None) for _ in range(50))
    assert list(same.constants()) == []
    answers = tally(
        [
            *(AnswerText("a.csv", f"a {n}", f"text {n}") for n in range(90)),
            *(AnswerText("b.csv", f"b {n}", SORRY) for n in range(10)),
        ]
    )
    assert list(answers.constants()) == [Constant("b.csv", SORRY, 10, 10)]
