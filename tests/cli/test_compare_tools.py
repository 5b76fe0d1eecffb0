"""`llmeval compare` on the result files of other tools: same figures as for a table, no false pass."""

from __future__ import annotations

import csv
import json
import math
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pytest_llmeval import evaluate
from pytest_llmeval.text import MINUS
from tests.cli.conftest import Command
from tests.peer_files import (
    MODEL,
    Row,
    deepeval_case,
    deepeval_file,
    deepeval_metric,
    eval_entries,
    inspect_header,
    inspect_sample,
    junit_text,
    promptfoo_file,
    promptfoo_result,
    promptfoo_table,
    rows,
    write_csv,
    write_eval,
    write_json,
    write_zstandard,
)

FIGURES = (
    "verdict",
    "change",
    "error",
    "lower",
    "upper",
    "p",
    "n",
    "clusters",
    "missing",
    "worst_lower",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def eval_log(path: Path, written: Sequence[Row]) -> Path:
    return write_eval(path, [inspect_sample(row) for row in written])


def new_eval_log(path: Path, written: Sequence[Row]) -> Path:
    return write_zstandard(path, eval_entries([inspect_sample(row) for row in written]))


def large_eval_log(path: Path, written: Sequence[Row]) -> Path:
    """A log whose samples are so large that inspect_ai gives each a folder."""
    samples = [inspect_sample(row) for row in written]
    entries: dict[str, Any] = {"header.json": inspect_header(samples)}
    for sample in samples:
        place = f"samples/{sample['id']}_epoch_1"
        entries[f"{place}/metadata.json"] = sample.pop("metadata")
        entries[f"{place}/sample.json"] = sample
        entries[f"{place}/messages/0.json"] = []
    return write_zstandard(path, entries)


def json_log(path: Path, written: Sequence[Row]) -> Path:
    samples = [inspect_sample(row) for row in written]
    return write_json(path, inspect_header(samples) | {"samples": samples})


def promptfoo(path: Path, written: Sequence[Row]) -> Path:
    # Positions are not what joins two files.
    results = [promptfoo_result(row, index) for index, row in enumerate(reversed(written))]
    return write_json(path, promptfoo_file(results))


def promptfoo_lines(path: Path, written: Sequence[Row]) -> Path:
    results = [promptfoo_result(row, index) for index, row in enumerate(written)]
    path.write_text("\n".join(map(json.dumps, results)), encoding="utf-8")
    return path


def old_promptfoo(path: Path, written: Sequence[Row]) -> Path:
    return write_json(path, promptfoo_table(written))


def deepeval(path: Path, written: Sequence[Row]) -> Path:
    cases = [deepeval_case(row, order) for order, row in enumerate(written)]
    return write_json(path, deepeval_file(cases))


def junit(path: Path, written: Sequence[Row]) -> Path:
    path.write_text(junit_text(written), encoding="utf-8")
    return path


Write = Callable[[Path, Sequence[Row]], Path]
TOOLS: dict[str, tuple[Write, str, str]] = {
    "inspect_ai": (eval_log, "eval", "match"),
    "inspect_ai, Zstandard": (new_eval_log, "eval", "match"),
    "inspect_ai, large samples": (large_eval_log, "eval", "match"),
    "inspect_ai, JSON": (json_log, "json", "match"),
    "promptfoo": (promptfoo, "json", "score"),
    "promptfoo, lines": (promptfoo_lines, "jsonl", "score"),
    "promptfoo, table": (old_promptfoo, "json", "score"),
    "deepeval": (deepeval, "json", "Answer Relevancy"),
    "JUnit": (junit, "xml", "correctness"),
}


def compared(llmeval: Command, *arguments: str) -> tuple[Result, Any]:
    result = llmeval.run("compare", *arguments, "--json", "-")
    assert result.exit_code in (0, 1, 10), result.output
    return result, json.loads(result.stdout)


def figures(found: Any, metric: str) -> dict[str, Any]:
    result = next(item["result"] for item in found["metrics"] if item["name"] == metric)
    return {name: result[name] for name in FIGURES}


SITUATIONS = {
    "worse": (rows(24, wrong=[3]), rows(24, wrong=range(3, 14)), "REGRESSED", 1),
    "the same": (rows(24, wrong=[3]), rows(24, wrong=[3]), "OK", 0),
    "a little worse": (rows(24), rows(24, wrong=[3]), "INCONCLUSIVE", 0),
    "one error": (rows(24, wrong=[3]), rows(24, wrong=[3], broken=[7]), "INCONCLUSIVE", 0),
    "three errors": (rows(24, wrong=[3]), rows(24, wrong=[3], broken=[7, 8, 9]), "ERROR", 10),
    "errors before": (rows(24, wrong=[3], broken=[7, 8]), rows(24, wrong=[3]), "ERROR", 10),
}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_file_of_a_tool_gives_the_verdict_and_figures_of_a_table_with_its_scores(
    llmeval: Command, folder: Path, tool: str, situation: str
) -> None:
    write, suffix, metric = TOOLS[tool]
    before, after, verdict, code = SITUATIONS[situation]
    a, b = write(folder / f"a.{suffix}", before), write(folder / f"b.{suffix}", after)
    write_csv(folder / "a.csv", before, metric)
    write_csv(folder / "b.csv", after, metric)
    clusters: list[tuple[str, ...]] = [(), ("--cluster", "doc")]
    for cluster in clusters if situation == "worse" else clusters[:1]:
        result, found = compared(llmeval, a.name, b.name, *cluster)
        table, of_table = compared(llmeval, "a.csv", "b.csv", *cluster)
        # The order of the cases may differ, and with it the last digit of a sum.
        assert figures(found, metric) == pytest.approx(figures(of_table, metric))
        assert (result.exit_code, found["verdict"]) == (table.exit_code, of_table["verdict"])
        assert (found["removed"], found["added"]) == ([], [])
        if not cluster:
            assert (found["verdict"], result.exit_code) == (verdict, code)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_case_that_ended_with_an_error_neither_passes_nor_fails(
    llmeval: Command, folder: Path, tool: str
) -> None:
    write, suffix, _metric = TOOLS[tool]
    a = write(folder / f"a.{suffix}", rows(24))
    b = write(folder / f"b.{suffix}", rows(24, broken=[7]))
    _, found = compared(llmeval, a.name, b.name)
    assert found["lost"] == found["gained"] == []
    for item in found["metrics"]:
        assert (item["coverage"]["paired"], item["coverage"]["unscored"]) == (23, 1)
        assert (item["result"]["after"]["estimate"], item["result"]["missing"]) == (1.0, 1)


def test_the_terminal_and_json_are_those_of_any_comparison(llmeval: Command, folder: Path) -> None:
    promptfoo(folder / "a.json", rows(24, wrong=[3]))
    promptfoo(folder / "b.json", rows(24, wrong=range(3, 14)))
    result = llmeval.run("compare", "a.json", "b.json")
    assert result.exit_code == 1
    first, *lines = result.output.splitlines()
    assert first.startswith("REGRESSED: score against a.json: dropped 41.7 points: 10 of 24 passed")
    assert (
        "pass_rate (not gated): 0.9583 -> 0.5417, n=24 in 24 clusters, 24 of 24 compared" in lines
    )
    assert any(" topic=bikes: " in line for line in lines)
    assert lines[-1].startswith("10 cases passed before and fail now: question=Question 13?, ")
    llmeval.run("compare", "a.json", "b.json", "--summary", "comment.md")
    comment = Path("comment.md").read_text(encoding="utf-8").splitlines()
    assert comment[0] == "<!-- llmeval: compare with a.json -->"
    assert "REGRESSED: score: dropped 41.7 points" in comment[2]
    table = next(line for line in comment if line.startswith("| score | 0.54 "))
    assert f"<b>{MINUS}41.7</b>" in table
    assert table.endswith("<b>REGRESSED</b> |")
    assert "<details><summary>10 cases passed before and fail now</summary>" in comment
    chosen = llmeval.run("compare", "a.json", "b.json", "--score", "pass_rate")
    assert (chosen.exit_code, chosen.output.startswith("REGRESSED: pass_rate against")) == (1, True)


def test_our_own_run_of_the_same_cases_gives_the_same_verdict(
    llmeval: Command, folder: Path
) -> None:
    before, after = rows(24, wrong=[3]), rows(24, wrong=range(3, 14))
    with Path("faq.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "prompt", "expected", "a", "b"])
        for old, new in zip(before, after, strict=True):
            writer.writerow(
                [
                    old.name,
                    old.name,
                    f"yes, {old.name[-3:-1].lstrip('0') or '0'}",
                    old.answer,
                    new.answer,
                ]
            )
    for side in "ab":
        evaluate(
            "faq.csv",
            provider=f"column:{side}",
            threshold=["exact_match>=1"],
            json=f"{side}.json",
            log="runs.sqlite",
        )
    eval_log(folder / "a.eval", before)
    eval_log(folder / "b.eval", after)
    ours, found = compared(llmeval, "a.json", "b.json")
    theirs, of_tool = compared(llmeval, "a.eval", "b.eval")
    assert ours.exit_code == theirs.exit_code == 1
    assert figures(of_tool, "match") == figures(found, "exact_match")


# Repetitions


def inspect_repeats(path: Path, runs: Sequence[Sequence[Row]]) -> Path:
    samples = [inspect_sample(row, epoch) for epoch, run in enumerate(runs, start=1) for row in run]
    return write_json(path, inspect_header(samples) | {"samples": samples})


def promptfoo_repeats(path: Path, runs: Sequence[Sequence[Row]]) -> Path:
    return promptfoo(path, [row for run in runs for row in run])


def deepeval_repeats(path: Path, runs: Sequence[Sequence[Row]]) -> Path:
    return deepeval(path, [row for run in runs for row in run])


def junit_repeats(path: Path, runs: Sequence[Sequence[Row]]) -> Path:
    return junit(path, [row for run in runs for row in run])


def failed_before_its_score(path: Path, runs: Sequence[Sequence[Row]]) -> Path:
    """A JUnit file in which a test that could not be judged has failed before it had a score."""
    text = junit_text([row for run in runs for row in run])
    broken = '<error message="failed on setup">trace</error>'
    path.write_text(text.replace(broken, "<failure>trace</failure>"), encoding="utf-8")
    return path


REPEATED = {
    "inspect_ai": (inspect_repeats, "json"),
    "promptfoo": (promptfoo_repeats, "json"),
    "deepeval": (deepeval_repeats, "json"),
    "JUnit": (junit_repeats, "xml"),
    "JUnit, failures": (failed_before_its_score, "xml"),
}


@pytest.mark.parametrize("tool", REPEATED)
def test_a_repetition_that_broke_leaves_its_case_unscored(
    llmeval: Command, folder: Path, tool: str
) -> None:
    """Two of three answers are lost, and the third is as good as before."""
    write, suffix = REPEATED[tool]
    whole, half = rows(40), rows(40, broken=range(0, 40, 2))
    a = write(folder / f"a.{suffix}", [whole] * 3).name
    b = write(folder / f"b.{suffix}", [whole, half, half]).name
    for names in ((a, b), (b, a)):
        result, found = compared(llmeval, *names)
        assert (result.exit_code, found["verdict"]) == (10, "ERROR")
    b = write(folder / f"b.{suffix}", [whole, whole, rows(40, broken=[7])]).name
    _, found = compared(llmeval, a, b)
    metric = found["metrics"][0]
    assert (metric["result"]["n"], metric["coverage"]["unscored"]) == (39, 1)
    assert (metric["result"]["missing"], metric["result"]["worst"]) == (1, -1 / 40)
    assert compared(llmeval, a, b, "--strict")[0].exit_code != 0


def test_a_repetition_that_was_skipped_is_not_missing(llmeval: Command, folder: Path) -> None:
    text = junit_text([*rows(20), *rows(20)])
    skipped = '<testcase classname="tests.test_faq" name="test_answer[Question 05?]"><skipped/>'
    text = text.replace("</testsuite>", f"{skipped}</testcase></testsuite>")
    (folder / "a.xml").write_text(text, encoding="utf-8")
    _, found = compared(llmeval, "a.xml", "a.xml")
    assert (found["verdict"], found["metrics"][0]["coverage"]["unscored"]) == ("OK", 0)


def test_tests_of_one_id_that_compare_with_other_things_have_their_own_scores(
    llmeval: Command, folder: Path
) -> None:
    """promptfoo knows a test by its variables, and two of them may hold other assertions."""
    results = [promptfoo_result(row, n, named={"tone": 1.0}) for n, row in enumerate(rows(20))]
    for n, row in enumerate(rows(20)):
        other = promptfoo_result(row, 20 + n, named={"facts": 1.0})
        other["testCase"]["assert"] = [{"type": "is-json"}]
        results.append(other)
    write_json(folder / "a.json", promptfoo_file(results))
    _, found = compared(llmeval, "a.json", "a.json")
    unscored = {item["name"]: item["coverage"]["unscored"] for item in found["metrics"]}
    assert unscored == {"facts": 0, "score": 0, "tone": 0, "pass_rate": 0}


# Other ways to make a score


def reduced_log(path: Path, reducer: str, epochs: int, **options: Any) -> str:
    """A log in which the first half of the samples is right in the first epoch alone."""
    samples = [inspect_sample(row) for row in rows(40)]
    for epoch in range(2, epochs + 1):
        samples += [inspect_sample(row, epoch) for row in rows(40, wrong=range(20))]
    header = inspect_header(samples)
    header["eval"]["config"]["epochs_reducer"] = [reducer]
    header["eval"]["scorers"] = [{"name": "match", "options": options}]
    value = {"max": 1.0, "mean": 1 / epochs}[reducer]
    reduced = [
        {"value": value if n < 20 else 1.0, "sample_id": row.name} for n, row in enumerate(rows(40))
    ]
    reductions = [{"scorer": "match", "reducer": reducer, "samples": reduced}]
    write_json(path, header | {"samples": samples, "reductions": reductions})
    return path.name


def test_scores_of_another_reducer_or_of_other_options_are_not_compared(
    llmeval: Command, folder: Path
) -> None:
    mean = reduced_log(folder / "mean.json", "mean", 3)
    best = reduced_log(folder / "best.json", "max", 3)
    for names in ((mean, best), (best, mean)):
        result, found = compared(llmeval, *names)
        assert (result.exit_code, found["verdict"]) == (10, "ERROR")
        reason = found["metrics"][0]["result"]["reason"]
        assert "the mean of 3 samples in mean.json" in reason
        assert "the max of 3 samples in best.json" in reason
        assert reason.endswith("; make both with the same reducer and epochs")
    assert compared(llmeval, best, best)[0].exit_code == 0
    # The best of five is more than the best of three. Their means differ by chance alone.
    assert compared(llmeval, best, reduced_log(folder / "b.json", "max", 5))[0].exit_code == 10
    assert compared(llmeval, mean, reduced_log(folder / "b.json", "max", 1))[0].exit_code == 0
    _, found = compared(llmeval, mean, reduced_log(folder / "b.json", "mean", 2))
    assert found["metrics"][0]["result"]["verdict"] != "ERROR"
    assert "mean.json has 3 samples of a case, b.json 2" in found["notes"][0]
    other = reduced_log(folder / "b.json", "mean", 3, location="any")
    result, found = compared(llmeval, mean, other)
    assert result.exit_code == 10
    reason = 'the scorer of match had other options: {} in mean.json, {"location": "any"} in b.json'
    assert reason in found["metrics"][0]["result"]["reason"]
    assert compared(llmeval, other, other)[0].exit_code == 0


def test_whether_a_file_that_says_nothing_was_reduced_alike_is_unknown(
    llmeval: Command, folder: Path
) -> None:
    best = reduced_log(folder / "best.json", "max", 3)
    write_csv(folder / "a.csv", rows(40), "match")
    result, found = compared(llmeval, "a.csv", best)
    why = "match of a case is the max of 3 samples in best.json, and a.csv does not say"
    assert (result.exit_code, why in found["notes"][0]) == (0, True)
    result, found = compared(llmeval, "a.csv", best, "--strict")
    assert (result.exit_code, why in found["metrics"][0]["result"]["reason"]) == (10, True)


def test_a_gate_compares_no_score_of_another_reducer(folder: Path) -> None:
    lines = [f"{row.name},{row.name},yes,yes" for row in rows(40)]
    Path("faq.csv").write_text("\n".join(["id,prompt,expected,a", *lines]), encoding="utf-8")
    verdicts = {}
    for reducer in ("max", "mean"):
        name = reduced_log(folder / f"{reducer}.json", reducer, 3)
        text = (folder / name).read_text(encoding="utf-8").replace('"match"', '"exact_match"')
        (folder / name).write_text(text, encoding="utf-8")
        done = evaluate(
            "faq.csv",
            provider="column:a",
            threshold=["exact_match>=1"],
            baseline=[name],
            fail_on="gate",
            log="runs.sqlite",
        )
        verdicts[reducer] = [(gate.verdict, gate.reason) for gate in done.gates]
    (verdict, reason), *_ = verdicts["max"]
    assert (verdict, "the max of 3 samples in max.json" in reason) == ("ERROR", True)
    assert verdicts["mean"][0][0] == "OK"


def our_runs(folder: Path) -> None:
    """Runs of the same cases with another reducer, as JSON reports."""
    lines = [f"{row.name},{row.name},yes,yes" for row in rows(40)]
    (folder / "faq.csv").write_text("\n".join(["id,prompt,expected,a", *lines]), encoding="utf-8")
    for name, samples, reducer in (("max2", 2, "Max"), ("mean2", 2, "Mean"), ("one", 1, "max")):
        evaluate(
            "faq.csv",
            provider="column:a",
            threshold=["exact_match>=1"],
            samples=samples,
            reducer=reducer,
            json=f"{name}.json",
            log="",
        )


def mixed(folder: Path) -> str:
    """A run whose last case was made with a single sample, as a marker of its test says."""
    found, one = (json.loads((folder / f"{name}.json").read_text()) for name in ("max2", "one"))
    found["results"][-1] = one["results"][-1]
    (folder / "mixed.json").write_text(json.dumps(found), encoding="utf-8")
    return "mixed.json"


def test_a_run_of_ours_says_how_its_scores_were_reduced(llmeval: Command, folder: Path) -> None:
    our_runs(folder)
    for reducer in ("max", "mean"):
        name = reduced_log(folder / f"{reducer}.json", reducer, 2)
        text = (folder / name).read_text(encoding="utf-8").replace('"match"', '"exact_match"')
        (folder / name).write_text(text, encoding="utf-8")
    codes = {
        names: compared(llmeval, *(f"{name}.json" for name in names), "--score", "exact_match")
        for names in (
            ("max2", "mean"),
            ("mean", "max2"),
            ("one", "max"),
            ("max2", "max"),
            ("mean2", "mean"),
            ("one", "mean"),
        )
    }
    for names in (("max2", "mean"), ("mean", "max2"), ("one", "max")):
        result, found = codes[names]
        assert result.exit_code == 10
        reason = found["metrics"][0]["result"]["reason"]
        assert reason.endswith("two quantities; make both with the same reducer and epochs")
    reason = codes["max2", "mean"][1]["metrics"][0]["result"]["reason"]
    assert "the max of 2 samples in max2.json, and the mean of 2 samples in mean.json" in reason
    for names in (("max2", "max"), ("mean2", "mean"), ("one", "mean")):
        assert codes[names][1]["metrics"][0]["result"]["verdict"] != "ERROR", names
    notes = codes["one", "mean"][1]["notes"]
    assert "one.json has 1 sample of a case, mean.json 2 samples" in notes[0]
    _, found = compared(llmeval, mixed(folder), "mean.json", "--score", "exact_match")
    why = "is the mean of 1 sample or the max of 2 samples in mixed.json, and the mean of 2"
    assert why in found["notes"][0]
    strict, found = compared(
        llmeval, "mixed.json", "mean.json", "--score", "exact_match", "--strict"
    )
    assert strict.exit_code == 10
    assert why in found["metrics"][0]["result"]["reason"]


def test_a_gate_says_which_values_of_a_file_are_no_scores(folder: Path) -> None:
    lines = [f"test[{n}],Question {n},yes,yes" for n in range(40)]
    Path("faq.csv").write_text("\n".join(["id,prompt,expected,a", *lines]), encoding="utf-8")
    a = score_with_texts(folder / "a.xml", [1] * 39 + ["n/a"])
    text = (folder / a).read_text("utf-8").replace('name="c"', 'name="exact_match"')
    text = text.replace('classname="t" ', "")
    (folder / a).write_text(text, encoding="utf-8")
    done = evaluate(
        "faq.csv",
        provider="column:a",
        threshold=["exact_match>=1"],
        baseline=[a],
        fail_on="gate",
        log="runs.sqlite",
    )
    assert done.gates[0].verdict == "INCONCLUSIVE"
    assert any("found 'n/a' as exact_match" in note.text for note in done.run.notes)


@pytest.mark.parametrize("tool", ["deepeval", "promptfoo"])
def test_a_stricter_scorer_of_another_tool_is_another_scorer(
    llmeval: Command, folder: Path, tool: str
) -> None:
    for name, is_strict in (("a", True), ("b", False)):
        cases = [deepeval_case(row, n) for n, row in enumerate(rows(40))]
        results = [promptfoo_result(row, n) for n, row in enumerate(rows(40))]
        for case, result in zip(cases, results, strict=True):
            case["metricsData"][0]["strictMode"] = is_strict
            result["testCase"]["threshold"] = 0.9 if is_strict else 0.1
        content = deepeval_file(cases) if tool == "deepeval" else promptfoo_file(results)
        write_json(folder / f"{name}.json", content)
    assert compared(llmeval, "a.json", "a.json")[0].exit_code == 0
    assert compared(llmeval, "a.json", "b.json")[0].exit_code == 10


# Texts among numbers


def score_with_texts(path: Path, scores: Sequence[object]) -> str:
    """A file of the tool that its suffix stands for, with these values."""
    if path.suffix == ".csv":
        lines = [f"Question {n:02}?,{value}" for n, value in enumerate(scores)]
        path.write_text("\n".join(["id,c", *lines]), encoding="utf-8")
    elif path.suffix == ".json":
        samples = graded(scores)
        for sample in samples:
            sample["scores"] = {"c": sample["scores"]["match"]}
        write_json(path, inspect_header(samples) | {"samples": samples})
    else:
        cases = [
            f'<testcase classname="t" name="test[{n}]"><properties>'
            f'<property name="c" value="{value}"/></properties></testcase>'
            for n, value in enumerate(scores)
        ]
        path.write_text(suites("".join(cases)), encoding="utf-8")
    return path.name


@pytest.mark.parametrize("suffix", ["xml", "csv", "json"])
def test_a_text_among_numbers_is_a_missing_score(
    llmeval: Command, folder: Path, suffix: str
) -> None:
    a = score_with_texts(folder / f"a.{suffix}", [0.9] * 40)
    b = score_with_texts(folder / f"b.{suffix}", [0.2] * 39 + ["n/a"])
    for chosen in ((), ("--score", "c")):
        result, found = compared(llmeval, a, b, *chosen)
        metric = found["metrics"][0]
        assert (result.exit_code, metric["name"]) == (1, "c")
        assert (metric["coverage"]["unscored"], metric["result"]["missing"]) == (1, 1)
        assert not [item["tag"] for item in metric["slices"] if item["tag"].startswith("c=")]
    note = f"{b}: found 'n/a' as c, where other values are numbers; it counts as missing"
    assert found["notes"] == [note]
    assert f"warning: {note}" in llmeval.run("compare", a, b).output
    score_with_texts(folder / b, [0.9] * 36 + ["n/a"] * 4)
    result, found = compared(llmeval, a, b)
    assert (result.exit_code, found["metrics"][0]["name"]) == (10, "c")
    assert "4 such values count as missing" in found["notes"][0]


@pytest.mark.parametrize("suffix", ["xml", "csv"])
def test_texts_hide_no_score_that_the_other_file_has(
    llmeval: Command, folder: Path, suffix: str
) -> None:
    a = score_with_texts(folder / f"a.{suffix}", [0.9] * 40)
    for number in (30, 40):
        b = score_with_texts(folder / f"b.{suffix}", [0.9] * (40 - number) + ["n/a"] * number)
        if suffix == "csv":
            path = folder / b
            lines = path.read_text(encoding="utf-8").splitlines()
            lines = [f"{line},{1 if n else 'd'}" for n, line in enumerate(lines)]
            path.write_text("\n".join(lines), encoding="utf-8")
        result, found = compared(llmeval, a, b)
        assert (result.exit_code, found["metrics"][0]["name"]) == (10, "c")
        assert f"{number} such values count as missing" in found["notes"][0]


def test_a_category_with_a_few_numbers_is_no_score(llmeval: Command, folder: Path) -> None:
    text = junit_text(rows(24)).replace('value="bikes"', 'value="2024"', 3)
    (folder / "a.xml").write_text(text, encoding="utf-8")
    _, found = compared(llmeval, "a.xml", "a.xml")
    assert [item["name"] for item in found["metrics"]] == ["correctness", "pass_rate"]
    assert found["notes"] == []


# inspect_ai


def graded(values: Sequence[Any], epochs: int = 1) -> list[dict[str, Any]]:
    """Samples with these values, each value once per epoch."""
    written = rows(len(values))
    return [
        inspect_sample(row, epoch, value)
        for epoch in range(1, epochs + 1)
        for row, value in zip(written, values, strict=True)
    ]


def mean_after(found: Any, metric: str) -> float:
    result = next(item["result"] for item in found["metrics"] if item["name"] == metric)
    return float(result["after"]["estimate"])


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("C", 1),
        ("P", 0.5),
        ("I", 0),
        ("N", 0),
        (True, 1),
        ("no", 0),
        ("Yes", 1),
        (0.25, 0.25),
        ("0.75", 0.75),
    ],
)
def test_letters_and_words_become_the_numbers_of_inspect_ai(
    llmeval: Command, folder: Path, value: Any, number: float
) -> None:
    write_eval(folder / "a.eval", graded(["C"] * 20))
    write_eval(folder / "b.eval", graded([value] * 20))
    _, found = compared(llmeval, "a.eval", "b.eval")
    assert mean_after(found, "match") == number


