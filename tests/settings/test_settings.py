from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import SettingError
from pytest_llmeval.records.call import Parameters
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.settings.option import JsonObject, Option
from pytest_llmeval.settings.resolve import resolve
from pytest_llmeval.settings.table import OPTIONS, PARAMETER_NAMES, Settings

EXAMPLES: dict[str, tuple[str, object]] = {
    "text": ("some text", "some text"),
    "integer": ("3", 3),
    "number": ("0.5", 0.5),
    "flag": ("yes", True),
    "list": ("one\ntwo", ("one", "two")),
    "pattern": (r"\[/INST\](.*)", r"\[/INST\](.*)"),
    "json": ('{"top_k": 1}', {"top_k": 1}),
}
each_option = pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)


def row(name: str) -> Option:
    return next(option for option in OPTIONS if option.name == name)


def example(option: Option) -> tuple[str, object]:
    """A good value of an option as it is written, and as it is read."""
    return (option.choices[-1], option.choices[-1]) if option.choices else EXAMPLES[option.kind]


def read(name: str, value: object) -> Any:
    return getattr(resolve({name: value}, {}, {}), name)


def test_command_line_beats_environment_beats_ini_beats_default() -> None:
    command_line, environment, ini = {"seed": "1"}, {"LLMEVAL_SEED": "2"}, {"seed": "3"}
    assert resolve(command_line, environment, ini).seed == 1
    assert resolve({"seed": None}, environment, ini).seed == 2
    assert resolve({}, {}, ini).seed == 3
    assert resolve({}, {}, {"seed": None}) == resolve({}, {}, {}) == Settings()


def test_a_zero_on_the_command_line_is_a_value() -> None:
    assert resolve({"temperature": 0.0}, {"LLMEVAL_TEMPERATURE": "1"}, {}).temperature == 0.0


def test_our_own_variable_beats_the_one_that_is_shared_with_others() -> None:
    shared = {"OPENAI_BASE_URL": "http://shared"}
    assert resolve({}, shared, {"base_url": "http://ini"}).base_url == "http://shared"
    assert resolve({}, {**shared, "LLMEVAL_BASE_URL": "http://own"}, {}).base_url == "http://own"
    assert resolve({}, {**shared, "LLMEVAL_BASE_URL": ""}, {}).base_url == "http://shared"


@each_option
def test_every_setting_is_read_alike_from_every_place(option: Option) -> None:
    text, value = example(option)
    on_the_command_line = resolve({option.name: text}, {}, {})
    assert getattr(on_the_command_line, option.name) == value
    assert on_the_command_line.explicit == {option.name}
    for settings in [resolve({}, {option.env[0]: text}, {}), resolve({}, {}, {option.name: text})]:
        assert settings.explicit == frozenset()
        assert [bound.text for bound in settings.bounds] == [
            bound.text for bound in on_the_command_line.bounds
        ]
        elsewhere = dataclasses.replace(
            settings, explicit=on_the_command_line.explicit, bounds=(), origins=()
        )
        assert elsewhere == dataclasses.replace(on_the_command_line, bounds=(), origins=())


@each_option
def test_every_setting_is_declared_once(option: Option) -> None:
    assert [each.name for each in OPTIONS].count(option.name) == 1
    assert option.dest == f"llm_{option.name}"
    assert option.flag.startswith("--llm-") or option.name == "min_score"
    assert option.env[0] == f"LLMEVAL_{option.name.upper()}"
    assert option.help
    assert option.help[-1] not in ". "


