from __future__ import annotations

import dataclasses
import json
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import StoreError
from pytest_llmeval.records.call import (
    Completion,
    Parameters,
    Quota,
    RateLimits,
    Request,
    TokenLogprob,
    Usage,
)
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.store.recordings.entries import (
    COMPLETION_FIELDS,
    Entry,
    completion_content,
    completion_from,
)
from pytest_llmeval.store.recordings.files import recording_name
from pytest_llmeval.store.recordings.recordings import CallOrigin, Recordings, Through

HOME = "golden/faq.csv"
FILE = "golden/recordings/faq.csv.jsonl"
OPENAI = "openai:https://api.example/v1"
REFUND, HOURS = CallOrigin(HOME, "refund"), CallOrigin(HOME, "hours")
ANSWER = Completion("Within 30 days.")


def ask(text: str, model: str = "gpt-4", **parameters: float) -> Request:
    system = {"role": "system", "content": "You answer customers of a shop."}
    return Request((system, {"role": "user", "content": text}), model, Parameters(**parameters))  # type: ignore[arg-type]


def key(number: int) -> str:
    return f"{number:064x}"


def recorded(root: Path, *notes: tuple[CallOrigin, str, Request], mode: str = "once") -> Recordings:
    """The recordings of a run that has recorded these calls."""
    recordings = Recordings(mode, root, None)
    for place, call, request in notes:
        recordings.note(place, call, OPENAI, request, ANSWER)
    recordings.save(whole_run=True)
    return recordings


def lines(root: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (root / FILE).read_text("utf-8").splitlines()]


# What lies on disk


def test_the_file_shows_what_was_asked_and_answered_and_nothing_else(tmp_path: Path) -> None:
    recordings = Recordings("once", tmp_path, None)
    source = Source(HOME, 2)
    case = Case(
        "app", "환불?", source, tags=("refund",), thresholds=(Threshold("rubric", ">=", 4.0),)
    )
    prompt = ({"role": "user", "content": "환불?"},)
    recordings.note(
        REFUND,
        key(3),
        OPENAI,
        dataclasses.replace(ask("Refund?", temperature=0.0), sample=2),
        ANSWER,
    )
    recordings.note(
        CallOrigin(HOME, "app"), key(2), "python:shop.bot:answer", Request(prompt, case=case), None
    )
    full = Completion(
        "4",
        "Score: 4",
        model="gpt-4-0613",
        endpoint="https://api.example/v1",
        usage=Usage(20, 1),
        cost_usd=0.0,
        latency_s=1.5,
        logprobs=(TokenLogprob("4", -0.25, {"4": -0.25, "3": -1.5}),),
        call="c1",
        made_at="2025-01-01T00:00:00+00:00",
        rate_limits=RateLimits(Quota(60, 59, 1.0)),
    )
    recordings.note(
        CallOrigin(HOME, "refund", "rubric"), key(1), OPENAI, ask("Judge.", model="judge"), full
    )
    assert recordings.save(whole_run=False) == [tmp_path / FILE]
    system = '{"role": "system", "content": "You answer customers of a shop."}'
    assert (tmp_path / FILE).read_bytes().decode() == (
        f'{{"case": "app", "purpose": "answer", "key": "{key(2)}", "provider": "python:shop.bot:answer", '
        '"request": {"messages": [{"role": "user", "content": "환불?"}], '
        '"case": {"id": "app", "prompt": "환불?", "tags": ["refund"]}}, "through": true}\n'
        f'{{"case": "refund", "purpose": "answer", "key": "{key(3)}", "provider": "openai:https://api.example/v1", '
        f'"request": {{"model": "gpt-4", "messages": [{system}, {{"role": "user", "content": "Refund?"}}], '
        '"parameters": {"temperature": 0.0}, "sample": 2}, "completion": {"text": "Within 30 days."}}\n'
        f'{{"case": "refund", "purpose": "rubric", "key": "{key(1)}", "provider": "openai:https://api.example/v1", '
        f'"request": {{"model": "judge", "messages": [{system}, {{"role": "user", "content": "Judge."}}]}}, '
        '"completion": {"text": "4", "raw_text": "Score: 4", "model": "gpt-4-0613", '
        '"endpoint": "https://api.example/v1", "usage": {"prompt_tokens": 20, "completion_tokens": 1}, '
        '"cost_usd": 0.0, "logprobs": [{"token": "4", "logprob": -0.25, "top": {"4": -0.25, "3": -1.5}}]}}\n'
    )
    assert [path.name for path in (tmp_path / FILE).parent.iterdir()] == ["faq.csv.jsonl"]