def test_a_score_that_is_an_object_becomes_a_metric_per_key(llmeval: Command, folder: Path) -> None:
    for name, tone in (("a", 0.75), ("b", None)):
        value = {"facts": "C", "tone": tone, "tries": math.nan}
        write_eval(folder / f"{name}.eval", graded([value] * 20))
    result, found = compared(llmeval, "a.eval", "b.eval", "--score", "match.facts")
    assert (result.exit_code, [item["name"] for item in found["metrics"]]) == (0, ["match.facts"])
    result, found = compared(llmeval, "a.eval", "b.eval", "--score", "match.tone")
    assert (result.exit_code, found["verdict"]) == (10, "ERROR")


def test_epochs_are_samples_of_a_case_and_a_failed_one_leaves_it_unscored(
    llmeval: Command, folder: Path
) -> None:
    for name, wrong, broken in (("a", [], []), ("b", range(10), [15])):
        samples = [inspect_sample(row) for row in rows(20)]
        samples += [inspect_sample(row, 2) for row in rows(20, wrong, broken)]
        write_eval(folder / f"{name}.eval", samples)
    _, found = compared(llmeval, "a.eval", "b.eval")
    metric = found["metrics"][0]
    assert mean_after(found, "match") == pytest.approx(14 / 19)
    assert (metric["coverage"]["unscored"], metric["result"]["missing"]) == (1, 1)
    assert metric["result"]["n"] == 19


