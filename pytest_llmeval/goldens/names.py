"""The names of columns: those that are read, and those that only look like one of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache

from pytest_llmeval.goldens.answer_words import is_foreign_answer

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "prompt": ("prompt", "input", "question", "query", "user_input", "instruction"),
    "messages": ("messages",),
    "system_prompt": ("system_prompt", "system_message", "system_instruction"),
    "expected": (
        "expected", "ground_truth_completion", "ground_truth", "ideal", "target", "reference",
        "expected_output", "expected_answer", "expected_response", "expected_completion",
        "ground_truth_answer", "truth", "gold", "gold_answer", "golden_answer", "best_answer",
        "correct_answer", "right_answer", "reference_answer", "reference_output", "ideal_answer",
        "ideal_response", "canonical_solution",
        "correct_answers", "accepted_answers", "ground_truths", "answers",
        "answer", "answer_key", "completion",
    ),
    "contexts": (
        "contexts", "retrieval_context", "retrieval_contexts", "retrieved_context",
        "retrieved_contexts", "context", "reference_contexts",
    ),
    "tags": ("classification", "category", "tags"),
    "min_score": ("min_score",),
    "threshold": ("threshold",),
    "thresholds": ("thresholds",),
    "must_pass": ("must_pass",),
}  # fmt: skip
"""Known column names by field. The first one that holds a value in a row wins."""

METADATA = "metadata"
"""The field of a column that is declared to be none of the others."""

READ_AS_METADATA = (
    "criteria", "anchors", "contains_all", "contains_any", "contains_none", "json_schema",
)  # fmt: skip
"""Metadata that judges and metrics read by its name."""


@cache
def normal(name: str) -> str:
    """Return a name without case, blanks and punctuation: `expectedOutput` as `Expected Output`.

    A name with a leading underscore is special to its tool, and stays another name.
    """
    text = unicodedata.normalize("NFKC", name).strip().casefold()
    if text.startswith("_"):
        return text
    letters = "".join(letter for letter in text if unicodedata.category(letter)[0] in "LMN")
    return letters or text


_NORMAL_ALIASES = {
    field: tuple(normal(name) for name in aliases) for field, aliases in ALIASES.items()
}
LISTS = frozenset(
    normal(name)
    for name in ("ideal", "correct_answers", "accepted_answers", "ground_truths", "answers")
)
"""Names of columns with several accepted answers."""

WEAK = frozenset(normal(name) for name in ("answer", "answers", "answer_key", "completion"))
"""Names of the expected answer that many tools give to the answer of a model."""

INSTRUCTION = "instruction"
RESPONSES = ("output", "response")
"""Names of the expected answer in a file of instructions (Alpaca, Dolly)."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")
_HEADS = frozenset((
    "expected", "gold", "golden", "ground", "truth", "groundtruth", "reference", "ideal", "target",
    "correct", "right", "best", "desired", "true", "wanted", "accepted", "acceptable",
    "gt", "ref", "refs", "exp", "standard", "official", "expert", "verified", "validated",
    "approved", "perfect",
))  # fmt: skip
_HEADS_ALONE = frozenset(("expected", "gold", "golden", "ground", "truth", "groundtruth", "ideal"))
_TAILS = frozenset((
    "answer", "answers", "output", "outputs", "response", "responses", "completion", "completions",
    "reply", "replies", "result", "results", "text", "texts", "value", "values", "solution",
    "solutions", "label", "labels", "sql", "json", "html", "xml", "category", "class", "intent",
    "string", "sentence", "translation", "summary", "message", "content", "behavior", "behaviour",
    "reaction", "phrase", "code", "query", "number", "ans", "val", "fact", "facts", "letter",
    "index", "idx", "choice", "option", "reference", "references", "standard",
))  # fmt: skip
_FILLERS = frozenset((
    "the", "a", "of", "final", "new", "human", "model", "full", "short", "long", "raw", "v", "en",
    "de", "fr", "es", "it", "pt", "nl", "ko", "ja", "zh", "english", "german", "french", "spanish",
    "ru", "pl", "tr", "ar", "hi", "uk", "cs", "sv", "br", "us", "gb", "at", "ch", "cn", "tw",
    "required", "mandatory", "column", "col", "field", "str", "here",
))  # fmt: skip
_ALSO_EXPECTED = frozenset((
    "solution", "references", "targets", "correctoption", "correctchoice", "expect", "expects",
    "expectation", "expectations", "gt", "gts", "solutions", "ref", "refs", "targetscores",
    "answersspans", "answerspans", "shouldanswer", "mustanswer", "shouldbe", "baselineanswer",
    "baselineresponse", "humanreference", "goldreference", "ytrue", "golds", "goldens",
))  # fmt: skip
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "min_score": (
        "minimum_score", "minimal_score", "score_min", "min_rating", "minimum_rating", "min_rubric",
        "min_rubric_score", "min_judge_score", "passing_score", "required_score",
        "pass_score", "pass_mark", "passing_mark", "passing_grade", "required_rating",
        "min_grade", "minimum_grade",
    ),
    "threshold": (
        "score_threshold", "pass_threshold", "passing_threshold", "min_threshold",
        "cutoff", "cut_off", "score_cutoff",
    ),
    "thresholds": (),
    "must_pass": (
        "must_passed", "must_be_passed", "must_succeed", "has_to_pass",
        "mandatory", "is_mandatory", "blocker", "blocking", "is_blocking", "release_blocker",
    ),
    "system_prompt": (
        "system", "system_text", "system_instructions", "sys_prompt", "developer_prompt",
        "developer_message", "prompt_system", "preamble",
    ),
    "criteria": (
        "criterion", "criterions", "rubric", "rubrics", "grading_rubric", "grading_criteria",
        "grading_notes", "evaluation_criteria", "scoring_criteria", "judge_criteria",
        "success_criteria", "acceptance_criteria", "llm_rubric",
        "scoring_rubric", "evaluation_rubric", "judging_criteria", "eval_criteria",
        "rating_criteria", "llm_judge_criteria", "grading_guidelines", "grading_guideline",
        "scoring_guidelines", "evaluation_guidelines", "grading_instructions",
        "judge_instructions", "evaluation_instructions", "judge_prompt", "grader_prompt",
        "grading_prompt", "scoring_prompt", "evaluation_prompt", "scoring_guide",
        "marking_scheme",
    ),
    "contains_all": (
        "contain_all", "must_contain", "must_contain_all", "should_contain", "must_include",
        "should_include", "must_mention", "should_mention", "required_phrases", "required_keywords",
        "required_words", "expected_keywords", "expected_phrases", "expected_substrings",
        "must_have", "must_have_all", "must_say", "should_say", "includes", "include",
        "include_all",
        "required_terms", "required_text", "expected_terms", "expected_words",
        "must_contain_keywords", "must_contain_words",
    ),
    "contains_any": ("contain_any", "must_contain_any", "should_contain_any", "must_include_any"),
    "contains_none": (
        "contain_none", "not_contains", "contains_not", "not_contain", "must_not_contain",
        "should_not_contain", "must_not_include", "should_not_include", "must_not_mention",
        "forbidden", "forbidden_words", "forbidden_phrases", "banned_words", "banned_phrases",
        "forbidden_terms", "disallowed_words", "prohibited_words", "must_not_say", "must_not_have",
        "must_not", "should_not_say", "should_not_mention", "never_say", "excludes",
        "not_includes",
    ),
    "json_schema": (
        "schema", "output_schema", "response_schema", "expected_schema", "answer_schema",
    ),
}  # fmt: skip
_HARMLESS = frozenset(("mainscore", "minstore"))
_SPECIAL = (
    "__expected", "__threshold", "__prefix", "__suffix", "__metadata:", "__config:",
    "__description", "__metric", "__providerOutput",
)  # fmt: skip
"""How promptfoo's special columns begin."""

