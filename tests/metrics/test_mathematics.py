from __future__ import annotations

import signal
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.errors import OutOfTime
from pytest_llmeval.metrics import bounded
from pytest_llmeval.metrics.mathematics import Mathematics
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score


def score(answer: str, expected: str | None) -> Score:
    return Mathematics().score(
        Case("c", "Solve.", Source("g.csv", 2), expected=expected), Completion(answer)
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("0.5", r"\frac12"),
        ("1,000", "1000"),
        ("50%", "0.5"),
        (r"50\%", "0.5"),
        ("x=3", "3"),
        ("3", "$x=3$"),
        (r"The answer is \boxed{\frac{1}{2}}.", "1/2"),
        (r"first \boxed{2}, then \boxed{3}, not 4", "3"),
        ("So the answer is 1/3.", r"\frac{1}{3}"),
        ("2 1/2", r"\frac{5}{2}"),
        (r"$2\frac12$", "2.5"),
        ("1.5e3", "1500"),
        ("10^3", "1000"),
        ("−5", "-5"),  # noqa: RUF001
        (r"\sqrt{8}", r"2\sqrt{2}"),
        ("sqrt(8)", r"2\sqrt2"),
        ("x^2 + 2x + 1", "(x+1)^2"),
        ("x**2", "x^2"),
        ("y = 2x + 1", "2x+1"),
        (r"\sin^2 x + \cos^2 x", "1"),
        (r"\log_2 8", "3"),
        ("5!", "120"),
        (r"90^\circ", "90"),
        (r"$10\text{ cm}$", "10"),
        ("{1,2}", r"\{2,1\}"),
        ("x = 1 or x = 2", r"\{1,2\}"),
        (r"x \in [1,2)", "[1,2)"),
        (r"1 \le x < 2", "[1,2)"),
        ("[1,2)", r"1 \le x < 2"),
        (r"(-\infty,3)\cup(5,\infty)", r"(5,\infty)\cup(-\infty,3)"),
        (r"$\begin{pmatrix}1&2\\3&4\end{pmatrix}$", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"),
        ("2+3i", "3i+2"),
        (r"\boxed{A}", "A"),
    ],
)
def test_the_same_object_is_found_however_it_is_written(answer: str, expected: str) -> None:
    assert score(answer, expected) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("(1,2)", "[1,2]"),
        ("(1,2)", "(2,1)"),
        ("-5", "5"),
        ("0.33", "1/3"),
        (r"\pi", "3.14159"),
        ("y = 2x+1", "y = 2x+2"),
        ("1.2", "1,2"),
        ("first 3, then 4", "3"),
        (r"\boxed{4}, and not 3", "3"),
        ("x < 2", "x > 2"),
        ("[1,2)", "[1,2]"),
        ("", "3"),
        ("I do not know.", "3"),
    ],
)
def test_another_object_is_not_taken_for_it(answer: str, expected: str) -> None:
    assert score(answer, expected) == 0


def test_an_expected_text_that_is_no_mathematics_leaves_the_answer_unscored() -> None:
    assert (
        score("3", "Paris is nice").error
        == "g.csv:2: the expected text 'Paris is nice' is no mathematics"
    )
    assert "no expected text" in str(score("3", None).error)


def test_the_reason_names_the_words_that_contradict_each_other() -> None:
    assert score("The loss is $5$.", "The gain is $5$.").error == (
        "'loss' is the opposite of 'gain'"
    )


def test_in_another_thread_it_does_the_same() -> None:
    found: list[Score] = []
    thread = threading.Thread(target=lambda: found.append(score(r"\boxed{0.5}", "1/2")))
    thread.start()
    thread.join()
    assert found == [1]


def test_somebody_elses_alarm_goes_on() -> None:
    def ring(number: int, frame: object) -> None:
        raise AssertionError("not yet")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        assert score("0.5", "1/2") == 1
        left_s, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < left_s < 1000
        assert signal.getsignal(signal.SIGALRM) is ring
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (r"\boxed{9^{9^{9^{9}}}}", "5"),
        (r"$2^{1000000000}$", r"$3^{1000000000}$"),
        ("$1000000000!$", "5"),
        (r"$\binom{1000000000}{500000000}$", "5"),
    ],
)
def test_what_takes_too_long_is_no_zero(
    answer: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    score("1", "1/2")
    monkeypatch.setattr(bounded, "PATIENCE_S", 0.5)
    with pytest.raises(OutOfTime, match=r"math gave up after 0\.5 seconds: the formulas"):
        score(answer, expected)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("$" + "(" * 100 + "1" + ")" * 100 + "$", "more than 40 brackets stand within each other"),
        (r"\boxed{" + "x+" * 2000 + "1}", "the formula has 4,001 characters; at most 2,000"),
        ("1e1001", "the exponent of 1e1001 is beyond 1,000"),
        (r"\boxed{42", r"the last \boxed{ of the text is not closed"),
        ("2024-01-05", "'2024-01-05' is a date, not mathematics"),
        ("1.2.3", "'1.2.3' is a version, not mathematics"),
        ("2 3", "two numbers stand side by side without an operator"),
        ("1/2x", "a product behind a slash, as in 1/2x, can be read in two ways"),
        (r"$\foo{3}$", r"\foo cannot be read as mathematics"),
        ("1/0", "divides by zero"),
    ],
)
def test_a_formula_that_cannot_be_read_says_why(answer: str, error: str) -> None:
    assert error in str(score(answer, "3").error)
    assert error in str(score("3", answer).error)


def test_equal_texts_are_equal_whether_or_not_they_end() -> None:
    assert score(r"\boxed{9^{9^{9^{9}}}}", r"9^{9^{9^{9}}}") == 1


@settings(max_examples=25, deadline=None)
@given(st.integers(-999, 999), st.integers(1, 99))
def test_a_fraction_is_itself_in_every_notation(above: int, below: int) -> None:
    metric = Mathematics()
    plain, latex = (
        metric.parse(f"{above}/{below}"),
        metric.parse(rf"\boxed{{\frac{{{above}}}{{{below}}}}}"),
    )
    assert plain is not None
    assert latex is not None
    assert metric.same(plain, latex)
    assert metric.same(latex, plain)


def test_the_version_names_both_libraries() -> None:
    assert Mathematics().version.startswith("latex2sympy2_extended ")
    assert ", sympy " in Mathematics().version
