"""Slices: a tag that breaks while the rest gets better is named first, and can be gated."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_llmeval.text import MINUS
from tests.plugin.conftest import Project
from tests.plugin.test_gates import both

GRADED = ("golden/rows.csv", "--llm-threshold", "exact_match>=1", "--llm-fail-on", "gate")
GATED = (*GRADED, "--llm-provider", "column:new", "--llm-baseline", "main")
LOST = "Tag 'safety' (exact_match: 12 of 12 passed before, 0 now) was wiped out."

Row = tuple[str, str, str]
"""Answer before, answer now, tags."""


def rows(*groups: tuple[int, str, str, str]) -> list[Row]:
    return [(old, new, tags) for amount, old, new, tags in groups for _ in range(amount)]


def accepted(project: Project, cases: Iterable[Row]) -> None:
    """A golden file whose old answers are accepted as ``main``."""
    lines = [
        f"c{number:03},Question {number},yes,{old},{new},{tags}\n"
        for number, (old, new, tags) in enumerate(cases)
    ]
    project.write("golden/rows.csv", "id,prompt,expected,old,new,tags\n" + "".join(lines))
    old = (*GRADED, "--llm-provider", "column:old", "--llm-gate", "pass_rate>=.5")
    assert project.run(*old).ret == 0
    project.accept()


WIPED_OUT = rows(
    (12, "yes", "no", "safety;de"), (48, "yes", "yes", "easy"), (40, "no", "yes", "shop;de")
)


@both
def test_a_slice_that_was_wiped_out_is_named_first_in_every_report(
    project: Project, workers: str
) -> None:
    accepted(project, WIPED_OUT)
    reports = ("--llm-summary", "sum.md", "--llm-html", "r.html", "--llm-json", "r.json")
    run = project.run(*GATED, *reports, "-n", workers)
    assert run.ret == 0
    printed = run.outlines
    first = printed.index(next(line for line in printed if line.startswith("OK: regression")))
    assert printed[first + 1].startswith(f"PASSED: {LOST}")
    assert printed[-1].startswith(f"llm: PASSED: {LOST}")
    comment = (project.path / "sum.md").read_text()
    assert "was wiped out" in comment[: comment.index("| gate |")]
    assert f"| safety | <b>{MINUS}100.0</b> |" in comment
    page = (project.path / "r.html").read_text()
    assert "12 of 12 passed before, 0 now) was wiped out" in page[: page.index("</header>")]
    report = project.report("r.json")
    assert report["summary"]["headline"].startswith(LOST)
    slices = report["run"]["comparisons"][0]["metrics"][0]["slices"]
    assert [part["tag"] for part in slices if part["verdict"] == "REGRESSED"] == ["safety"]
    found = project.llmeval("compare", "main", "latest")
    assert (found.returncode, found.stdout.splitlines()[1]) == (0, LOST)


def test_a_gate_on_the_worst_tag_fails_where_the_whole_is_ok(project: Project) -> None:
    """The second run hides the failing cases from their slice by taking its tag away."""
    accepted(project, WIPED_OUT)
    rules = ("regression(worst_tag)", "regression(exact_match, worst_tag)")
    run = project.run(*GATED, "--llm-gate", rules[0], "--llm-gate", rules[1])
    why = (
        "exact_match, tag 'safety': dropped 100.0 points: 12 of 12 passed before and fail now, 0 "
        "failed before and pass now (p = 0.0007 among 3 slices; margin 2 points)"
    )
    for rule in rules:
        assert f"REGRESSED: {rule} against main: {why}" in run.outlines
    run.stdout.fnmatch_lines(["OK: regression against main: *"])
    assert run.ret == 1
    path = project.path / "golden/rows.csv"
    path.write_text(path.read_text().replace("safety;de", "other"))
    again = project.run(*GATED, "--llm-gate", rules[0])
    again.stdout.fnmatch_lines(["REGRESSED: regression(worst_tag)*; and 1 more REGRESSED"])
    again.stdout.fnmatch_lines(["FAILED: Tags 'other' *'safety' *"])


def test_a_strict_gate_on_tags_requires_only_that_none_is_shown_to_be_worse(
    project: Project,
) -> None:
    """Twelve cases cannot be shown to be no worse by two points."""
    accepted(
        project,
        rows(
            (11, "yes", "yes", "a"),
            (1, "yes", "no", "a"),
            (12, "no", "yes", "b"),
            (40, "yes", "yes", ""),
        ),
    )
    gates = ("--llm-gate", "regression(worst_tag)", "--llm-gate", "regression", "--llm-strict")
    run = project.run(*GATED, *gates)
    run.stdout.fnmatch_lines(
        ["INCONCLUSIVE: regression(worst_tag) against main: none of 2 slices*"]
    )
    assert run.ret == 0
    part = project.run(*GATED, *gates, "-k", "c00 or c01 or c02")
    part.stdout.fnmatch_lines(
        ["INCONCLUSIVE: regression(worst_tag)*covers only a part of the baseline*"]
    )
    assert part.ret == 10


def test_without_a_slice_a_gate_on_tags_is_an_error(project: Project) -> None:
    """A tag that all cases have divides nothing."""
    accepted(project, rows((20, "yes", "yes", "all")))
    run = project.run(*GATED, "--llm-gate", "regression(worst_tag)")
    run.stdout.fnmatch_lines(["ERROR: regression(worst_tag)*no tag divides the cases*"])
    assert run.ret == 10


def test_a_gate_on_tags_has_its_own_margin_and_takes_nothing_from_that_of_all(
    project: Project,
) -> None:
    accepted(project, rows((20, "yes", "yes", "a"), (30, "yes", "yes", "b"), (8, "yes", "no", "b")))
    run = project.run(*GATED, "--llm-gate", "regression(worst_tag, margin=.3)")
    run.stdout.fnmatch_lines(
        [
            "REGRESSED: regression against main: *margin 2 points)",
            "WARN: regression(worst_tag, margin=.3) against main: *tag 'b'*margin 30 points)",
        ]
    )