def test_the_reducer_of_the_log_makes_the_value_of_a_case(llmeval: Command, folder: Path) -> None:
    samples = [inspect_sample(row) for row in rows(20)]
    samples += [inspect_sample(row, 2) for row in rows(20, wrong=range(10))]
    header = inspect_header(samples)
    header["eval"]["config"]["epochs_reducer"] = ["max", "mean"]
    best = [{"value": 1.0, "sample_id": row.name} for row in rows(20)]
    reductions = [{"scorer": "match", "reducer": "max", "samples": best}]
    write_eval(folder / "a.eval", samples, header, reductions)
    write_eval(folder / "b.eval", samples, header)
    _, found = compared(llmeval, "a.eval", "a.eval")
    assert mean_after(found, "match") == 1.0
    result = llmeval.run("compare", "a.eval", "b.eval")
    assert result.exit_code == 2
    assert "found None at reductions; allowed: the values that 'max' makes" in result.output


REFUSED = {"message": {"role": "assistant", "content": ""}, "stop_reason": "content_filter"}


@pytest.mark.parametrize(
    "change",
    [
        {"error": {"message": "down"}},
        {"limit": {"type": "token", "limit": 10}},
        {"output": {"choices": [REFUSED]}},
        {"invalidation": {"author": "me", "reason": "leaked"}},
        {"scores": None},
        {"scores": {"match": {"value": math.nan}}},
        {"scores": {"match": {"value": None}}},
    ],
)
@pytest.mark.parametrize("write", ["eval", "json"])
def test_a_sample_that_was_stopped_or_refused_is_unscored(
    llmeval: Command, folder: Path, change: dict[str, Any], write: str
) -> None:
    samples = graded(["C"] * 24)
    eval_log(folder / "a.eval", rows(24))
    samples[5] |= change
    if write == "eval":
        write_eval(folder / "b.eval", samples)
    else:
        write_json(folder / "b.json", inspect_header(samples) | {"samples": samples})
    _, found = compared(llmeval, "a.eval", f"b.{write}")
    coverage = found["metrics"][0]["coverage"]
    assert (coverage["paired"], coverage["unscored"], mean_after(found, "match")) == (23, 1, 1.0)


