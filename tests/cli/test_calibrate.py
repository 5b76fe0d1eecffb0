from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pytest_llmeval.store.judge_file import JudgeFile
from tests.cli.conftest import Command
from tests.mock_endpoint import MockEndpoint

DATA = Path(__file__).parents[3] / "shared/data/unieval_topical_chat.jsonl"
PUBLISHED = {
    "naturalness": (0.443666, 0.513986, 0.373973),
    "coherence": (0.595143, 0.612942, 0.465915),
    "engagingness": (0.55651, 0.604739, 0.455941),
    "groundedness": (0.536209, 0.574954, 0.451533),
    "understandability": (0.380038, 0.467807, 0.360741),
    "overall": (0.632796, 0.662583, 0.487272),
}
PEOPLE = (5, 5, 4, 4.5, 1, 0, 2, 5, 4, 1, 3, 5)
JUDGE = (5, 4, 4, 5, 2, 0, 4, 5, 5, 0, 3, 5)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project whose judge can be reached only where a test says so."""
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "LLMEVAL_JUDGE_MODEL",
        "LLMEVAL_JUDGES",
        "LLMEVAL_LOG",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with Path(name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def write_scores(labels: Sequence[object] = PEOPLE, scores: Sequence[object] = JUDGE) -> None:
    pairs = zip(labels, scores, strict=True)
    write(
        "labels.csv",
        ("id", "label", "score"),
        [(f"c{place}", *pair) for place, pair in enumerate(pairs)],
    )


def figures(result: Result) -> Any:
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


@pytest.mark.skipif(
    not DATA.exists(), reason=f"needs {DATA.name}, which is not part of the project"
)
@pytest.mark.parametrize("dimension", PUBLISHED)
def test_the_published_agreement_of_a_real_metric_is_reproduced(
    llmeval: Command, dimension: str
) -> None:
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    table = [
        (row["source"], row["scores"][dimension], row["predict_scores"][dimension]) for row in rows
    ]
    write("unieval.csv", ("dialogue", "people", "unieval"), table)
    columns = ("--label", "people", "--score", "unieval", "--cluster", "dialogue")
    found = figures(llmeval.run("calibrate", "unieval.csv", *columns, "--json", "-"))["calibration"]
    assert found["cases"] == 360
    for name, published in zip(
        ("pearson", "spearman", "kendall"), PUBLISHED[dimension], strict=True
    ):
        figure = found["figures"][name]
        assert figure["estimate"] == pytest.approx(published, abs=0.00005)
        assert figure["low"] < figure["estimate"] < figure["high"]


def test_every_figure_is_shown_with_its_interval_and_what_it_means(llmeval: Command) -> None:
    write_scores()
    result = llmeval.run("calibrate", "labels.csv", "--score", "score", "--scale", "0", "5")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "score against labels.csv: 12 cases"
    assert [line.split()[0] for line in lines[1:10]] == [
        "kappa", "weighted_kappa", "alpha", "ordinal_alpha", "pearson", "spearman", "kendall",
        "offset", "mean",
    ]  # fmt: skip
    assert lines[1].startswith("kappa           0.82 [")
    assert lines[1].endswith("almost perfect agreement on pass or fail at 4")
    assert "people pass                7            0" in result.stdout
    assert "people fail                1            4" in result.stdout
    assert (
        "agree on pass or fail in 11 of 12 cases: almost perfect agreement beyond chance"
        in result.stdout
    )
    assert "  c6 (labels.csv:8): people 2, judge 4\n" in result.stdout
    assert lines[-1] == "not stored: the judge of these scores is unknown (--fingerprint)"


def test_labels_on_another_scale_are_moved_to_that_of_the_scores(llmeval: Command) -> None:
    write_scores([1 + 0.8 * label for label in PEOPLE], [score / 5 for score in JUDGE])
    scales = ("--scale", "1", "5", "--score-scale", "0", "1", "--threshold", "0.8")
    moved = figures(
        llmeval.run("calibrate", "labels.csv", "--score", "score", *scales, "--json", "-")
    )
    write_scores()
    plain = figures(
        llmeval.run(
            "calibrate", "labels.csv", "--score", "score", "--scale", "0", "5", "--json", "-"
        )
    )
    for name, figure in plain["calibration"]["figures"].items():
        stretch = 0.2 if name in ("offset", "mean") else 1
        assert moved["calibration"]["figures"][name]["estimate"] == pytest.approx(
            figure["estimate"] * stretch
        )
    assert moved["confusion"] == plain["confusion"]


@pytest.mark.parametrize("option", ["--score-scale", "--scale"])
def test_pass_and_fail_are_compared_on_a_scale_from_0_to_1(llmeval: Command, option: str) -> None:
    write_scores(["pass" if label >= 4 else "fail" for label in PEOPLE])
    found = figures(
        llmeval.run("calibrate", "labels.csv", "--score", "score", option, "0", "5", "--json", "-")
    )
    assert (found["scale"], found["bound"]) == ([0, 1], 0.8)
    assert found["confusion"] == {
        "both_pass": 7,
        "people_pass": 0,
        "judge_passes": 1,
        "both_fail": 4,
    }
    assert found["calibration"]["figures"]["offset"]["estimate"] == pytest.approx(
        sum(JUDGE) / 60 - 7 / 12
    )


def test_without_a_scale_only_the_order_is_compared_with_pass_and_fail(llmeval: Command) -> None:
    write_scores(["right" if label >= 4 else "wrong" for label in PEOPLE])
    found = figures(llmeval.run("calibrate", "labels.csv", "--score", "score", "--json", "-"))
    assert (
        found["missing"]["alpha"]
        == "the scale of the scores is unknown: set --score-scale LOW HIGH"
    )
    assert "--threshold X" in found["missing"]["kappa"]
    assert found["calibration"]["figures"]["kendall"]["estimate"] > 0.7
    assert found["confusion"] is None


def test_equal_labels_on_a_scale_that_nobody_knows_have_no_interval(llmeval: Command) -> None:
    write_scores([5] * len(PEOPLE))
    columns = ("calibrate", "labels.csv", "--score", "score")
    output = llmeval.run(*columns).output
    assert (
        "mean            5.00                     no interval: all labels are the same, and their "
        "scale is unknown: set --scale LOW HIGH\n"
    ) in output
    known = figures(llmeval.run(*columns, "--scale", "0", "5", "--json", "-"))
    mean = known["calibration"]["figures"]["mean"]
    assert mean["low"] < mean["estimate"] == mean["high"] == 5


@pytest.mark.parametrize(
    ("factor", "scale", "remedy"),
    [
        (1e308, (), "the scores: found 4"),
        (1e-308, (), "the scores: found 4"),
        (1e99, ("--scale", "0", "1e308"), "--scale: found 0 1e+308; allowed: a lower and a higher"),
        (1, ("--scale", "5", "0"), "--scale: found 5 0; allowed: a lower and a higher number"),
        (1, ("--score-scale", "1", "1"), "--score-scale: found 1 1; allowed: a lower and a higher"),
        (1, ("--scale", "nan", "5"), "--scale: found nan 5; allowed: a lower and a higher number"),
    ],
)
def test_numbers_that_nothing_can_be_computed_of_are_refused(
    llmeval: Command, factor: float, scale: tuple[str, ...], remedy: str
) -> None:
    rows = [(f"c{n}", pair % 2 * factor, 0.4 * factor) for n, pair in enumerate(range(30))]
    write("labels.csv", ("id", "label", "score"), rows)
    result = llmeval.run("calibrate", "labels.csv", "--score", "score", *scale)
    assert (result.exit_code, remedy in result.stderr) == (2, True), result.output


def test_two_scales_that_nobody_knows_are_not_taken_for_one(llmeval: Command) -> None:
    """A judge in perfect agreement, from 10 to 50 where people say 1 to 5."""
    rows = "".join(f"c{row},{1 + row % 5},{10 + 10 * (row % 5)}\n" for row in range(20))
    Path("labels.csv").write_text(f"id,people,judge\n{rows}", encoding="utf-8")
    columns = ("labels.csv", "--label", "people", "--score", "judge")
    found = figures(llmeval.run("calibrate", *columns, "--json", "-"))
    for name in ("weighted_kappa", "alpha", "offset"):
        assert found["missing"][name].startswith("the scales are unknown: set --scale LOW HIGH")
    assert found["calibration"]["figures"]["spearman"]["estimate"] == pytest.approx(1)
    assert found["worst"] == []
    scales = ("--scale", "1", "5", "--score-scale", "10", "50")
    known = figures(llmeval.run("calibrate", *columns, *scales, "--json", "-"))
    assert known["calibration"]["figures"]["alpha"]["estimate"] == pytest.approx(1)


def test_a_score_of_minus_one_is_a_judge_that_failed(llmeval: Command) -> None:
    rows = "".join(f"c{row},{1 + row % 5},{1 + row % 5}\n" for row in range(20))
    Path("labels.csv").write_text(f"id,people,judge\n{rows}bad,3,-1\n", encoding="utf-8")
    columns = ("labels.csv", "--label", "people", "--score", "judge", "--scale", "1", "5")
    found = figures(llmeval.run("calibrate", *columns, "--json", "-"))
    assert (found["calibration"]["cases"], found["calibration"]["unscored"]) == (20, 1)
    assert "bad; the first: -1, as of a judge that failed" in " ".join(found["notes"])


@pytest.mark.parametrize(
    ("labels", "scores", "missing"),
    [
        ([5] * 12, JUDGE, {"kappa": "all labels are the same", "alpha": "all labels are the same"}),
        (
            PEOPLE,
            [3] * 12,
            {"pearson": "all scores are the same", "kendall": "all scores are the same"},
        ),
        ([3, 2] * 6, JUDGE, {"kappa": "all labels are on one side of the threshold"}),
        (
            [5, 0],
            [5, 0],
            {
                "kappa": "2 cases; at least 10 are required",
                "pearson": "2 cases; at least 10 are required",
            },
        ),
        (
            [5, 0],
            [5, 0],
            {"offset": "no interval: fewer than ten", "mean": "no interval: fewer than ten"},
        ),
        (PEOPLE, PEOPLE, {"pearson": "no interval"}),
    ],
)
def test_what_the_data_cannot_show_is_no_figure(
    llmeval: Command, labels: Sequence[float], scores: Sequence[float], missing: dict[str, str]
) -> None:
    write_scores(labels, scores)
    found = figures(
        llmeval.run(
            "calibrate", "labels.csv", "--score", "score", "--scale", "0", "5", "--json", "-"
        )
    )
    for name, why in missing.items():
        assert found["missing"][name].startswith(why)
        figure = found["calibration"]["figures"][name]
        assert figure["low"] is None
        assert why.startswith("no interval") or figure["estimate"] is None


def test_a_bound_that_is_missed_exits_with_1(llmeval: Command) -> None:
    write_scores()
    Path("pytest.ini").write_text(
        "[pytest]\nllm_min_agreement =\n    kappa>=0.6\n    kappa.low>=0.5\n    kendall>=0.99\n"
    )
    arguments = ("calibrate", "labels.csv", "--score", "score", "--scale", "0", "5")
    by_ini, by_option = (
        llmeval.run(*arguments),
        llmeval.run(*arguments, "--min-agreement", "kappa>=0.6"),
    )
    assert (by_ini.exit_code, by_option.exit_code) == (1, 0)
    assert "met: kappa is 0.82 [" in by_ini.stdout
    assert "MISSED: kappa.low is 0.82 [0.19, 1.00]; required kappa.low >= 0.5" in by_ini.stdout
    assert "MISSED: kendall is " in by_ini.stdout
    assert "kendall is" not in by_option.stdout


def test_a_bound_without_a_figure_is_missed(llmeval: Command) -> None:
    write_scores(PEOPLE[:5], JUDGE[:5])
    result = llmeval.run(
        "calibrate",
        "labels.csv",
        "--score",
        "score",
        "--scale",
        "0",
        "5",
        "--min-agreement",
        "kappa>=0.6",
    )
    assert result.exit_code == 1
    assert "MISSED: kappa is -; required kappa >= 0.6" in result.stdout


def test_a_named_fingerprint_stores_the_result_beside_what_is_known_of_the_judge(
    llmeval: Command,
) -> None:
    write_scores()
    name = ("--fingerprint", "rubric-0123456789abcdef")
    result = llmeval.run("calibrate", "labels.csv", "--score", "score", "--scale", "0", "5", *name)
    assert result.stdout.splitlines()[-1] == "stored in .llmeval/judges.json"
    entry = JudgeFile(Path(".llmeval/judges.json")).get("rubric-0123456789abcdef")
    assert entry is not None
    assert entry.calibration is not None
    assert (entry.name, entry.calibration.cases, entry.calibration.labels) == (
        "score",
        12,
        "labels.csv",
    )
    assert entry.calibration.figures["kappa"].estimate == pytest.approx(14 / 17)


def test_rows_without_a_score_or_a_label_are_counted_and_used_where_they_can_be(
    llmeval: Command,
) -> None:
    labels, scores = [*PEOPLE, "", "", ""], [*JUDGE, 4, 5, 3]
    write_scores([*labels, 5], [*scores, ""])
    result = llmeval.run("calibrate", "labels.csv", "--score", "score", "--scale", "0", "5")
    assert result.stdout.startswith("score against labels.csv: 12 cases, 1 more unscored")
    assert (
        "note: 1 labelled case unscored, left out: c15; the first: no score in its row"
        in result.stdout
    )
    assert "with 3 more scores (labels alone: SE " in result.stdout


JUDGED = [
    (f"c{place}", f"Question {place}? [[score={score}]]", "Expected", f"Answer {place}", label)
    for place, (label, score) in enumerate(zip(PEOPLE, JUDGE, strict=True))
]
HEAD = ("id", "prompt", "expected", "answer", "label")


@pytest.fixture
def judge(endpoint: MockEndpoint, monkeypatch: pytest.MonkeyPatch) -> MockEndpoint:
    """A judge that an ini file names and the environment locates."""
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-example")
    Path("pytest.ini").write_text("[pytest]\nllm_judge_model = gpt-4o-2024-08-06\n")
    return endpoint


def test_the_judge_is_asked_about_answers_that_stand_in_the_file(
    llmeval: Command, judge: MockEndpoint
) -> None:
    write("labels.csv", HEAD, JUDGED)
    result = llmeval.run("calibrate", "labels.csv")
    assert result.exit_code == 0, result.output
    assert judge.count("judge") == judge.count() == 12
    head = result.stdout.splitlines()[0]
    assert head.startswith("rubric by gpt-4o-2024-08-06 (rubric-")
    fingerprint = head.partition("(")[2].partition(")")[0]
    entry = JudgeFile(Path(".llmeval/judges.json")).get(fingerprint)
    assert entry is not None
    assert entry.calibration is not None
    assert entry.model == "gpt-4o-2024-08-06"
    assert entry.calibration.figures["kappa"].estimate == pytest.approx(14 / 17)


def test_what_the_judge_could_not_score_is_told(llmeval: Command, judge: MockEndpoint) -> None:
    broken = ("c90", "Why? [[fault=malformed]]", "Expected", "So.", 5)
    write("labels.csv", HEAD, [*JUDGED[:5], broken, ("c91", "How?", "Expected", "", 5)])
    result = llmeval.run("calibrate", "labels.csv")
    assert "5 cases, 1 more unscored" in result.stdout
    assert (
        "1 labelled case unscored, left out: c90; the first: invalid reply after 3 attempts"
        in result.stdout
    )
    assert "note: 1 row without an answer: c91" in result.stdout
    assert result.stdout.splitlines()[-1] == "not stored: there are too few cases"


def test_a_dry_run_sends_and_stores_nothing(llmeval: Command, judge: MockEndpoint) -> None:
    write("labels.csv", HEAD, JUDGED)
    result = llmeval.run("calibrate", "labels.csv", "--dry-run")
    assert (result.exit_code, judge.count()) == (0, 0)
    assert "To send: 12 requests, about $" in result.stdout
    assert not Path(".llmeval/judges.json").exists()


def test_a_metric_is_measured_too_and_is_no_judge_to_store(
    llmeval: Command, judge: MockEndpoint
) -> None:
    write("labels.csv", HEAD, JUDGED[:5])
    result = llmeval.run("calibrate", "labels.csv", "--metric", "lix")
    assert (result.exit_code, judge.count()) == (0, 0)
    assert result.stdout.startswith("lix against labels.csv: 5 cases\n")
    assert not Path(".llmeval/judges.json").exists()


def test_a_judge_that_must_not_gate_yet_is_measured_all_the_same(
    llmeval: Command, judge: MockEndpoint
) -> None:
    write("labels.csv", HEAD, JUDGED[:5])
    Path("pytest.ini").write_text(
        "[pytest]\nllm_judge_model = gpt-4o\nllm_min_agreement = kappa>=0.6\n"
    )
    result = llmeval.run("calibrate", "labels.csv")
    assert result.exit_code == 1
    assert result.stdout.startswith("rubric by gpt-4o (")
    assert "against labels.csv: 5 cases\n" in result.stdout
    assert judge.count() == 5


def test_another_criterion_is_another_judge(llmeval: Command, judge: MockEndpoint) -> None:
    write("labels.csv", HEAD, JUDGED[:5])
    criteria = ((), ("--judge-criteria", "The answer is polite."), ())
    for number, extra in enumerate(criteria):
        assert (
            llmeval.run("calibrate", "labels.csv", *extra, "--json", f"{number}.json").exit_code
            == 0
        )
    one, other, again = (
        json.loads(Path(f"{number}.json").read_text())["fingerprint"] for number in range(3)
    )
    assert one != other
    assert one == again
    assert judge.count() == 10  # the same judge again is answered from the store


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "found no answer to judge; allowed: a column answer (or --answer COLUMN)"),
        (("--score", "points"), "found no column 'points'; allowed: a column with the scores"),
        (("--score", "score", "--run", "latest"), "use --score or --run, not both"),
        (("--run", "latest"), "runs.sqlite: there is no such file"),
        (
            ("--score", "score", "--min-agreement", "kapa>=0.6"),
            "--min-agreement: found 'kapa'; allowed: kappa, weighted_kappa",
        ),
        (("--score", "score", "--scale", "0", "1"), "--score-scale LOW HIGH"),
        (
            ("--judge-format", "yaml"),
            "--judge-format: found 'yaml'; allowed: json_schema or json_object or text",
        ),
    ],
)
def test_what_cannot_be_used_is_told_and_nothing_is_sent(
    llmeval: Command, judge: MockEndpoint, arguments: tuple[str, ...], told: str
) -> None:
    rows = [
        (f"c{place}", f"Question {place}", *pair)
        for place, pair in enumerate(zip(PEOPLE, JUDGE, strict=True))
    ]
    write("labels.csv", ("id", "prompt", "label", "score"), rows)
    result = llmeval.run("calibrate", "labels.csv", *arguments)
    assert (result.exit_code, judge.count()) == (2, 0)
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_without_a_judge_it_says_what_to_set(llmeval: Command) -> None:
    write("labels.csv", HEAD, JUDGED)
    result = llmeval.run("calibrate", "labels.csv")
    assert result.exit_code == 2
    assert "no judge is configured" in result.stderr


def write_raters() -> None:
    """Three people, who agree, and a judge that knows the system and not its answers."""
    rows = []
    for case in range(40):
        is_new, quality = case % 2, (case // 2) % 4
        people = [2.0 * is_new + quality // 2, 2.0 * is_new + (quality + 1) // 2]
        judge = 2.0 * is_new + quality % 2 + (case % 5 == 0)
        third = "" if case % 3 else people[0]
        rows.append((f"c{case}", *people, third, "new" if is_new else "old", judge))
    write("raters.csv", ("id", "human_1", "human_2", "human_3", "bot", "score"), rows)


def test_several_people_are_compared_with_each_other_and_the_judge_with_each(
    llmeval: Command,
) -> None:
    write_raters()
    arguments = ("calibrate", "raters.csv", "--score", "score", "--scale", "0", "5")
    result = llmeval.run(*arguments, "--system", "bot", "--min-agreement", "gap.low>=-0.05")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "score against raters.csv: 40 cases, 3 raters"
    rows = {line.split()[0]: line for line in lines if line}
    assert rows["gap"].endswith("outside human disagreement: people agree more with each other")
    assert rows["raters_alpha"].endswith("agreement of all people, by the order of their labels")
    assert float(rows["judge_rater"].split()[1]) < float(rows["raters"].split()[1])
    assert "MISSED: gap.low is" in result.stdout
    assert rows["old"].split()[:2] == ["old", "20"]
    assert (
        "note: pearson is 0.82 over all answers and 0.31 within a system: "
        "the judge distinguishes the systems more than the answers of one system\n"
    ) in result.stdout

    one = figures(llmeval.run(*arguments, "--label", "human_1", "--json", "-"))
    assert "raters" not in one["calibration"]["figures"]
    assert one["raters"] == ["human_1"]


def test_labels_that_hardly_vary_have_no_interval(llmeval: Command) -> None:
    write_scores((5,) * 10 + (0, 1), (5,) * 10 + (0, 1.5))
    result = llmeval.run("calibrate", "labels.csv", "--score", "score", "--scale", "0", "5")
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line}
    for name in ("weighted_kappa", "ordinal_alpha", "pearson", "offset"):
        assert lines[name].endswith(
            "no interval: fewer than three cases differ from the most common one"
        )


def test_a_judge_that_hardly_disagrees_has_no_interval_of_how_far(llmeval: Command) -> None:
    """One case is far off, and the others by less than a tenth of the scale."""
    labels = [place % 6 for place in range(24)]
    write_scores(labels, [0, 1.2, 2.1, 3.2, 4.1, 5, 5, *[0.95 * label for label in labels[7:]]])
    found = figures(
        llmeval.run(
            "calibrate", "labels.csv", "--score", "score", "--scale", "0", "5", "--json", "-"
        )
    )
    for name in ("weighted_kappa", "alpha", "ordinal_alpha", "pearson"):
        assert found["missing"][name] == (
            "no interval: too few disagreements to tell how rare they are"
        )
        assert found["calibration"]["figures"][name]["low"] is None
        assert found["calibration"]["figures"][name]["estimate"] > 0.5
    assert found["missing"]["offset"].startswith("no interval: fewer than three cases differ")


def test_the_mean_of_cases_that_hang_together_has_the_interval_of_their_clusters(
    llmeval: Command,
) -> None:
    rows = [
        (f"c{place}", place // 4, label, score)
        for place, (label, score) in enumerate(
            pair for pair in zip(PEOPLE, JUDGE, strict=True) for _ in range(4)
        )
    ]
    write("labels.csv", ("id", "talk", "label", "score"), rows)
    arguments = ("calibrate", "labels.csv", "--score", "score", "--scale", "0", "5", "--json", "-")
    alone, together = (
        figures(llmeval.run(*arguments, *extra))["calibration"]["figures"]["mean"]
        for extra in ((), ("--cluster", "talk"))
    )
    assert together["estimate"] == pytest.approx(alone["estimate"])
    assert together["high"] - together["low"] > 1.5 * (alone["high"] - alone["low"])