@pytest.mark.parametrize(
    ("home", "folder", "name"),
    [
        ("golden/faq.csv", None, "golden/recordings/faq.csv.jsonl"),
        ("test_app.py", None, "recordings/test_app.py.jsonl"),
        ("golden/faq.csv", "kept/here", "kept/here/golden/faq.csv.jsonl"),
        ("../shared/faq.csv", "kept", "kept/__/shared/faq.csv.jsonl"),
        ("/elsewhere/faq.csv", "kept", "kept/elsewhere/faq.csv.jsonl"),
    ],
)
def test_a_recording_lies_beside_its_home_or_in_the_folder_given(
    home: str, folder: str | None, name: str
) -> None:
    assert recording_name(home, folder) == name


def test_a_folder_given_holds_the_recordings_of_all_homes(tmp_path: Path) -> None:
    recordings = Recordings("once", tmp_path, "kept")
    recordings.note(REFUND, key(1), OPENAI, ask("Refund?"), ANSWER)
    recordings.note(
        CallOrigin("tests/test_app.py", "test_it"), key(1), OPENAI, ask("Refund?"), ANSWER
    )
    recordings.save(whole_run=True)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jsonl"))
    assert found == ["kept/golden/faq.csv.jsonl", "kept/tests/test_app.py.jsonl"]
    assert Recordings("none", tmp_path, "kept").find(REFUND, key(1))


def test_the_file_is_the_same_in_whatever_order_workers_have_recorded(tmp_path: Path) -> None:
    notes = [
        (REFUND, key(1), ask("Refund?")),
        (HOURS, key(2), ask("Open?")),
        (HOURS, key(1), ask("Refund?")),
    ]
    texts = set()
    for number, order in enumerate(permutations(notes)):
        controller = Recordings("new_episodes", tmp_path / str(number), None)
        for note in order:
            worker = Recordings("new_episodes", tmp_path / str(number), None)
            worker.note(note[0], note[1], OPENAI, note[2], ANSWER)
            controller.merge(worker.changes())
        controller.save(whole_run=True)
        texts.add((tmp_path / str(number) / FILE).read_text())
    assert len(texts) == 1
    assert [(entry["case"], entry["key"]) for entry in lines(tmp_path / "0")] == [
        ("hours", key(1)),
        ("hours", key(2)),
    ]


def test_two_answers_to_one_key_leave_the_same_file_whoever_comes_first(tmp_path: Path) -> None:
    for name, texts in {"one": ("b", "a"), "other": ("a", "b")}.items():
        recordings = Recordings("all", tmp_path / name, None)
        for text in texts:
            recordings.note(REFUND, key(1), OPENAI, ask("Refund?"), Completion(text))
        recordings.save(whole_run=True)
    assert lines(tmp_path / "one") == lines(tmp_path / "other")


def test_a_lone_surrogate_survives_and_only_its_line_is_escaped(tmp_path: Path) -> None:
    recordings = Recordings("once", tmp_path, None)
    recordings.note(HOURS, key(1), OPENAI, ask("언제?"), Completion("é\u2028\x85"))
    recordings.note(REFUND, key(2), OPENAI, ask("환불?"), Completion("\ud83d é"))
    recordings.save(whole_run=True)
    first, second = (tmp_path / FILE).read_text("utf-8").rstrip("\n").split("\n")
    assert "언제?" in first
    assert second.isascii()
    replay = Recordings("none", tmp_path, None)
    assert replay.find(HOURS, key(1)) == Completion("é\u2028\x85", cached=True)
    assert replay.find(REFUND, key(2)) == Completion("\ud83d é", cached=True)


