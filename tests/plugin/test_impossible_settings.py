"""Settings that nothing can meet, or that name nothing, are refused before anything is sent."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

ROWS = "".join(
    f"c{number:02},Question {number},yes,yes,{'no' if number % 4 else 'yes'},d{number // 5},shop\n"
    for number in range(20)
)
OLD = ("--llm-provider", "column:old", "--llm-threshold", "exact_match>=1")
NEW = ("--llm-provider", "column:new", "--llm-threshold", "exact_match>=1")
USAGE = 4
BROKEN = 10


@pytest.fixture
def made(project: Project) -> Project:
    """A project with 20 cases of four documents."""
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    project.write("golden/a.csv", "id,prompt,expected,old,new,document,category\n" + ROWS)
    return project


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("--llm-threshold", "exact_match>=2"), "threshold (--llm-threshold): found 'exact_match >= 2'; allowed: a threshold that a score can meet. No score of exact_match meets it, because it is from 0 to 1. Did you mean 'exact_match>=.02'?"),
        (("--llm-threshold", "exact_match>1"), "No score of exact_match meets it, because it is from 0 to 1."),
        (("--llm-threshold", "exact_match==.5", "--llm-gate", "exact_match.mean>=95"), "--llm-gate: found 'exact_match.mean>=95'; allowed: a gate that a run can meet. No run meets it, because exact_match.mean is from 0 to 1. Did you mean 'exact_match.mean>=.95'?"),
        (("--llm-gate", "pass_rate>=95"), "Did you mean 'pass_rate>=.95'?"),
        (("--llm-gate", "pass_rate.low>=1"), "because pass_rate.low is less than 1"),
        (("--llm-gate", "unscored<=5"), "Every run meets it, because unscored is from 0 to 1. Did you mean 'unscored<=.05'?"),
        (("--llm-gate", "cost<0"), "No run meets it, because cost is at least 0."),
        (("--llm-threshold", "exact_mach>=1"), "ERROR: threshold (--llm-threshold): found 'exact_mach'; allowed: a name that 'llmeval metrics' lists. Did you mean 'exact_match'?"),
        (("--llm-gate", "regression(exact_mach)"), "allowed: a rule on a score that 'llmeval metrics' lists. Did you mean 'exact_match'?"),
        (("--llm-cluster", "documnt"), "--llm-cluster: found 'documnt'; allowed: a column of metadata: old, new, document. Did you mean 'document'?"),
        (("--llm-cluster", "category"), "The column holds tags; a cluster is metadata: --llm-columns 'category = metadata'"),
    ],
)  # fmt: skip
def test_what_cannot_be_met_or_found_is_refused(
    made: Project, args: tuple[str, ...], text: str
) -> None:
    run = made.run("--llm-provider", "column:old", *args)
    assert run.ret == USAGE
    assert text in run.stderr.str()


WORDS = """
class Words:
    name, version = "words", "1"

    def score(self, case, completion):
        return 2 * len(completion.text.split())

def pytest_llmeval_metrics():
    return [Words()]
"""


def test_a_metric_whose_scores_leave_its_scale_says_so_in_the_first_run(made: Project) -> None:
    remedy = "A metric with other values declares its scale: scale = Scale(low, high)"
    made.write("conftest.py", WORDS)
    for bound, who in (("words<=50", "Every"), ("words<=1", "Every"), ("words>=5", "No")):
        run = made.run("--llm-provider", "column:old", "--llm-threshold", bound)
        assert run.ret == USAGE
        text = f"{who} score of words meets it, because it is from 0 to 1. {remedy}"
        assert text in run.stderr.str()
    run = made.run("--llm-provider", "column:old", "--llm-threshold", "words>=.5")
    text = f"words has 20 scores outside its scale from 0 to 1, so no gate can compare it. {remedy}"
    assert text in " ".join(run.stdout.str().split())
    made.llmeval("baseline", "accept")
    run = made.run(
        "--llm-provider", "column:old", "--llm-threshold", "words>=.5", "--llm-baseline", "main"
    )
    assert f"a score of words is outside its scale from 0 to 1. {remedy}" in run.stdout.str()
    scale = "from pytest_llmeval import Scale\n" + WORDS.replace(
        '"1"\n', '"1"\n    scale = Scale(0, None)\n'
    )
    made.write("conftest.py", scale)
    run = made.run("--llm-provider", "column:old", "--llm-threshold", "words<=50")
    assert run.ret == 0
    assert "outside" not in run.stdout.str()


def test_a_misspelt_cluster_is_an_error_everywhere(made: Project) -> None:
    made.run(*OLD)
    assert made.llmeval("baseline", "accept").returncode == 0
    gate = ("--llm-baseline", "main", "--llm-fail-on", "gate")
    run = made.run(*NEW, *gate, "--llm-cluster", "documnt", "-n", "2")
    assert run.ret == USAGE
    assert "Did you mean 'document'?" in run.stderr.str()
    made.run(*NEW, *gate, "--llm-cluster", "document")
    gates = made.report()["run"]["gates"]
    assert [outcome["verdict"] for outcome in gates] != ["ERROR"]
    for command in (("plan",), ("compare", "main", "latest")):
        found = made.llmeval(*command, "--cluster", "documnt")
        assert found.returncode == 2
        assert "--cluster: found 'documnt'; allowed: a column of metadata" in found.stderr
        assert "Did you mean 'document'?" in found.stderr
        assert made.llmeval(*command, "--cluster", "document").returncode != 2


def test_a_part_of_the_suite_may_lack_the_cluster_of_the_ini_file(made: Project) -> None:
    made.write("pytest.ini", "[pytest]\nllm_golden = golden\nllm_cluster = document\n")
    made.write("golden/b.csv", "id,prompt,expected,old\nb,Why?,yes,yes\n")
    assert made.run(*OLD).ret == 0
    assert made.run(*OLD, "golden/b.csv").ret == 0
    made.write("pytest.ini", "[pytest]\nllm_golden = golden\nllm_cluster = documnt\n")
    run = made.run(*OLD)
    assert run.ret == USAGE
    assert "ini llm_cluster: found 'documnt'" in run.stderr.str()


def test_a_threshold_of_a_row_names_the_row_and_validate_finds_its_score(made: Project) -> None:
    made.write("golden/a.csv", "id,prompt,expected,old,threshold\na,Why?,yes,yes,contian>=1\n")
    run = made.run(*OLD)
    assert run.ret == USAGE
    assert "golden/a.csv::a: threshold (row): found 'contian'; allowed: a name" in run.stderr.str()
    found = made.llmeval("validate", "golden/a.csv")
    assert found.returncode == 2
    assert "golden/a.csv:2: column 'threshold' found 'contian'" in found.stderr
    assert "Did you mean 'contains'?" in found.stderr
    typo = "prompt,expcted\nWhy?,So\n"
    made.write("golden/a.csv", typo)
    found = made.llmeval("validate", "golden/a.csv")
    assert "--columns of llmeval" in found.stderr
    mapped = made.llmeval("validate", "golden/a.csv", "--columns", "expcted = expected")
    assert mapped.returncode == 0