def test_samples_that_a_log_planned_and_does_not_hold_are_unscored(
    llmeval: Command, folder: Path
) -> None:
    samples = graded(["C"] * 24)
    eval_log(folder / "a.eval", rows(24))
    write_eval(folder / "b.eval", samples[:23], inspect_header(samples, status="cancelled"))
    _result, found = compared(llmeval, "a.eval", "b.eval")
    assert (found["verdict"], found["metrics"][0]["result"]["missing"]) == ("INCONCLUSIVE", 1)
    write_eval(folder / "b.eval", samples[:12], inspect_header(samples, status="error"))
    assert compared(llmeval, "a.eval", "b.eval")[0].exit_code == 10


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("good", "found 'good' at scores.match.value; allowed: a number, one of C, P, I, N"),
        ([1, 0], "found [1, 0] at scores.match.value"),
        (
            7.5,
            "found 7.5 as match of Question 00?; allowed: from 0 to 1; another range: --scale LOW HIGH",
        ),
        (math.inf, "found inf at scores.match.value; allowed: a finite number"),
    ],
)
def test_a_value_that_is_no_score_is_an_error_with_a_remedy_that_works(
    llmeval: Command, folder: Path, value: Any, said: str
) -> None:
    samples = graded([value] * 20)
    for sample in samples:
        sample["scores"]["exact"] = {"value": "C"}
    write_eval(folder / "a.eval", samples)
    result = llmeval.run("compare", "a.eval", "a.eval")
    assert (result.exit_code, said in result.output) == (2, True), result.output
    assert llmeval.run("compare", "a.eval", "a.eval", "--score", "exact").exit_code == 0
    if value == 7.5:
        assert llmeval.run("compare", "a.eval", "a.eval", "--scale", "0", "10").exit_code == 0


