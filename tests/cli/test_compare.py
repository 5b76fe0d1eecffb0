from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pytest_llmeval.text import MINUS
from tests.cli.conftest import Command

JUDGMENTS = Path(__file__).parents[3] / "shared" / "data" / "mtbench_gpt4_single_judgments.jsonl"
SONNET, OPUS = "claude-3-5-sonnet-20240620", "claude-3-opus-20240229"
LLAMA, TUNED = "llama2_chat_7b", "finetune_llama2_chat_7b"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def judgments(folder: Path) -> None:
    """A CSV for each model, as another tool would write it."""
    if not JUDGMENTS.is_file():
        pytest.skip(
            "the published judgments are not here: ../shared/data/mtbench_gpt4_single_judgments.jsonl"
        )
    by_model: dict[str, list[dict[str, Any]]] = {}
    for line in JUDGMENTS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        case = {
            "key": f"{row['question_id']}/{row['turn']}",
            "question": row["question_id"],
            "score": row["score"],
        }
        by_model.setdefault(row["model"], []).append(case)
    for model in (SONNET, OPUS, LLAMA, TUNED):
        write(f"{model}.csv", by_model[model])


def write(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(column for row in rows for column in row)))
        writer.writeheader()
        writer.writerows(rows)


def scores(*values: float | None) -> list[dict[str, Any]]:
    return [{"id": f"case-{place:03}", "score": value} for place, value in enumerate(values)]


def compared(llmeval: Command, *arguments: str) -> tuple[Result, Any]:
    result = llmeval.run("compare", *arguments, "--json", "-")
    return result, json.loads(result.stdout)


@pytest.mark.usefixtures("judgments")
@pytest.mark.parametrize(
    ("before", "after", "verdict", "code", "change", "error"),
    [
        (SONNET, OPUS, "REGRESSED", 1, "-0.0531", "0.0199"),
        (OPUS, SONNET, "OK", 0, "0.0531", "0.0199"),
        (LLAMA, TUNED, "REGRESSED", 1, "-0.1566", "0.0304"),
    ],
)
def test_published_judgments_give_the_printed_verdicts(
    llmeval: Command, before: str, after: str, verdict: str, code: int, change: str, error: str
) -> None:
    table = ("--id", "key", "--score", "score", "--scale", "0", "10", "--cluster", "question")
    result, found = compared(llmeval, f"{before}.csv", f"{after}.csv", *table)
    metric = found["metrics"][0]["result"]
    assert (result.exit_code, found["exit_code"], found["verdict"]) == (code, code, verdict)
    assert (f"{metric['change']:.4f}", f"{metric['error']:.4f}") == (change, error)
    assert (metric["n"], metric["clusters"], metric["test"]) == (160, 80, "t")


@pytest.mark.usefixtures("judgments")
def test_the_terminal_shows_the_verdict_first_and_every_figure(llmeval: Command) -> None:
    table = ("--id", "key", "--score", "score", "--scale", "0", "10", "--cluster", "question")
    first, *lines = llmeval.run(
        "compare", f"{SONNET}.csv", f"{OPUS}.csv", *table
    ).output.splitlines()
    assert first == (
        f"REGRESSED: score against {SONNET}.csv: dropped 5.3 points (95% sure: at least 0.9; margin 2 points)"
    )
    assert lines[0] == "score: 9.206 -> 8.675, n=160 in 80 clusters, 160 of 160 compared"
    interval = f"90% interval {MINUS}10.8 to {MINUS}0.9"
    assert lines[1] == (
        f"  change {MINUS}5.3 points, SE 2.0, {interval}, p = 0.0201, MDE 6.1, n for 5 points 222"
    )


SHARP = [0.9] * 40