_MEANINGFUL = 4
"""Special columns, from the first, that change what is asked or required."""

_LEAST_LETTERS = 6
"""Letters of the shortest name that a misspelling is recognised of."""
_SIMILARITY = 0.87
"""Share of equal letters of a misspelling; the word that is nearest without being one has 0.86."""


def known_names(field: str) -> tuple[str, ...]:
    """Return the normal names of a field, in order of preference."""
    return _NORMAL_ALIASES[field]


def mapping_remedy(name: str, field: str) -> str:
    """Say how a column is mapped to a field, or declared to be metadata."""
    return f"--llm-columns '{name} = {field}' (--columns of llmeval, or this line in llm_columns)"


@cache
def setting_like(name: str) -> str:
    """Return the setting of a row that a name was probably meant to be; empty if there is none."""
    text = normal(name)
    for setting, synonyms in _SYNONYMS.items():
        if text in map(normal, synonyms):
            return setting
    if text in _HARMLESS:
        return ""
    numbered = text.rstrip("0123456789")
    if numbered != text and numbered in map(normal, _SYNONYMS):
        return next(setting for setting in _SYNONYMS if normal(setting) == numbered)
    return next((setting for setting in _SYNONYMS if is_misspelling(name, setting)), "")


@cache
def is_answer_like(name: str) -> bool:
    """Return whether a name that is not known was probably meant to be the expected answer."""
    if normal(name) in known_names("expected"):
        return False
    if normal(name) in _ALSO_EXPECTED:
        return True
    words = {word for word in name_words(name) if not word.isdecimal()} - _FILLERS
    has_tail = words & _TAILS or words & _HEADS_ALONE
    if words & _HEADS and words <= _HEADS | _TAILS and has_tail:
        return True
    if is_foreign_answer(name):
        return True
    return any(is_misspelling(name, alias) for alias in ALIASES["expected"])


@cache
def special_like(name: str) -> str:
    """Return promptfoo's special column that a name was probably meant to be, or nothing.

    It is a name with one underscore instead of two, in another case, or with a letter too many.
    """
    text = name.strip()
    if not text.startswith("_") or text.startswith(_SPECIAL):
        return ""
    word = normal(text.lstrip("_"))
    for special in _SPECIAL[:_MEANINGFUL]:
        meant = special.lstrip("_")
        is_numbered = word.rstrip("0123456789") == meant
        if is_numbered or (text.startswith("__") and is_misspelling(word, meant)):
            return special
    return ""


def name_words(name: str) -> Iterator[str]:
    """Yield the words of a name in `snake_case`, `camelCase` or with blanks."""
    text = unicodedata.normalize("NFKC", name)
    return (word.casefold() for word in _WORD.findall(text))


def is_misspelling(name: str, known: str) -> bool:
    """Return whether a name differs from a known one in a letter or two."""
    from difflib import SequenceMatcher  # late: most files have no misspelt name

    text, meant = normal(name), normal(known)
    if text == meant or not text or text[0] != meant[0] or len(meant) < _LEAST_LETTERS:
        return False
    # `reference_id` and `answer_2` are names of something else.
    if set(known.split("_")) < set(name_words(name)):
        return False
    if sorted(text) == sorted(meant):
        return True
    return SequenceMatcher(None, text, meant).ratio() >= _SIMILARITY