def test_equal_last_words_of_agents_are_not_equal_results(llmeval: Command, folder: Path) -> None:
    for name, letter in (("a", "C"), ("b", "I")):
        samples = graded([letter] * 20)
        for sample in samples:
            sample["output"]["choices"][0]["message"] = {"role": "assistant", "content": "Done."}
        write_eval(folder / f"{name}.eval", samples)
    result, found = compared(llmeval, "a.eval", "b.eval")
    assert (result.exit_code, found["verdict"]) == (1, "REGRESSED")


# promptfoo


def test_a_column_is_named_where_there_are_several(llmeval: Command, folder: Path) -> None:
    good = [promptfoo_result(row, n) for n, row in enumerate(rows(24))]
    bad = [promptfoo_result(row, n, "openai:small") for n, row in enumerate(rows(24, range(12)))]
    write_json(folder / "r.json", promptfoo_file([*good, *bad]))
    write_json(folder / "one.json", promptfoo_file(good))
    result = llmeval.run("compare", "r.json", "r.json")
    assert result.exit_code == 2
    assert (
        f"found 2 columns of prompts and providers; allowed: --column NAME, one of [{MODEL}] "
        "{{question}}, [openai:small] {{question}}" in result.output
    )
    result, found = compared(
        llmeval, "r.json", "r.json", "--column", MODEL, "--column", "openai:small"
    )
    assert (result.exit_code, found["verdict"]) == (1, "REGRESSED")
    assert (found["baseline"], found["candidate"]) == (f"r.json {MODEL}", "r.json openai:small")
    assert compared(llmeval, "one.json", "r.json", "--column", MODEL)[1]["verdict"] == "OK"
    column = f"[{MODEL}] {{{{question}}}}"
    assert compared(llmeval, "r.json", "one.json", "--column", column)[1]["verdict"] == "OK"
    result = llmeval.run("compare", "r.json", "r.json", "--column", "{{question}}")
    assert "found 2 columns '{{question}}' (--column)" in result.output
    for twin in good[12:]:
        twin["promptIdx"] = 1
    write_json(folder / "twins.json", promptfoo_file(good))
    result = llmeval.run("compare", "twins.json", "one.json")
    assert f"[{MODEL}] {{{{question}}}} #0, [{MODEL}] {{{{question}}}} #1" in result.output
    write_csv(folder / "a.csv", rows(24), "score")
    result = llmeval.run("compare", "a.csv", "r.json", "--column", MODEL)
    assert (result.exit_code, "a.csv, which has no columns" in result.output) == (2, True)