@pytest.mark.parametrize(
    ("after", "verdict", "code", "strict"),
    [
        ([0.5] * 20 + [0.7] * 20, "REGRESSED", 1, 1),
        ([0.89, 0.885] * 20, "WARN", 0, 1),
        ([0.95, 0.99] * 20, "OK", 0, 0),
        ([0.4, 1.0, 1.0, 1.0] * 10, "INCONCLUSIVE", 0, 1),
        ([0.9] * 37 + [None] * 3, "ERROR", 10, 10),
    ],
)
def test_every_verdict_has_its_exit_code(
    llmeval: Command, after: list[float | None], verdict: str, code: int, strict: int
) -> None:
    write("a.csv", scores(*SHARP))
    write("b.csv", scores(*after))
    result, found = compared(llmeval, "a.csv", "b.csv")
    assert (found["verdict"], result.exit_code) == (verdict, code)
    assert llmeval.run("compare", "a.csv", "b.csv", "--strict").exit_code == strict


def test_a_score_that_only_one_of_the_two_has_is_shown_and_is_an_error_of_a_strict_comparison(
    llmeval: Command,
) -> None:
    for name, column, value in (("a", "points", 0.5), ("b", "pionts", 0.1)):
        write(f"{name}.csv", [{"id": f"c{n}", column: value, "exact": 1} for n in range(160)])
    result, found = compared(llmeval, "a.csv", "b.csv")
    assert (result.exit_code, found["verdict"]) == (0, "OK")
    shown = {metric["name"]: metric["is_gated"] for metric in found["metrics"]}
    assert shown == {"exact": True, "points": False, "pionts": False}

    strict = llmeval.run("compare", "a.csv", "b.csv", "--strict")
    assert strict.exit_code == 10
    assert "ERROR: points against a.csv: a.csv has a score 'points' that b.csv" in strict.output
    chosen = llmeval.run("compare", "a.csv", "b.csv", "--strict", "--score", "exact")
    assert (chosen.exit_code, "pionts" in chosen.output) == (0, False)


def test_rows_that_are_missing_in_the_candidate_are_no_way_to_a_better_verdict(
    llmeval: Command,
) -> None:
    write("a.csv", scores(*SHARP))
    write("b.csv", scores(*SHARP[:30]))
    result = llmeval.run("compare", "a.csv", "b.csv")
    assert result.exit_code == 10
    assert (
        "ERROR: score against a.csv: only 30 of the baseline's 40 cases have a score in both runs"
        in result.output
    )


def test_a_removed_row_of_a_table_counts_and_is_not_said_not_to(llmeval: Command) -> None:
    write("a.csv", scores(*[0.9] * 300))
    write("b.csv", scores(*[0.9] * 290))
    result = llmeval.run("compare", "a.csv", "b.csv", "--summary", "s.md")
    assert "10 cases without a score may have the worst one" in result.output
    assert "\n10 cases removed: " in result.output
    assert "- 10 cases removed\n" in Path("s.md").read_text(encoding="utf-8") + "\n"


def test_a_score_that_cannot_drop_is_no_proof_under_strict(llmeval: Command) -> None:
    write("a.csv", scores(*[0.0] * 200))
    result = llmeval.run("compare", "a.csv", "a.csv", "--strict")
    assert result.exit_code == 10
    assert "200 of 200 cases have the worst score in both runs, so it can show no" in result.output
    assert llmeval.run("compare", "a.csv", "a.csv").exit_code == 0


def test_where_lower_is_better_a_rise_is_a_regression(llmeval: Command) -> None:
    write("a.csv", scores(*[10, 12] * 20))
    write("b.csv", scores(*[40, 44] * 20))
    result, found = compared(
        llmeval, "a.csv", "b.csv", "--scale", "0", "100", "--direction", "lower"
    )
    assert (result.exit_code, found["verdict"]) == (1, "REGRESSED")
    assert found["metrics"][0]["dropped"][0]["before"] == 12


def test_a_table_that_cannot_be_used_is_refused_with_the_remedy(llmeval: Command) -> None:
    write("a.csv", scores(*SHARP))
    write("b.csv", [{"id": "x", "quality": 3}])
    unlike = llmeval.run("compare", "a.csv", "b.csv", "--score", "score")
    assert (unlike.exit_code, unlike.output.strip()) == (
        2,
        "b.csv: found no column 'score' (--score); allowed: id, quality.",
    )
    outside = llmeval.run("compare", "b.csv", "b.csv")
    assert outside.exit_code == 2
    assert "found 3; allowed: 0 to 1; another range: --scale LOW HIGH" in outside.output
    for scale in (("1", "0"), ("0", "1e308"), ("nan", "1")):
        unusable = llmeval.run("compare", "a.csv", "a.csv", "--scale", *scale)
        assert unusable.exit_code == 2
        assert "lower" in unusable.output or "finite number" in unusable.output
    missing = llmeval.run("compare", "a.csv", "nowhere")
    assert missing.exit_code == 2
    assert "nowhere: no such file or run; allowed: the path of a JSON report" in missing.output