# Completions to text and back

texts = st.text(st.characters(exclude_categories=()), max_size=5).map(
    lambda text: str(json.loads(json.dumps(text)))
)
numbers = st.floats(allow_nan=False)
tokens = st.builds(TokenLogprob, texts, numbers, st.dictionaries(texts, numbers, max_size=2))
TRANSIENT = {"latency_s", "cached", "call", "made_at", "rate_limits"}
completions = st.builds(
    Completion,
    text=texts,
    raw_text=texts,
    choices=st.lists(texts, max_size=2).map(tuple),
    model=texts,
    endpoint=texts,
    finish_reason=texts,
    usage=st.none() | st.builds(Usage, st.integers(), st.integers()),
    cost_usd=st.none() | numbers,
    contexts=st.lists(texts, max_size=2).map(tuple),
    adapted=st.lists(texts, max_size=2).map(tuple),
    logprobs=st.lists(tokens, max_size=2).map(tuple),
)


@given(completions)
def test_a_completion_comes_back_as_it_was(completion: Completion) -> None:
    entry = Entry("id", "answer", key(1), "me", {"messages": []}, completion_content(completion))
    again = Entry.parse(json.loads(entry.line.encode()))
    assert again == entry
    assert again.completion is not None
    assert completion_from(again.completion) == dataclasses.replace(completion, cached=True)


def test_each_field_of_a_completion_is_either_kept_or_left_out_on_purpose() -> None:
    assert {
        field.name for field in dataclasses.fields(Completion)
    } == COMPLETION_FIELDS.keys() | TRANSIENT
    assert not COMPLETION_FIELDS.keys() & TRANSIENT


# The four modes


def test_none_answers_from_the_file_and_neither_sends_nor_records(tmp_path: Path) -> None:
    recorded(tmp_path, (REFUND, key(1), ask("Refund?")))
    before = (tmp_path / FILE).read_bytes()
    recordings = Recordings("none", tmp_path, None)
    assert recordings.find(REFUND, key(1)) == dataclasses.replace(ANSWER, cached=True)
    assert recordings.find(REFUND, key(2)) is None
    assert not recordings.may_send(REFUND)
    recordings.note(REFUND, key(2), OPENAI, ask("New?"), ANSWER)
    assert recordings.save(whole_run=True) == []
    assert (tmp_path / FILE).read_bytes() == before


def test_once_records_a_home_without_a_file_and_only_replays_one_with_a_file(
    tmp_path: Path,
) -> None:
    first = Recordings("once", tmp_path, None)
    assert first.may_send(REFUND)
    first.note(REFUND, key(1), OPENAI, ask("Refund?"), ANSWER)
    first.save(whole_run=False)
    second = Recordings("once", tmp_path, None)
    assert second.find(REFUND, key(1))
    assert not second.may_send(REFUND)
    assert second.may_send(CallOrigin("golden/other.csv", "refund"))
    second.note(REFUND, key(2), OPENAI, ask("New?"), ANSWER)
    assert second.save(whole_run=True) == []


def test_new_episodes_adds_what_is_missing_and_keeps_the_rest(tmp_path: Path) -> None:
    recorded(tmp_path, (REFUND, key(1), ask("Refund?")))
    recordings = Recordings("new_episodes", tmp_path, None)
    assert recordings.find(REFUND, key(1))
    assert recordings.may_send(HOURS)
    recordings.note(HOURS, key(2), OPENAI, ask("Open?"), ANSWER)
    recordings.note(REFUND, key(1), OPENAI, ask("Refund?"), Completion("Another answer."))
    assert recordings.save(whole_run=True) == [tmp_path / FILE]
    assert [(entry["case"], entry["completion"]) for entry in lines(tmp_path)] == [
        ("hours", {"text": "Within 30 days."}),
        ("refund", {"text": "Within 30 days."}),
    ]