def test_a_reason_in_the_member_error_is_a_failure_and_an_error_of_the_grader_is_none(
    llmeval: Command, folder: Path
) -> None:
    promptfoo(folder / "a.json", rows(24))
    results = [promptfoo_result(row, n) for n, row in enumerate(rows(24, wrong=[4]))]
    assert results[4]["error"]
    component = results[7]["gradingResult"]["componentResults"][0]
    component |= {"pass": False, "score": 0, "metadata": {"graderError": True}}
    results[7] |= {"success": False, "score": 0, "failureReason": 1}
    write_json(folder / "b.json", promptfoo_file(results))
    _, found = compared(llmeval, "a.json", "b.json")
    assert [change["id"] for change in found["lost"]] == ["question=Question 04?"]
    assert found["metrics"][0]["coverage"]["unscored"] == 1


def test_a_repeated_test_has_samples_and_a_test_without_assertions_says_nothing(
    llmeval: Command, folder: Path
) -> None:
    results = [promptfoo_result(row, n) for n, row in enumerate([*rows(20), *rows(20, range(10))])]
    for result in results[19::20]:
        result["testCase"]["assert"] = []
        result["gradingResult"] = {"pass": True, "score": 1, "reason": "No assertions"}
    write_json(folder / "a.json", promptfoo_file(results))
    _, found = compared(llmeval, "a.json", "a.json")
    assert found["metrics"][0]["result"]["n"] == 19
    assert mean_after(found, "score") == pytest.approx(1 - 5 / 19)


def test_a_test_is_known_by_description_and_variables(llmeval: Command, folder: Path) -> None:
    results = [promptfoo_result(row, n) for n, row in enumerate(rows(20))]
    for result in results:
        result["testCase"]["description"] = "the same for all"
        result["testCase"]["vars"]["_conversation"] = [{"output": "changes"}]
    write_json(folder / "a.json", promptfoo_file(results))
    results[3]["testCase"]["vars"]["question"] = "another question"
    write_json(folder / "b.json", promptfoo_file(results[::-1]))
    _, found = compared(llmeval, "a.json", "b.json")
    assert (len(found["added"]), len(found["removed"])) == (1, 1)
    assert found["added"][0].startswith("the same for all #")


def test_assertions_without_a_name_are_metrics_if_they_are_named(
    llmeval: Command, folder: Path
) -> None:
    results = [promptfoo_result(row, n, named={"tone": 0.5}) for n, row in enumerate(rows(20))]
    write_json(folder / "a.json", promptfoo_file(results))
    _, found = compared(llmeval, "a.json", "a.json")
    assert [item["name"] for item in found["metrics"]] == ["score", "tone", "pass_rate"]
    _, found = compared(llmeval, "a.json", "a.json", "--score", "contains")
    assert [item["name"] for item in found["metrics"]] == ["contains"]
    result = llmeval.run("compare", "a.json", "a.json", "--score", "tune")
    assert (
        "found no score 'tune' (--score); allowed: contains, tone, score, pass_rate."
        in result.output
    )


# deepeval


def test_thresholds_show_which_scores_of_deepeval_are_better_low(
    llmeval: Command, folder: Path
) -> None:
    for name, bias in (("a", 0.1), ("b", 0.4)):
        cases = [deepeval_case(row, n) for n, row in enumerate(rows(40))]
        for case in cases:
            harm = deepeval_metric("Harm", bias) | {"success": True}
            case["metricsData"] += [deepeval_metric("Bias", bias) | {"threshold": None}, harm]
        write_json(folder / f"{name}.json", deepeval_file(cases))
    result, found = compared(llmeval, "a.json", "b.json")
    verdicts = {item["name"]: item["result"]["verdict"] for item in found["metrics"]}
    assert (verdicts["Bias"], verdicts["Harm"]) == ("REGRESSED", "REGRESSED")
    assert verdicts["Answer Relevancy"] == "INCONCLUSIVE"
    assert result.exit_code == 1


def test_a_metric_that_failed_leaves_the_others_scored_and_the_outcome_open(
    llmeval: Command, folder: Path
) -> None:
    for name, tone in (("a", 0.9), ("b", None)):
        cases = [deepeval_case(row, n) for n, row in enumerate(rows(24))]
        cases[7]["metricsData"].append(deepeval_metric("Tone", tone))
        cases[7]["success"] = tone is not None
        for case in cases:
            case["metricsData"] += [deepeval_metric("Tone", 0.9)] if case is not cases[7] else []
        write_json(folder / f"{name}.json", deepeval_file(cases))
    _, found = compared(llmeval, "a.json", "b.json")
    unscored = {item["name"]: item["coverage"]["unscored"] for item in found["metrics"]}
    assert unscored == {"Answer Relevancy": 0, "Tone": 1, "pass_rate": 1}
    assert found["lost"] == []


def test_conversations_older_names_and_the_latest_run_are_read(
    llmeval: Command, folder: Path
) -> None:
    turns = [
        {"role": "user", "content": "Hello", "order": 0},
        {"role": "assistant", "content": "Hi", "order": 1},
    ]
    talks: list[dict[str, Any]] = [
        {
            "name": f"conversational_test_case_{n}",
            "success": True,
            "scenario": f"Scenario {n}",
            "turns": turns,
            "metricsData": [deepeval_metric("Role Adherence", 0.75)],
        }
        for n in range(20)
    ]
    run = deepeval_file([], conversationalTestCases=talks)
    write_json(folder / "latest.json", {"testRunData": run})
    _, found = compared(llmeval, "latest.json", "latest.json")
    assert (found["verdict"], mean_after(found, "Role Adherence")) == ("OK", 0.75)
    for talk in talks:
        metric = talk.pop("metricsData")[0]
        talk["metricsMetadata"] = [{"metric": metric.pop("name"), **metric}]
    write_json(folder / "old.json", deepeval_file([], conversationalTestCases=talks[::-1]))
    assert compared(llmeval, "latest.json", "old.json")[1]["verdict"] == "OK"
    write_json(folder / "link.json", {"testRunLink": "https://app.confident-ai.com/1"})
    result = llmeval.run("compare", "link.json", "old.json")
    assert (result.exit_code, "found only the address of a test run" in result.output) == (2, True)