def test_pass_and_fail_are_judged_by_mcnemar_and_the_flipped_cases_are_named(
    llmeval: Command,
) -> None:
    write("a.csv", scores(*[1] * 30))
    write("b.csv", scores(*[0] * 8, *[1] * 22))
    result = llmeval.run("compare", "a.csv", "b.csv")
    assert result.exit_code == 1
    assert (
        "8 of 30 passed before and fail now, 0 failed before and pass now (p = 0.0039, exact McNemar test"
        in result.output
    )
    assert "8 cases passed before and fail now: case-000, case-001" in result.output


def test_length_tags_and_the_most_suspicious_cases_are_shown(llmeval: Command) -> None:
    old = [
        {"id": n, "score": 0.8, "answer": "word " * 10, "tags": "short" if n % 2 else "long"}
        for n in range(20)
    ]
    new = [
        {**row, "score": 0.8 - 0.01 * n, "answer": "word " * (10 + n)} for n, row in enumerate(old)
    ]
    write("a.csv", old)
    write("b.csv", new)
    output = llmeval.run("compare", "a.csv", "b.csv", "--score", "score").output
    assert (
        "answers: 50 -> 98 characters (+95.0%), correlation with the change in score -1.00"
        in output
    )
    assert "19 cases got worse, the largest drop first:\n    19: 0.8 -> 0.61\n    18:" in output
    assert "Tags 'short' (score: dropped 10.0 points over 10 cases), 'long' " in output
    assert (
        f"REGRESSED: short: {MINUS}10.0 points (shrunk {MINUS}9.5), n=10, p = 0.0280 among 2 slices\n"
        f"    REGRESSED: long: {MINUS}9.0 points (shrunk {MINUS}9.5), n=10, p = 0.0280 among 2 slices"
        in output
    )
    assert "warning: the answers are longer than those of a.csv: 50 -> 98 characters" in output


def test_a_file_that_cannot_be_written_is_told(llmeval: Command) -> None:
    Path("a.csv").write_text("id,score\na,1\n")
    result = llmeval.run(
        "compare", "a.csv", "a.csv", "--score", "score", "--json", "a.csv/found.json"
    )
    assert (
        result.exit_code,
        "comparison a.csv/found.json: cannot be written" in result.stderr,
    ) == (2, True)


def test_a_score_at_the_end_of_its_scale_may_be_rounded(llmeval: Command) -> None:
    write("a.csv", scores(*[1.0] * 20))
    write("b.csv", scores(*[1.0000000000000002] * 20))
    result, found = compared(llmeval, "a.csv", "b.csv")
    assert (result.exit_code, found["metrics"][0]["result"]["change"]) == (0, 0.0)
    write("c.csv", scores(*[1.0001] * 20))
    assert "found 1.0001; allowed: 0 to 1" in llmeval.run("compare", "a.csv", "c.csv").output


@pytest.mark.parametrize("strict", [False, True])
def test_missing_scores_are_not_taken_for_good_ones(llmeval: Command, strict: bool) -> None:
    """Ten of 200 blank, which were 1 before: up to five points may be lost."""
    write("a.csv", scores(*[1.0] * 200))
    write("b.csv", scores(*[1.0] * 190, *[None] * 10))
    result = llmeval.run("compare", "a.csv", "b.csv", *(["--strict"] if strict else []))
    assert result.output.startswith("INCONCLUSIVE: score against a.csv: no change: 0 of 190")
    assert "10 cases without a score may have the worst one" in result.output
    assert result.exit_code == int(strict)


def tagged(*groups: tuple[int, object, str]) -> list[dict[str, object]]:
    """Rows of a number of cases, their score and their tags."""
    rows = [(score, tags) for number, score, tags in groups for _ in range(number)]
    return [{"id": n, "score": score, "tags": tags} for n, (score, tags) in enumerate(rows)]