@each_option
def test_the_default_of_the_table_is_the_default_in_force(option: Option) -> None:
    assert option.default == getattr(Settings(), option.name)


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("seed", 7, 7),
        ("seed", " -7 ", -7),
        ("temperature", 1, 1.0),
        ("temperature", "2e-1", 0.2),
        ("judge_logprobs", True, True),
        ("judge_logprobs", "Off", False),
        ("judge_logprobs", "0", False),
        ("stop", "one\n\ntwo\n", ("one", "two")),
        ("stop", ["one", "t w\no"], ("one", "t w\no")),
        ("stop", ["\n"], ("\n",)),
        ("stop", [], ()),
        ("extra_body", {"top_k": 1}, JsonObject({"top_k": 1})),
        ("extra_body", "{}", JsonObject()),
        ("toxicity", "judge", "judge"),
        ("html", "", ""),
    ],
)
def test_what_may_be_written(name: str, value: object, found: object) -> None:
    assert read(name, value) == found
    assert type(read(name, value)) is type(found)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("seed", "x", "a whole number."),
        ("seed", "1.5", "a whole number."),
        ("seed", "", "a whole number."),
        ("seed", True, "a whole number."),
        ("max_tokens", "0", "a whole number, at least 1."),
        ("temperature", "hot", "a number from 0 to 2."),
        ("temperature", "2.1", "a number from 0 to 2."),
        ("temperature", "nan", "a number from 0 to 2."),
        ("temperature", False, "a number from 0 to 2."),
        ("presence_penalty", "-3", "a number from -2 to 2."),
        ("timeout", "0", "a number, at least 0.001."),
        ("timeout", "inf", "a number, at least 0.001."),
        ("judge_logprobs", "perhaps", "true or false."),
        ("stop", 5, "text, one item per line."),
        ("extra_body", 5, "a JSON object."),
        ("answer_pattern", "[", "a regular expression."),
        ("toxicity", "judg", "detoxify or judge. Did you mean 'judge'?"),
        ("judge_format", "xml!", "json_schema or json_object or text or rating."),
    ],
)
def test_what_may_not_be_written_is_named_with_its_place_and_what_is_allowed(
    name: str, value: object, allowed: str
) -> None:
    with pytest.raises(SettingError) as caught:
        read(name, value)
    assert str(caught.value) == f"{row(name).flag}: found {value!r}; allowed: {allowed}"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ('{"api_key": "Zq7secretPW99"', " (Expecting ',' delimiter: line 1 column 28 (char 27))"),
        ('["Zq7secretPW99"]', ""),
        ("Zq7secretPW99", " (Expecting value: line 1 column 1 (char 0))"),
    ],
)
@pytest.mark.parametrize("name", ["extra_body", "judge_extra_body"])
def test_json_that_may_hold_a_key_is_not_quoted(name: str, text: str, position: str) -> None:
    with pytest.raises(SettingError) as caught:
        read(name, text)
    said = f"{row(name).flag}: found '[hidden]'; allowed: a JSON object.{position}"
    assert str(caught.value) == said


@pytest.mark.parametrize("name", ["log", "store", "json", "html", "recordings", "judge_rubric"])
@pytest.mark.parametrize(
    "text",
    [
        "postgresql//u:Zq7secretPW99@127.0.0.1:1/db",
        "postgresql:/u:Zq7secretPW99@127.0.0.1:1/db",
        "postgresql+psycopg;//u:Zq7secretPW99@h/db",
        "u:Zq7secretPW99@127.0.0.1/db",
        " 'mysql//Zq7secretPW99/db",
    ],
)
def test_a_path_that_was_meant_as_a_url_is_refused_without_its_password(
    name: str, text: str
) -> None:
    with pytest.raises(SettingError, match=r"found '\[hidden\]'; allowed: a path\.") as caught:
        read(name, text)
    assert "Zq7" not in str(caught.value)


@pytest.mark.parametrize("text", ["http://h/v1", "https//u:Zq7secretPW99@h", "http:/h"])
@pytest.mark.parametrize("name", ["model", "judge_model"])
def test_a_url_is_no_model(name: str, text: str) -> None:
    with pytest.raises(SettingError, match="allowed: the name of a model") as caught:
        read(name, text)
    assert "Zq7" not in str(caught.value)


@pytest.mark.parametrize(
    "path", ["a@b/runs.sqlite", "x//y.sqlite", "C:\\me@x\\runs.sqlite", "/t//a@b.db", "//srv/a/b"]
)
def test_a_path_with_odd_signs_is_a_path(path: str) -> None:
    assert read("log", path) == path