# JUnit


def suites(*texts: str) -> str:
    inner = [f'<testsuite name="s">{text}</testsuite>' for text in texts]
    return f"<testsuites>{''.join(inner)}</testsuites>"


def test_a_junit_file_without_scores_compares_its_outcomes(llmeval: Command, folder: Path) -> None:
    for name, lost in (("a", 1), ("b", 12)):
        cases = [
            f'<testcase classname="t" name="test[{n}]">{"<failure/>" * (n < lost)}</testcase>'
            for n in range(30)
        ]
        left_out = '<testcase classname="t" name="later"><skipped/></testcase>'
        left_out += '<testcase classname="t" name="off" status="notrun" result="suppressed"/>'
        (folder / f"{name}.xml").write_text(
            suites("".join(cases[:9]), "".join(cases[9:]) + left_out)
        )
    result, found = compared(llmeval, "a.xml", "b.xml")
    assert (result.exit_code, found["metrics"][0]["name"]) == (1, "pass_rate")
    assert found["metrics"][0]["result"]["lost"] == 11
    assert found["metrics"][0]["result"]["n"] == 30


def test_a_number_that_is_no_score_is_shown_without_a_verdict(
    llmeval: Command, folder: Path
) -> None:
    for name, tokens in (("a", 100), ("b", 900)):
        text = junit_text(rows(24)).replace(
            '<property name="doc"',
            f'<property name="tokens" value="{tokens}"/><property name="doc"',
        )
        (folder / f"{name}.xml").write_text(text, encoding="utf-8")
    _, found = compared(llmeval, "a.xml", "b.xml")
    assert {item["name"]: item["is_gated"] for item in found["metrics"]} == {
        "correctness": True,
        "tokens": False,
        "pass_rate": False,
    }
    chosen = ("--score", "tokens", "--scale", "0", "1000", "--direction", "lower")
    assert compared(llmeval, "a.xml", "b.xml", *chosen)[1]["verdict"] == "REGRESSED"
    result = llmeval.run("compare", "a.xml", "b.xml", "--score", "tokens")
    assert "found 100 as tokens of tests.test_faq::test_answer[Question 00?]" in result.output


def test_a_test_that_failed_and_broke_at_its_end_is_unscored(
    llmeval: Command, folder: Path
) -> None:
    junit(folder / "a.xml", rows(24))
    again = (
        '<testcase classname="tests.test_faq" name="test_answer[Question 05?]"><error/></testcase>'
    )
    text = junit_text(rows(24, wrong=[5])).replace("</testsuite>", f"{again}</testsuite>")
    (folder / "b.xml").write_text(text, encoding="utf-8")
    _, found = compared(llmeval, "a.xml", "b.xml")
    rate = next(item for item in found["metrics"] if item["name"] == "pass_rate")
    assert (rate["coverage"]["unscored"], found["lost"]) == (1, [])


# Strangers


ENTITIES = [
    '<!ENTITY {} "{}">'.format(new, 10 * f"&{old};")
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
]
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(ENTITIES)
    + "]><testsuites>&i;</testsuites>"
)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.xml", BOMB, "found a document type; allowed: a JUnit file"),
        (
            "x.xml",
            "<html/>",
            "found the element 'html'; allowed: a JUnit file, whose outermost element",
        ),
        ("x.xml", "<testsuite>", "cannot be read as XML: no element found"),
        ("x.xml", "<testsuite><testcase/></testsuite>", "found a testcase without a name"),
        ("x.xml", "<testsuite/>", "found no score and no outcome in JUnit's 0 results"),
        ("x.eval", "no zip", "cannot be read as a zip archive: File is not a zip file"),
        (
            "x.json",
            '{"a": 1, "b": 2}',
            "found an object with the members a, b; allowed: a JSON report",
        ),
        (
            "x.json",
            "[]",
            "found list; allowed: a JSON report (llmeval report RUN --json PATH), or a JSON",
        ),
        ("x.json", '{"testCases": 5}', "found 5 at testCases; allowed: a list"),
        (
            "x.json",
            '{"testCases": [{"name": "a", "input": 5}]}',
            "found 5 at testCases[0].input; allowed: a text",
        ),
        (
            "x.json",
            '{"results": {"results": []}}',
            "found no score and no outcome in promptfoo's 0 results",
        ),
        (
            "x.json",
            '{"eval": {}, "status": "started"}',
            "found 'started' at status; allowed: one of success",
        ),
        ("x.json", '{"eval": {}, "status": "success"}', "found a log without samples"),
    ],
)
def test_a_file_of_the_wrong_kind_is_refused_in_a_sentence(
    llmeval: Command, folder: Path, name: str, text: str, said: str
) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    result = llmeval.run("compare", name, name)
    assert result.exit_code == 2
    assert f"{name}: {said}" in result.output
    assert result.output.count("\n") == 1