HOSTILE = "\x1b[31mred ::error::x"


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (0, "Tag 'safety' (score: 12 of 12 passed before, 0 now) was wiped out."),
        (0.05, "Tag 'safety' (score: dropped 95.0 points over 12 cases) was wiped out."),
        (0.4, "Tag 'safety' (score: dropped 60.0 points over 12 cases) got worse."),
        (None, "Tag 'safety' (no score of score for its 12 cases) was wiped out."),
    ],
)
def test_a_tag_that_got_worse_stands_in_the_first_lines(
    llmeval: Command, now: float | None, sentence: str
) -> None:
    write("a.csv", tagged((12, 1, "safety"), (348, 1, "easy"), (40, 0, "shop")))
    write("b.csv", tagged((12, now, "safety"), (348, 1, "easy"), (40, 1, "shop")))
    output = llmeval.run("compare", "a.csv", "b.csv", "--summary", "c.md").output
    assert output.splitlines()[1] == sentence
    comment = Path("c.md").read_text(encoding="utf-8")
    assert "Tag &#39;safety&#39; (" in comment[: comment.index("| score |")]
    _, found = compared(llmeval, "a.csv", "b.csv")
    assert found["headline"] == sentence


def test_a_tag_steers_no_terminal_and_several_are_named_at_once(llmeval: Command) -> None:
    tags = [HOSTILE, "b", "c", "d", "e"]
    write("a.csv", tagged(*((12, 1, tag) for tag in tags), (30, 1, "fine")))
    write("b.csv", tagged(*((12, 0, tag) for tag in tags), (30, 1, "fine")))
    output = llmeval.run("compare", "a.csv", "b.csv").output
    assert "\x1b" not in output
    assert "Tags " in output.splitlines()[1]
    assert output.splitlines()[1].endswith("and 2 more were wiped out.")


def write_labelled(labelled: int) -> None:
    """A judge that finds the new answers half a point better, and people who find them worse."""
    rows, labels = [], []
    for case in range(60):
        noise = (case % 5 - 2) / 2
        old, new = 2.5 + (case % 3) / 2, 3.0 + (case % 3) / 2 + noise
        rows.append((f"c{case}", old, f"old {case}", new, f"new {case}"))
        if case < labelled:
            people = (4, round(3.5 + noise + (case % 2) / 2, 1))
            labels += [
                {"id": f"c{case}", "label": label, "answer": answer}
                for label, answer in zip(people, (f"old {case}", f"new {case}"), strict=True)
            ]
    write("a.csv", [{"id": row[0], "score": row[1], "answer": row[2]} for row in rows])
    write("b.csv", [{"id": row[0], "score": row[3], "answer": row[4]} for row in rows])
    labels.append({"id": "c1", "label": 1, "answer": "an older answer"})
    write("labels.csv", labels)


def test_labels_of_both_answers_show_what_people_would_see(llmeval: Command) -> None:
    write_labelled(20)
    arguments = (
        "a.csv",
        "b.csv",
        "--score",
        "score",
        "--scale",
        "0",
        "5",
        "--labels",
        "labels.csv",
    )
    shown = llmeval.run("compare", *arguments)
    assert shown.exit_code == 0
    line = shown.stdout.splitlines()[-1]
    assert line.startswith("people: -0.25 [-0.4")
    assert "by 20 labelled cases and 40 more scores of score, SE 0." in line
    assert line.endswith("; 1 label about other answers left out")
    people = compared(llmeval, *arguments)[1]["people"]
    assert people["powered"]["mean"]["high"] < 0
    assert people["powered"]["error"] < people["powered"]["error_of_labels"]


def test_too_few_labels_of_both_answers_are_an_error(llmeval: Command) -> None:
    write_labelled(9)
    result = llmeval.run("compare", "a.csv", "b.csv", "--scale", "0", "5", "--labels", "labels.csv")
    assert result.exit_code == 2
    assert (
        "labels.csv: found 9 cases with labels of the answers of a.csv and b.csv" in result.stderr
    )