@pytest.mark.parametrize(("whole_run", "left"), [(True, ["refund"]), (False, ["hours", "refund"])])
def test_all_finds_nothing_records_anew_and_after_a_whole_run_drops_the_rest(
    whole_run: bool, left: list[str], tmp_path: Path
) -> None:
    recorded(tmp_path, (REFUND, key(1), ask("Refund?")), (HOURS, key(2), ask("Open?")))
    recordings = Recordings("all", tmp_path, None)
    assert recordings.find(REFUND, key(1)) is None
    assert recordings.may_send(REFUND)
    recordings.note(REFUND, key(1), OPENAI, ask("Refund?"), Completion("Within 14 days."))
    recordings.save(whole_run)
    assert [entry["case"] for entry in lines(tmp_path)] == left
    assert lines(tmp_path)[-1]["completion"] == {"text": "Within 14 days."}


def test_the_same_answers_recorded_anew_leave_the_file_untouched(tmp_path: Path) -> None:
    recorded(tmp_path, (REFUND, key(1), ask("Refund?")))
    before = (tmp_path / FILE).stat()
    recordings = Recordings("all", tmp_path, None)
    recordings.note(
        REFUND,
        key(1),
        OPENAI,
        ask("Refund?"),
        dataclasses.replace(ANSWER, latency_s=9.0, call="other"),
    )
    assert recordings.save(whole_run=True) == []
    assert (tmp_path / FILE).stat().st_ino == before.st_ino


def test_what_the_users_code_answered_is_recorded_as_such(tmp_path: Path) -> None:
    recordings = Recordings("once", tmp_path, None)
    recordings.note(REFUND, key(1), "python:shop.bot:answer", ask("Refund?", model=""), None)
    recordings.save(whole_run=True)
    assert Recordings("none", tmp_path, None).find(REFUND, key(1)) == Through()


def test_a_key_of_two_homes_is_recorded_in_both_and_one_of_two_cases_once(tmp_path: Path) -> None:
    other = CallOrigin("golden/other.csv", "refund")
    recorded(tmp_path, *((place, key(1), ask("Refund?")) for place in (REFUND, HOURS, other)))
    assert [entry["case"] for entry in lines(tmp_path)] == ["hours"]
    recordings = Recordings("none", tmp_path, None)
    assert all(recordings.find(place, key(1)) for place in (REFUND, HOURS, other))


def test_what_another_run_has_written_meanwhile_is_kept(tmp_path: Path) -> None:
    recordings = Recordings("new_episodes", tmp_path, None)
    assert recordings.find(REFUND, key(1)) is None
    recorded(tmp_path, (HOURS, key(2), ask("Open?")))
    recordings.note(REFUND, key(1), OPENAI, ask("Refund?"), ANSWER)
    recordings.save(whole_run=True)
    assert [entry["case"] for entry in lines(tmp_path)] == ["hours", "refund"]


# Unused entries


def test_entries_that_no_worker_asked_for_are_unused(tmp_path: Path) -> None:
    recorded(
        tmp_path,
        *((CallOrigin(HOME, name), key(number), ask(name)) for number, name in enumerate("abcd")),
    )
    controller = Recordings("new_episodes", tmp_path, None)
    assert controller.unused() == {}
    for number, name in enumerate("ab"):
        worker = Recordings("new_episodes", tmp_path, None)
        worker.find(CallOrigin(HOME, name), key(number))
        worker.note(CallOrigin(HOME, "new"), key(9), OPENAI, ask("new"), ANSWER)
        controller.merge(worker.changes())
    assert [entry.case for entry in controller.unused()[FILE]] == ["c", "d"]
    controller.save(whole_run=True)
    assert [entry.case for entry in controller.unused()[FILE]] == ["c", "d"]


def test_a_file_of_which_all_was_missed_may_be_of_another_model_and_is_not_written(
    tmp_path: Path,
) -> None:
    recorded(tmp_path, (REFUND, key(1), ask("Refund?")))
    worker, controller = Recordings("none", tmp_path, None), Recordings("none", tmp_path, None)
    assert worker.find(REFUND, key(2)) is None
    controller.merge(worker.changes())
    assert controller.unused() == {}
    assert controller.save(whole_run=True) == []