@pytest.mark.parametrize("write", ["deflate", "zstandard"])
def test_a_zip_bomb_is_refused(
    llmeval: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    monkeypatch.setattr("pytest_llmeval.baselines.peers.archive._LARGEST", 2**20)
    samples = graded(["C"])
    samples[0]["input"] = "a" * 2**22
    if write == "deflate":
        write_eval(folder / "a.eval", samples)
    else:
        write_zstandard(folder / "a.eval", eval_entries(samples))
    assert (folder / "a.eval").stat().st_size < 2**16
    result = llmeval.run("compare", "a.eval", "a.eval")
    assert (result.exit_code, "_epoch_1.json: found more than 1 MiB" in result.output) == (2, True)


def test_names_in_an_archive_lead_nowhere(llmeval: Command, folder: Path) -> None:
    eval_log(folder / "a.eval", rows(24))
    with zipfile.ZipFile(folder / "a.eval", "a") as archive:
        archive.writestr("../outside.json", "{}")
        archive.writestr("samples/../../outside.json", "{}")
    assert llmeval.run("compare", "a.eval", "a.eval").exit_code == 0
    assert [path.name for path in folder.iterdir()] == ["a.eval"]
    assert not (folder.parent / "outside.json").exists()


def test_a_log_that_is_packed_anew_or_doubles_a_sample_is_refused(
    llmeval: Command, folder: Path
) -> None:
    entries = eval_entries(graded(["C"] * 3))
    with zipfile.ZipFile(folder / "a.eval", "w", zipfile.ZIP_LZMA) as archive:
        for name, content in entries.items():
            archive.writestr(name, json.dumps(content))
    result = llmeval.run("compare", "a.eval", "a.eval")
    assert "found method 14, flags 2; allowed: stored, Deflate or Zstandard" in result.output
    write_eval(folder / "b.eval", graded(["C"] * 3))
    with zipfile.ZipFile(folder / "b.eval", "a") as archive:
        archive.writestr("samples/copy.json", json.dumps(graded(["I"])[0]))
    result = llmeval.run("compare", "b.eval", "b.eval")
    assert "found sample 'Question 00?' of epoch 1 twice; allowed: once" in result.output


# Edits


def test_a_test_that_asks_or_expects_something_else_is_not_compared(
    llmeval: Command, folder: Path
) -> None:
    samples = graded(["C"] * 40)
    write_eval(folder / "a.eval", samples)
    samples = graded(["I", *["C"] * 39])
    samples[0]["input"] = "Another question?"
    samples[1]["target"] = "no"
    write_eval(folder / "b.eval", samples)
    _, found = compared(llmeval, "a.eval", "b.eval")
    assert found["metrics"][0]["result"]["n"] == 38
    assert [(edit["field"], edit["before"], edit["after"]) for edit in found["edited"]] == [
        ("prompt", "Question 00?", "Another question?"),
        ("expected", "yes", "no"),
    ]
    # Another tool knows the same test by its id alone.
    write_csv(folder / "b.csv", rows(40), "match")
    _, found = compared(llmeval, "b.eval", "b.csv")
    assert (found["metrics"][0]["result"]["n"], found["edited"]) == (40, [])


# Judges


def graded_by_deepeval(path: Path, judge: str, score: float) -> None:
    cases = [deepeval_case(row, order) for order, row in enumerate(rows(40))]
    for case in cases:
        case["metricsData"][0] |= {"evaluationModel": judge, "score": score}
    write_json(path, deepeval_file(cases))


def graded_by_promptfoo(path: Path, judge: str, score: float) -> None:
    results = [promptfoo_result(row, index) for index, row in enumerate(rows(40))]
    for result in results:
        result["score"] = score
        result["testCase"]["options"] = {"provider": judge}
        result["gradingResult"]["componentResults"][0]["assertion"] = {"type": "llm-rubric"}
    write_json(path, promptfoo_file(results))


def graded_by_inspect(path: Path, judge: str, score: float) -> None:
    samples = [inspect_sample(row, value=score) for row in rows(40)]
    header = inspect_header(samples)
    header["eval"]["scorers"] = [{"name": "match", "options": {"model": judge}}]
    write_eval(path, samples, header)


@pytest.mark.parametrize(
    ("write", "suffix"),
    [
        (graded_by_deepeval, "json"),
        (graded_by_promptfoo, "json"),
        (graded_by_inspect, "eval"),
    ],
)
def test_scores_of_two_judges_are_not_compared(
    llmeval: Command, folder: Path, write: Callable[[Path, str, float], None], suffix: str
) -> None:
    for name, judge, score in (("a", "gpt-4", 0.9), ("b", "gpt-5", 0.99), ("c", "gpt-4", 0.99)):
        write(folder / f"{name}.{suffix}", judge, score)
    result, found = compared(llmeval, f"a.{suffix}", f"b.{suffix}")
    assert result.exit_code == 10
    metric = found["metrics"][0]["result"]
    assert metric["reason"].startswith("the baseline was scored by a different judge")
    assert f"make a.{suffix} again with " in metric["reason"]
    # Whether a test passes is the word of the same judge.
    named = llmeval.run("compare", f"a.{suffix}", f"b.{suffix}", "--score", "pass_rate")
    assert named.exit_code == (2 if suffix == "eval" else 10)
    _, found = compared(llmeval, f"a.{suffix}", f"c.{suffix}")
    assert found["metrics"][0]["result"]["verdict"] == "OK"


def test_a_grader_that_grades_nothing_is_no_judge(llmeval: Command, folder: Path) -> None:
    for name in ("a", "b"):
        results = [promptfoo_result(row, index) for index, row in enumerate(rows(40))]
        for result in results:
            result["testCase"]["options"] = {"provider": name}
        write_json(folder / f"{name}.json", promptfoo_file(results))
    _, found = compared(llmeval, "a.json", "b.json")
    assert found["metrics"][0]["result"]["verdict"] == "OK"


@pytest.mark.parametrize(
    ("role", "options", "is_same"),
    [({"grader": "gpt"}, {}, False), ({}, {"model": ["x", "y"]}, True), ({}, {}, False)],
    ids=["role", "option", "tested model"],
)
def test_the_grader_of_inspect_ai_is_known(
    llmeval: Command, folder: Path, role: dict[str, str], options: Any, is_same: bool
) -> None:
    for name in ("a", "b"):
        samples = [inspect_sample(row, value=0.9) for row in rows(40)]
        for sample in samples:
            sample["scores"] = {"model_graded_qa": sample["scores"]["match"]}
        header = inspect_header(samples)
        scorer = {"name": "inspect_ai/model_graded_qa", "options": options}
        roles = {key: {"model": f"{model}-{name}"} for key, model in role.items()}
        header["eval"] |= {"scorers": [scorer], "model_roles": roles, "model": f"openai/{name}"}
        write_eval(folder / f"{name}.eval", samples, header)
    result, _ = compared(llmeval, "a.eval", "b.eval")
    assert result.exit_code == (0 if is_same else 10)


def test_the_remedy_for_a_file_is_its_own(llmeval: Command, folder: Path) -> None:
    for name, factor in (("a", 1.0), ("b", 100.0)):
        written = [replace(row, score=0.9 * factor) for row in rows(40)]
        junit(folder / f"{name}.xml", written)
    found = llmeval.run("compare", "a.xml", "b.xml")
    assert found.exit_code == 10
    remedy = ("--score", "correctness", "--scale")
    assert f"give it one: {' '.join(remedy)} LOW HIGH" in found.output
    assert llmeval.run("compare", "a.xml", "b.xml", *remedy, "0", "100").exit_code == 0
    for number in ("nan", "inf"):
        refused = llmeval.run("compare", "a.xml", "b.xml", *remedy, "0", number)
        assert refused.exit_code == 2
        assert f"found {number}; allowed: a finite number" in refused.output + refused.stderr
    (folder / "b.xml").write_text(junit_text(rows(40), score="fluency"), encoding="utf-8")
    lost = llmeval.run("compare", "a.xml", "b.xml", "--strict")
    assert "take it again, or make a.xml again with JUnit" in lost.output
