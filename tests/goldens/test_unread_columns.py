"""What looks like a setting or an expected answer is read, or is an error with a remedy; the rest is metadata."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.required_columns import SCORERS
from pytest_llmeval.judges.registry import describe
from pytest_llmeval.metrics.registry import MetricRegistry
from tests.goldens.conftest import GoldenFolder

QUOTED = '"{""type"": ""object""}"'
"""A JSON Schema in a cell of a CSV file."""


@pytest.mark.parametrize(
    "name",
    ["min score", "Min-Score", "minScore", "MIN_SCORE", "minscore", " min_score ", "Min.Score"],
)
def test_a_setting_in_another_spelling_is_read(folder: GoldenFolder, name: str) -> None:
    (case,) = folder.read("a.csv", f"prompt,{name}\nA?,4\n")

    assert [str(bound) for bound in case.thresholds] == ["rubric >= 4"]


@pytest.mark.parametrize("name", ["must-pass", "mustpass", "Must Pass", "mustPass"])
def test_the_mark_of_a_case_that_must_pass_is_read(folder: GoldenFolder, name: str) -> None:
    (case,) = folder.read("a.csv", f"prompt,{name}\nA?,true\n")

    assert case.must_pass is True


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("min_scores", "min_score"),
        ("minimum score", "min_score"),
        ("minScores", "min_score"),
        ("mni_score", "min_score"),
        ("threshhold", "threshold"),
        ("treshold", "threshold"),
        ("Tresholds", "threshold"),
        ("score_threshold", "threshold"),
        ("must_pas", "must_pass"),
        ("mustpas", "must_pass"),
        ("must_passed", "must_pass"),
        ("min_score (1-5)", "min_score"),
        ("threshold [optional]", "threshold"),
        ("must_pass (y/n)", "must_pass"),
    ],
)
def test_a_misspelt_setting_is_an_error_whose_remedies_work(
    folder: GoldenFolder, name: str, setting: str
) -> None:
    values = {"min_score": "4", "threshold": "length<=9", "must_pass": "true"}
    text = f"prompt,expected,{name}\nA?,a,{values[setting]}\n"
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.csv", text)

    (problem,) = caught.value.problems
    assert (problem.line, problem.row, problem.column) == (2, 1, name)
    assert problem.value.endswith("in a column that is not read")
    assert f"rename it to {setting}, or --llm-columns '{name} = {setting}'" in problem.allowed
    assert f"'{name} = metadata' if it is something else" in problem.allowed
    (mapped,) = folder.read("a.csv", text, {name: setting})
    (declared,) = folder.read("a.csv", text, {name: "metadata"})
    assert mapped.thresholds or mapped.must_pass
    assert (declared.thresholds, declared.metadata) == ((), {name: values[setting]})


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Criteria", "criteria"),
        ("containsAll", "contains_all"),
        ("Contains Any", "contains_any"),
        ("contains-none", "contains_none"),
        ("jsonSchema", "json_schema"),
    ],
)
def test_metadata_that_a_judge_or_a_metric_reads_has_its_known_name(
    folder: GoldenFolder, name: str, known: str
) -> None:
    (case,) = folder.read("a.csv", f"prompt,{name}\nA?,x\n")

    assert case.metadata == {known: "x"}


@pytest.mark.parametrize(
    ("name", "known"),
    [("criterion", "criteria"), ("critera", "criteria"), ("contain_all", "contains_all")],
)
def test_misspelt_metadata_that_a_judge_or_a_metric_reads_is_an_error(
    folder: GoldenFolder, name: str, known: str
) -> None:
    with pytest.raises(GoldenFileError, match=rf"column '{name}' .*allowed: {known}: rename it"):
        folder.read("a.csv", f"prompt,{name}\nA?,x\n")


@pytest.mark.parametrize(
    "name",
    [
        "expectedOutput", "expected_answer", "expectedAnswer", "ground_truth", "groundTruth", "gold",
        "Gold Answer", "truth", "reference_answer", "correctAnswer", "Best Answer", "idealResponse",
    ],
)  # fmt: skip
def test_a_name_of_the_expected_answer_is_read(folder: GoldenFolder, name: str) -> None:
    (case,) = folder.read("a.csv", f"prompt,{name}\nA?,a\n")

    assert (case.expected, case.metadata) == ("a", {})


@pytest.mark.parametrize(
    "name",
    [
        "expected_ouput", "expcted", "refrence", "ground_thruth", "traget", "anwser", "expectedAnswers",
        "expected_result", "expected_sql", "gold_label", "golden", "target_text", "expected_1",
        "correctAnswer2", "Reference Summary", "references",
        "expected_answer_en", "Expected (German)", "gold_answer_final", "expected (reference)",
        "Expected Behaviour", "expect", "expectations", "gt", "erwartet", "Erwartete Antwort",
        "Musterlösung", "respuesta_esperada", "Respuesta correcta", "réponse attendue", "risposta attesa",
        "respostaEsperada", "gabarito", "verwacht antwoord", "oczekiwana odpowiedź", "ожидаемый ответ",
        "правильный_ответ", "beklenen cevap", "期望输出", "标准答案", "正解", "期待される回答", "정답", "예상 답변",
        "expected_facts", "answers_spans", "target_scores", "gt_answer", "gt_response", "ref", "refs",
        "ref_answer", "gold_standard", "standard_answer", "official_answer", "expert_answer",
        "verified_answer", "approved_answer", "baseline_answer", "human_reference", "correct_letter",
        "correct_index", "right_choice", "expected_val", "exp_answer", "should_answer", "参考回答",
        "标准回答", "अपेक्षित उत्तर", "सही उत्तर", "الجواب الصحيح", "תשובה צפויה", "คำตอบที่คาดหวัง",
        "câu trả lời mong đợi", "αναμενόμενη απάντηση", "jawaban yang benar", "Reference (EN)",
        "expected (required)", "[expected] (text)", "expected\uff08必填\uff09", "expected <str>", "expected - required",
        "expected_ru", "\u0435xpected", "e\u0445pected output", "y_true", "golds", "Referenz", "référence",
        "riferimento", "Ground truth (by hand)", "Lösungsvorschlag", "bonne réponse", "идеальный ответ",
        "mejor respuesta", "참고 답변",
    ],
)  # fmt: skip
def test_what_looks_like_the_expected_answer_of_cases_without_one_is_an_error(
    folder: GoldenFolder, name: str
) -> None:
    text = f"prompt,{name}\nA?,a\nB?,b\nC?,\n"
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.csv", text)

    (problem,) = caught.value.problems
    assert (problem.line, problem.row, problem.column) == (2, 1, name)
    assert problem.value == "'a' in a column that is not read, and no expected answer (2 cases)"
    assert f"--llm-columns '{name} = expected' (--columns of llmeval, or" in problem.allowed
    assert [case.expected for case in folder.read("a.csv", text, {name: "expected"})] == [
        "a",
        "b",
        None,
    ]
    assert folder.read("a.csv", text, {name: "metadata"})[0].metadata == {name: "a"}


def test_a_case_with_an_expected_answer_needs_no_further_one(folder: GoldenFolder) -> None:
    (case,) = folder.read("a.csv", "prompt,target,correct_result\nA?,a,b\n")
    with pytest.raises(GoldenFileError, match=r"a\.csv:3: row 2, column 'correct_result'"):
        folder.read("a.csv", "prompt,target,correct_result\nA?,a,b\nB?,,c\n")

    assert (case.expected, case.metadata) == ("a", {"correct_result": "b"})


def test_names_of_something_else_stay_metadata(folder: GoldenFolder) -> None:
    row = {
        "main_score": 3, "max_score": 5, "mean_score": 4, "score": 4, "win_score": 1, "threshold_kind": "x",
        "similarity_threshold": 0.8, "toxicity_threshold": 0.5, "expected_tools": ["a"],
        "expected_outcome": "x", "expected_output_tokens": 9, "reference_id": "7",
        "reference_url": "https://x.org", "references": ["https://x.org", "www.y.org"],
        "reference_contexts_count": 2, "preference": "a", "answer_type": "short", "output_1": "x",
        "actual_output": "o", "model_response": "r", "attendance": "full", "target_audience": "x",
        "correct": True, "Zieldatum": "x", "text": "x", "resumen": "x", "soluble": "no", "is_correct": True, "correct_result": True, "targeted": "no",
        "incorrect_answers": ["x"], "wrong_answer": "x", "ideal_sub_queries": ["q"], "_id": "5",
        "reference (url)": "x", "target (language)": "de",
        "expected (seconds)": 5, "ideal (score)": 1, "answer (model)": "x", "Answer (old)": "x", "y_pred": "x",
        "topic (required)": "x", "required_field": "x", "\u0441\u043e\u0440": "x",
        "must_read": "x", "anchor": "#top", "competition": "y", "criteria_id": 7,
    }  # fmt: skip
    (case,) = folder.read_rows({"prompt": "A?", **row})

    assert (case.expected, case.thresholds, case.must_pass) == (None, (), None)
    assert case.metadata == row


@pytest.mark.parametrize(
    "name",
    [
        "label", "labels", "output", "response", "outputs", "result", "ans", "correct", "chosen",
        "Sample answer", "model_answer", "answer_1", "Antwort", "respuesta", "réponse", "答案", "답변",
        "answer_letter", "answer_idx", "solution_text", "answer_en", "Answer (EN)", "summary",
        "highlights", "translation", "intent", "תשובה", "คำตอบ", "Lösung", "Soll", "suggested_answer",
        "teacher_answer", "our_reference",
        "Answer (short)", "Antwort (kurz)", "desired", "wanted", "canonical", "oracle", "right",
        "output_text", "resultado", "Ergebnis", "результат",
    ],
)  # fmt: skip
def test_a_name_of_many_things_is_an_error_where_nothing_else_can_be_the_answer(
    folder: GoldenFolder, name: str
) -> None:
    text = f"prompt,{name}\nA?,a\nB?,\n"
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.csv", text)

    (problem,) = caught.value.problems
    assert (problem.column, problem.line) == (name, 2)
    assert f"--llm-columns '{name} = expected' (--columns of llmeval, or" in problem.allowed
    assert folder.read("a.csv", text, {name: "expected"})[0].expected == "a"
    assert folder.read("a.csv", text, {name: "metadata"})[0].metadata == {name: "a"}
    for further in ("expected", "threshold", "criteria", "contains_all"):
        value = "length<=9" if further == "threshold" else "x"
        cases = folder.read("a.csv", f"prompt,{name},{further}\nA?,a,{value}\nB?,,{value}\n")
        assert cases[0].metadata[name] == "a"


@pytest.mark.parametrize("name", ["output", "response", "result"])
def test_next_to_passages_it_is_what_a_model_said(folder: GoldenFolder, name: str) -> None:
    (case,) = folder.read("a.csv", f"prompt,context,{name}\nA?,c,a\n")

    assert (case.expected, case.metadata) == (None, {name: "a"})


@pytest.mark.parametrize("name", ["system_prompt", "System Message", "systemPrompt"])
def test_the_system_prompt_of_a_row_is_sent(folder: GoldenFolder, name: str) -> None:
    first, second = folder.read_rows(
        {"prompt": "A?", name: "Be short."},
        {"messages": [{"role": "user", "content": "B?"}], name: "Be short.", "expected": "b"},
    )

    for case, prompt in ((first, "A?"), (second, "B?")):
        assert case.prompt == prompt
        assert [dict(message) for message in case.messages] == [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": prompt},
        ]
    assert (first.metadata, second.expected) == ({}, "b")


@pytest.mark.parametrize("value", [" ", "\u200b", {"a": 1}])
def test_a_system_prompt_that_cannot_be_sent_is_an_error(
    folder: GoldenFolder, value: object
) -> None:
    with pytest.raises(
        GoldenFileError, match=r"'system_prompt' .* allowed: text that is not blank"
    ):
        folder.read_rows({"prompt": "A?", "system_prompt": value})


def test_a_chat_has_one_system_message(folder: GoldenFolder) -> None:
    chat = [{"role": "system", "content": "x"}, {"role": "user", "content": "A?"}]
    with pytest.raises(
        GoldenFileError, match=r"'system_prompt' .* in a row whose chat has a message"
    ):
        folder.read_rows({"messages": chat, "system_prompt": "y"})


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("system", "Be short.", "rename it to system_prompt, or --llm-columns 'system = system_prompt'"),
        ("must_contain", "a", "rename it to contains_all"),
        ("should_include", "a", "rename it to contains_all"),
        ("must_not_contain", "a", "rename it to contains_none"),
        ("rubric", "Is it polite?", "rename it to criteria"),
        ("Grading Criteria", "Is it polite?", "rename it to criteria"),
        ("schema", '{"type": "object"}', "rename it to json_schema"),
        ("contains", "a", "a column __expected with an assertion such as 'contains: TEXT'"),
        ("regex", "a+", "a column __expected with an assertion such as 'regex: PATTERN'"),
        ("assert", "contains: a", "a column __expected with an assertion"),
        ("numeric", ">=1", "a column threshold with 'numeric>=1'"),
        ("toxicity", "<= 0.2", "a column threshold with 'toxicity<= 0.2'"),
        ("min_contains", "1", "a column threshold with 'contains>=1'"),
        ("max_length", "50", "a column threshold with 'length<=50'"),
        ("maxLatency", "2.5", "a column threshold with 'latency<=2.5'"),
        ("skip", "true", "every row is a case, so delete the row"),
        ("enabled", "no", "every row is a case, so delete the row"),
        ("active", "no", "every row is a case, so delete the row"),
        ("status", "ARCHIVED", "every row is a case, so delete the row"),
        ("must_fail", "true", "every row is a case, so delete the row"),
        ("chat_history", "User: hi", "the earlier messages and the question as one chat in a column messages"),
        ("conversation_history", "hi", "one chat in a column messages"),
        ("previous_messages", "hi", "one chat in a column messages"),
        ("history", "User: hi", "one chat in a column messages"),
        ("preamble", "Be short.", "rename it to system_prompt"),
        ("metadata.system_prompt", "Be short.", "rename it to system_prompt"),
        ("metadata.min_score", "4", "rename it to min_score"),
        ("vars.criteria", "Is it polite?", "rename it to criteria"),
        ("metrics", "rouge>=0.9", "a column threshold with 'rouge>=0.9'"),
        ("metric", "own_metric >= 0.9; cost<1", "a column threshold with 'own_metric >= 0.9; cost<1'"),
        ("anything", "toxicity<=0.2", "a column threshold with 'toxicity<=0.2'"),
        ("lix", "<=40", "a column threshold with 'lix<=40'"),
        ("max_words", "10", "a column threshold with 'length<=10'"),
        ("char_limit", "10", "a column threshold with 'length.characters<=10'"),
        ("ends_with", "a", "an assertion such as 'regex: TEXT$'"),
        ("regex_match", "^a", "an assertion such as 'regex: PATTERN'"),
        ("pattern", "^a", "an assertion such as 'regex: PATTERN'"),
        ("validator", "contains: a", "an assertion such as 'contains: TEXT'"),
        ("includes", "a", "rename it to contains_all"),
        ("must_have", "a", "rename it to contains_all"),
        ("must_say", "a", "rename it to contains_all"),
        ("must not say", "a", "rename it to contains_none"),
        ("pass_mark", "3", "rename it to min_score"),
        ("required_rating", "3", "rename it to min_score"),
        ("cutoff", "0.5", "rename it to threshold"),
        ("mandatory", "true", "rename it to must_pass"),
        ("grading_guidelines", "Be kind", "rename it to criteria"),
        ("judge_prompt", "Be kind", "rename it to criteria"),
    ],
)  # fmt: skip
def test_what_looks_like_a_requirement_is_an_error(
    folder: GoldenFolder, name: str, value: str, remedy: str
) -> None:
    row = (
        f"prompt,expected,{name}\nA?,a,\nB?,a,{json.dumps(value) if '{' not in value else QUOTED}\n"
    )
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.csv", row)

    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (3, name)
    assert remedy in problem.allowed
    assert f"'{name} = metadata' if it is something else" in problem.allowed
    assert folder.read("a.csv", row, {name: "metadata"})[1].metadata == {name: value}


def test_values_that_require_nothing_stay_metadata(folder: GoldenFolder) -> None:
    row = {
        "skip": False, "enabled": True, "schema": "CREATE TABLE a (b INT)", "rubric": 4,
        "toxicity": 0.1, "numeric": "yes", "max_tokens": 50, "min_age": 18, "size": ">=5",
        "max_length": "long", "length": 7, "reason": "x",
        "validator": "Alice", "checks": "3", "check": "ok", "assertion": "The sky is blue", "active": "yes",
        "status": "ACTIVE", "state": "Texas", "history": "of diabetes", "chat_history": "[]", "cutoff": "2024-01",
        "mandatory": "no", "includes": True, "pattern": "stripes", "age": "x >= 5", "test": "assert f()",
        "metric": "accuracy", "metadata.level": "x", "item.name": "y", "constraint": "x>=5", "must_fail": "no",
    }  # fmt: skip
    (case,) = folder.read_rows({"prompt": "A?", "expected": "a", **row})

    assert case.metadata == row


def test_every_scorer_can_be_required_by_a_column_of_its_name() -> None:
    assert {info.name for info in MetricRegistry().describe(describe())} == SCORERS


def test_a_history_next_to_a_chat_is_metadata(folder: GoldenFolder) -> None:
    chat = [{"role": "user", "content": "A?"}]
    (case,) = folder.read_rows({"messages": chat, "chat_history": chat, "expected": "a"})

    assert case.metadata == {"chat_history": chat}


def test_a_column_without_any_value_is_no_problem(folder: GoldenFolder) -> None:
    (case,) = folder.read("a.csv", "prompt,min_scores,expected_ouput\nA?,,\n")

    assert case.metadata == {}


def test_a_setting_inside_the_object_metadata_is_an_error(folder: GoldenFolder) -> None:
    text = '{"prompt": "A?", "metadata": {"min_score": 4, "level": "x"}}\n'
    with pytest.raises(GoldenFileError, match=r"column 'metadata\.min_score' found 4 in a column"):
        folder.read("a.jsonl", text)

    (mapped,) = folder.read("a.jsonl", text, {"metadata.min_score": "min_score"})
    (declared,) = folder.read("a.jsonl", text, {"metadata.min_score": "metadata"})
    assert [str(bound) for bound in mapped.thresholds] == ["rubric >= 4"]
    assert (declared.thresholds, declared.metadata) == ((), {"min_score": 4, "level": "x"})


def test_a_setting_outside_the_rows_is_an_error(folder: GoldenFolder) -> None:
    text = '{"version": 1, "Min Score": 4, "cases": [{"prompt": "A?"}]}'
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.json", text)

    assert str(caught.value.problems[0]).endswith(
        "a.json: column 'Min Score' found a setting outside the rows, which is not read; "
        "allowed: min_score in each row, or an option for the run; "
        "--llm-columns 'Min Score = metadata' if it is something else"
    )
    assert folder.read("a.json", text, {"Min Score": "metadata"})[0].prompt == "A?"


@pytest.mark.parametrize("name", ["_expected", "__Expected", "__expcted", "_threshold", "_prefix"])
def test_a_misspelt_special_column_of_promptfoo_is_an_error(
    folder: GoldenFolder, name: str
) -> None:
    with pytest.raises(GoldenFileError, match=rf"column '{name}' .*allowed: __[a-z]+, in this"):
        folder.read("a.csv", f"question,{name}\nA?,contains: a\n")


def test_all_mistakes_of_a_file_are_reported_at_once(folder: GoldenFolder) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read(
            "a.csv",
            "id,prompt,question,expcted,min_scores,must_pass\n"
            "a,A?\n"
            "b,,,x,5,true\n"
            "b,B?,C?,x,5,maybe\n"
            "c,D?,,y,,\n",
        )

    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == [
        (2, ""),
        (3, "min_scores"),
        (3, "prompt"),
        (4, "question"),
        (4, "must_pass"),
        (5, "expcted"),
    ]


def test_without_a_prompt_the_unread_settings_are_reported_too(folder: GoldenFolder) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.csv", "promt,min_scores\nA?,5\nx\n")

    assert [problem.column for problem in caught.value.problems] == ["", "min_scores", ""]