@pytest.mark.parametrize(
    ("environment", "ini", "place"),
    [
        ({"LLMEVAL_MIN_SCORE": "6"}, {}, "LLMEVAL_MIN_SCORE"),
        ({}, {"min_score": "6"}, "ini llm_min_score"),
    ],
)
def test_an_error_names_the_variable_or_ini_key(
    environment: dict[str, str], ini: dict[str, str], place: str
) -> None:
    with pytest.raises(SettingError) as caught:
        resolve({}, environment, ini)
    assert str(caught.value) == f"{place}: found '6'; allowed: a number from 0 to 5."


@given(st.floats())
def test_a_number_is_taken_if_and_only_if_it_is_in_its_range(number: float) -> None:
    if 0 <= number <= 2:
        assert read("temperature", number) == number
    else:
        with pytest.raises(SettingError):
            read("temperature", number)


def test_a_marker_overrides_everything_but_the_command_line() -> None:
    settings = resolve({"temperature": "0"}, {"LLMEVAL_SEED": "2"}, {"top_p": "0.5"})
    overridden = settings.overridden(
        {"temperature": 1, "seed": 3, "top_p": 1, "max_tokens": 9}, "marker llm_generate"
    )
    assert overridden.parameters() == Parameters(temperature=0.0, seed=3, top_p=1.0, max_tokens=9)
    assert overridden.explicit == {"temperature"}
    assert settings.seed == 2


def test_a_marker_that_says_none_changes_nothing() -> None:
    settings = resolve({}, {"LLMEVAL_SEED": "2"}, {})
    assert settings.overridden({"seed": None}, "marker llm_generate") == settings


@pytest.mark.parametrize("command_line", [{}, {"temperature": "0"}])
def test_a_wrong_value_in_a_marker_is_an_error_even_where_it_would_not_count(
    command_line: dict[str, str],
) -> None:
    with pytest.raises(SettingError) as caught:
        resolve(command_line, {}, {}).overridden({"temperature": "hot"}, "marker llm_generate")
    assert (
        str(caught.value)
        == "marker llm_generate temperature: found 'hot'; allowed: a number from 0 to 2."
    )


def test_every_sampling_parameter_reaches_the_request() -> None:
    examples = {name: example(row(name)) for name in PARAMETER_NAMES}
    sent = resolve({name: text for name, (text, _) in examples.items()}, {}, {}).parameters()
    assert sent == Parameters(**{name: value for name, (_, value) in examples.items()})  # type: ignore[arg-type]


def test_the_lowest_score_bounds_the_rubric_and_other_bounds_follow() -> None:
    settings = resolve({"min_score": "4", "threshold": ["toxicity<=0.2", "contains>=1"]}, {}, {})
    assert settings.thresholds() == (
        Threshold("rubric", ">=", 4.0, origin="--min-score"),
        Threshold("toxicity", "<=", 0.2, origin="--llm-threshold"),
        Threshold("contains", ">=", 1.0, origin="--llm-threshold"),
    )
    assert settings.threshold_groups() == [list(settings.thresholds())]
    assert resolve({}, {}, {}).thresholds() == ()


def test_bounds_are_grouped_by_the_level_where_they_are_set() -> None:
    settings = resolve({"min_score": "4"}, {}, {"min_score": "2"})
    assert [[str(bound) for bound in group] for group in settings.threshold_groups()] == [
        ["rubric >= 4"],
        ["rubric >= 2"],
    ]


def test_a_bound_that_cannot_be_read_is_a_setting_error() -> None:
    with pytest.raises(
        SettingError,
        match=r"threshold \(--llm-threshold\): found 'toxicity'; allowed: NAME, one of",
    ):
        resolve({"threshold": ["toxicity"]}, {}, {}).thresholds()


def test_settings_can_be_a_key() -> None:
    one, same = (resolve({"extra_body": '{"a": [1], "b": 2}'}, {}, {}) for _ in range(2))
    other = resolve({"extra_body": '{"a": [2], "b": 2}'}, {}, {})
    assert {one: "found"}[same] == "found"
    assert (one == same, one == other) == (True, False)
    assert one.overridden({"seed": 1}, "marker") not in {one: "found"}
    assert one.parameters().extra_body == {"a": [1], "b": 2}