def test_what_another_model_has_answered_is_never_stale(tmp_path: Path) -> None:
    of_refund, of_hours = (
        dataclasses.replace(place, purpose="rubric") for place in (REFUND, HOURS)
    )
    recorded(
        tmp_path,
        (REFUND, key(1), ask("Refund?", "a")),
        (of_refund, key(2), ask("Is a right?", "judge")),
        (REFUND, key(3), ask("Refund?", "b")),
        (of_refund, key(4), ask("Is b right?", "judge")),
        (HOURS, key(5), ask("Open?", "b")),
        (of_hours, key(6), ask("Is b right?", "judge")),
    )
    replay = Recordings("none", tmp_path, None)
    assert replay.find(REFUND, key(3))
    assert replay.find(of_refund, key(4))
    assert [entry.key for entry in replay.unused()[FILE]] == [key(5), key(6)]

    anew = Recordings("all", tmp_path, None)
    anew.note(REFUND, key(7), OPENAI, ask("A refund?", "b"), ANSWER)
    anew.note(of_refund, key(8), OPENAI, ask("Is it right?", "judge"), ANSWER)
    anew.save(whole_run=True)
    assert {entry["key"] for entry in lines(tmp_path)} == {key(n) for n in (1, 2, 4, 7, 8)}


def test_changes_are_ascii_that_execnet_can_carry(tmp_path: Path) -> None:
    worker, controller = Recordings("once", tmp_path, None), Recordings("once", tmp_path, None)
    worker.note(REFUND, key(1), OPENAI, ask("환불?"), Completion("\udc80"))
    changes = worker.changes()
    assert changes.isascii()
    controller.merge(changes)
    assert controller.save(whole_run=True) == [tmp_path / FILE]
    assert Recordings("none", tmp_path, None).find(REFUND, key(1)) == Completion(
        "\udc80", cached=True
    )


# What a miss tells

LONG = "Answer by the policy below. You get a refund within {} days of the purchase, if the goods are as new."


@pytest.mark.parametrize(
    ("asked", "provider", "differs"),
    [
        (
            ask("Refund in 30 days?", model="gpt-4o"),
            OPENAI,
            '  model: recorded "gpt-4", requested "gpt-4o"',
        ),
        (
            ask("Refund in 30 days?", temperature=0.5),
            OPENAI,
            "  parameters.temperature: recorded nothing, requested 0.5",
        ),
        (
            ask("Refund in 30 days?"),
            "local:tiny.gguf",
            f'  provider: recorded "{OPENAI}", requested "local:tiny.gguf"',
        ),
        (
            ask("Refund in 14 days?"),
            OPENAI,
            '  messages[1].content: recorded "Refund in 30 days?", requested "Refund in 14 days?"',
        ),
        (
            dataclasses.replace(ask(""), messages=ask("Refund in 30 days?").messages[:1]),
            OPENAI,
            "  number of messages: recorded 2, requested 1",
        ),
    ],
)
def test_a_miss_names_key_nearest_difference_and_flag(
    asked: Request, provider: str, differs: str, tmp_path: Path
) -> None:
    recorded(tmp_path, (REFUND, "a" * 64, ask("Refund in 30 days?")), (HOURS, "b" * 64, asked))
    assert str(Recordings("once", tmp_path, None).miss(REFUND, "c" * 64, provider, asked)) == (
        "golden/recordings/faq.csv.jsonl has no answer for case refund (answer), key cccccccccccc.\n"
        "Nearest is key aaaaaaaaaaaa, case refund (answer), which differs in\n"
        f"{differs}\n"
        "Record what is missing with --llm-record new_episodes, or everything again with --llm-record all."
    )


def test_only_the_first_of_many_misses_are_compared_with_all_entries(tmp_path: Path) -> None:
    cases = [CallOrigin(HOME, f"case {number}") for number in range(30)]
    recorded(tmp_path, *((case, key(number), ask(case.case)) for number, case in enumerate(cases)))
    recordings = Recordings("none", tmp_path, None)

    others = [CallOrigin(HOME, f"other {number}") for number in range(25)]
    texts = [str(recordings.miss(other, "c" * 64, OPENAI, ask(other.case))) for other in others]

    assert sum("Nearest is key" in text for text in texts) == 20
    assert "The nearest entry is named for the first 20 such calls." in texts[-1]
    # What is recorded of the case itself needs no search.
    known = str(recordings.miss(cases[7], "c" * 64, OPENAI, ask("other")))
    assert f"Nearest is key {key(7)[:12]}, case case 7" in known


def test_a_miss_shows_of_a_long_prompt_the_place_that_differs(tmp_path: Path) -> None:
    recorded(tmp_path, (REFUND, "a" * 64, ask(LONG.format(30))))
    message = str(
        Recordings("none", tmp_path, None).miss(
            REFUND, "c" * 64, OPENAI, ask(LONG.format(14), model="new")
        )
    )
    assert message == (
        "golden/recordings/faq.csv.jsonl has no answer for case refund (answer), key cccccccccccc.\n"
        "Nearest is key aaaaaaaaaaaa, case refund (answer), which differs in\n"
        '  model: recorded "gpt-4", requested "new"\n'
        "  messages[1].content\n"
        '    recorded  "…You get a refund within 30 days of the purchase, if the goods are as new…"\n'
        '    requested "…You get a refund within 14 days of the purchase, if the goods are as new…"\n'
        "Record what is missing with --llm-record new_episodes, or everything again with --llm-record all."
    )
    assert max(map(len, message.splitlines())) <= 100


def test_a_miss_without_a_file_says_so(tmp_path: Path) -> None:
    assert str(
        Recordings("none", tmp_path, None).miss(REFUND, "c" * 64, OPENAI, ask("Refund?"))
    ) == (
        "golden/recordings/faq.csv.jsonl does not exist.\n"
        "It is needed for case refund (answer), key cccccccccccc. Record it with --llm-record once."
    )


def test_a_miss_in_an_empty_file_says_so(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).touch()
    assert "\nIt is empty.\n" in str(
        Recordings("once", tmp_path, None).miss(REFUND, key(1), OPENAI, ask("?"))
    )


def test_a_miss_of_the_same_request_blames_the_version(tmp_path: Path) -> None:
    recorded(tmp_path, (REFUND, "a" * 64, ask("Refund?")))
    message = str(Recordings("none", tmp_path, None).miss(REFUND, "c" * 64, OPENAI, ask("Refund?")))
    assert (
        "case refund (answer), shows the same request: it was made by another version." in message
    )


def test_the_nearest_of_many_is_the_one_with_the_likest_request(tmp_path: Path) -> None:
    recorded(
        tmp_path,
        *(
            (CallOrigin(HOME, f"c{n}"), key(n), ask(f"{'word ' * n}about topic {n}?"))
            for n in range(40)
        ),
    )
    renamed = ask(f"{'word ' * 23}about the topic 23?")
    message = str(
        Recordings("none", tmp_path, None).miss(
            CallOrigin(HOME, "renamed"), "c" * 64, OPENAI, renamed
        )
    )
    assert "case c23 (answer)" in message


def test_a_miss_shows_few_differences_and_only_printable_text(tmp_path: Path) -> None:
    recorded(tmp_path, (REFUND, "a" * 64, ask("Refund?")))
    parameters = Parameters(0.1, 0.2, 3, ("\n",), 5, 0.6, 0.7, 8)
    request = Request(
        (*ask("").messages[:1], {"role": "user", "content": "\x1b[31m\ud800\x9b"}),
        "gpt-4",
        parameters,
    )
    message = str(Recordings("none", tmp_path, None).miss(REFUND, "c" * 64, OPENAI, request))
    assert "\n  and 3 more\n" in message
    assert message.replace("\n", "").isprintable()
    message = str(
        Recordings("none", tmp_path, None).miss(REFUND, "c" * 64, OPENAI, ask("\x1b[31m\ud800\x9b"))
    )
    assert r'requested "\x1b[31m\ud800\x9b"' in message


# Hostile files

GOOD = Entry("refund", "answer", key(1), OPENAI, {"messages": []}, {"text": "yes"}).content()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("<<<<<<< HEAD", "found '<<<<<<< HEAD';"),
        ("[" * 100_000, "found '[[["),
        ("[]", "found [];"),
        (
            json.dumps({name: value for name, value in GOOD.items() if name != "key"}),
            "found no 'key';",
        ),
        (
            json.dumps({name: value for name, value in GOOD.items() if name != "completion"}),
            "found no 'completion';",
        ),
        (json.dumps(GOOD | {"case": 7}), "found 'case' with 7;"),
        (json.dumps(GOOD | {"request": {"messages": 7}}), "found 'request' with {'messages': 7};"),
        (json.dumps(GOOD | {"through": True}), "found both 'completion' and 'through';"),
        (json.dumps(GOOD | {"through": False}), "found 'through' with False;"),
        (json.dumps(GOOD | {"score": 5}), "found the unknown member 'score';"),
        (json.dumps(GOOD | {"completion": {}}), "found no 'completion.text';"),
        (json.dumps(GOOD | {"completion": "yes"}), "found 'completion' with 'yes';"),
        *(
            (json.dumps(GOOD | {"completion": {"text": "", **wrong}}), f"found {says};")
            for wrong, says in (
                ({"text": None}, "'completion.text' with None"),
                ({"cached": True}, "the unknown member 'completion.cached'"),
                ({"cost_usd": "1"}, "'completion.cost_usd' with '1'"),
                ({"choices": "ab"}, "'completion.choices' with 'ab'"),
                ({"usage": {"total": 1}}, "'completion.usage' with {'total': 1}"),
                ({"logprobs": [{"token": "a"}]}, "'completion.logprobs' with [{'token': 'a'}]"),
            )
        ),
    ],
)
def test_a_line_that_is_not_ours_is_named_with_the_remedy(
    line: str, found: str, tmp_path: Path
) -> None:
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).write_text(f"{json.dumps(GOOD)}\n\n{line}\n")
    recordings = Recordings("once", tmp_path, None)
    for _ in range(2):
        with pytest.raises(StoreError) as caught:
            recordings.find(REFUND, key(1))
        assert str(caught.value).startswith("golden/recordings/faq.csv.jsonl:3: found ")
        assert found in str(caught.value)
        assert str(caught.value).endswith("delete it and record it again with --llm-record all.")
    assert recordings.unused() == {}


def test_a_key_that_stands_twice_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).write_text(f"{json.dumps(GOOD)}\n" * 2)
    with pytest.raises(
        StoreError, match=r"faq\.csv\.jsonl:2: found the key 000000000000 a second time"
    ):
        Recordings("none", tmp_path, None).find(REFUND, key(1))


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).write_bytes(b"\xff\xfe{\x00")
    with pytest.raises(
        StoreError, match=r"faq\.csv\.jsonl: found 'utf-8' codec .* allowed: a file in UTF-8"
    ):
        Recordings("once", tmp_path, None).may_send(REFUND)


def test_a_file_that_an_editor_has_touched_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n\r\n")
    assert Recordings("none", tmp_path, None).find(REFUND, key(1)) == Completion("yes", cached=True)


def test_a_whole_run_in_mode_all_replaces_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).write_text("<<<<<<< HEAD\n")
    recorded(tmp_path, (REFUND, key(1), ask("Refund?")), mode="all")
    assert Recordings("none", tmp_path, None).find(REFUND, key(1))


@pytest.mark.parametrize("mode", ["once", "all"])
def test_one_recording_that_cannot_be_written_does_not_lose_the_others(
    mode: str, tmp_path: Path
) -> None:
    recordings = Recordings(mode, tmp_path, None)
    for home in ("a/faq.csv", "b/faq.csv"):
        recordings.note(CallOrigin(home, "refund"), key(1), OPENAI, ask("Refund?"), ANSWER)
    (tmp_path / "a").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match=r"^a/recordings/faq\.csv\.jsonl: .*--llm-"):
        recordings.save(whole_run=True)
    assert (tmp_path / "b/recordings/faq.csv.jsonl").exists()
