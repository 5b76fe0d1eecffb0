"""No run is green because a hook or marker of the project skips cases, or a file is not read."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_nothing_judged import (
    FINE,
    NEW,
    OLD,
    SILENT,
    UNJUDGED,
    USAGE,
    both,
    check,
    ini,
    last_line,
    made,
)

__all__ = ["made"]

STRICT = "--llm-strict"
GATE = ("--llm-gate", "pass_rate>=.9")

SKIPPING = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        if item.name in ("c1", "c3", "c5"):
            item.add_marker(pytest.mark.skip(reason="need --runslow"))
"""
DESELECTING = """
def pytest_collection_modifyitems(config, items):
    out = [item for item in items if item.name in ("c1", "c3", "c5")]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]
"""
SETUP = """
import pytest

def pytest_runtest_setup(item):
    if item.name in ("c1", "c3", "c5"):
        pytest.skip("need --runslow")
"""
SKIPPED = "3 of 6 cases were skipped: need --runslow"
DESELECTED = "3 of 6 golden cases were deselected by a hook of conftest.py"


@both
@pytest.mark.parametrize(
    ("hook", "text"),
    [(SKIPPING, SKIPPED), (SETUP, SKIPPED), (DESELECTING, DESELECTED)],
    ids=["marker", "setup", "deselected"],
)
def test_cases_that_the_project_leaves_out(
    made: Project, hook: str, text: str, workers: tuple[str, ...]
) -> None:
    made.write("conftest.py", hook)
    check(made, UNJUDGED, f"ERROR: {text}", "golden", *NEW, *GATE, STRICT, *workers)
    if not workers:
        check(made, UNJUDGED, f"ERROR: {text}", "golden", *NEW, STRICT)
        check(made, FINE, f"PASSED: {text}", "golden", *NEW, *GATE)
        part = "" if text is DESELECTED else "1 of 2 cases was skipped: need --runslow"
        check(made, UNJUDGED, part, "golden", *NEW, *GATE, STRICT, "-k", "c0 or c1")
        run = made.run("golden", *NEW)
        assert (run.ret, "skipped:" in last_line(run)) == (FINE, False)


def test_who_chooses_tests_has_no_word_of_hooks(made: Project) -> None:
    made.write("conftest.py", DESELECTING.replace('"c1", "c3", "c5"', '"test_plain"'))
    for args in (("-k", "c0"), ("--deselect", "golden/rows.csv::c1"), ("--llm-limit", "2")):
        assert "llm:" not in last_line(made.run("golden", *OLD, *GATE, STRICT, *args))
    check(made, FINE, "1 deselected", *OLD, *GATE, STRICT)


MODULE = """
import pytest
pytest.importorskip("no_such_module")

@pytest.mark.llm_golden("golden/rows.csv")
@pytest.mark.llm_gate("pass_rate>=.9")
def test_m(llm_completion): pass
"""
SAID = " was skipped as a whole, so none of its tests was judged: could not import 'no_such_module'"


@both
@pytest.mark.parametrize("file", ["test_m.py", "package/__init__.py"])
def test_a_module_that_is_skipped_as_a_whole(
    made: Project, file: str, workers: tuple[str, ...]
) -> None:
    made.write(file, MODULE)
    made.write("package/test_n.py", "def test_n(llm_case): pass\n")
    if "/" not in file:
        (made.path / "package/test_n.py").unlink()
    check(made, UNJUDGED, SAID, *OLD, STRICT, *workers)
    if workers:
        return
    check(made, UNJUDGED, SAID, *OLD, *GATE)
    check(made, FINE, f"PASSED: {file}{SAID}" if "/" not in file else SAID, *OLD)
    check(made, FINE, "6 passed", "golden", *OLD, STRICT)
    check(made, FINE, "", "test_plain.py", "golden", *OLD, STRICT)


def test_a_skipped_module_that_has_nothing_of_ours(made: Project) -> None:
    made.write("test_o.py", "import pytest\npytest.skip('no', allow_module_level=True)\n")
    check(made, FINE, "7 passed, 1 skipped", *OLD, STRICT)
    check(made, UNJUDGED, "test_o.py was skipped as a whole", "golden", "test_o.py", *OLD, STRICT)
    ini(made, golden="")
    assert "llm:" not in made.run("test_o.py", "test_plain.py").stdout.str()


NEAR = ("m.yaml", "x.xlsx", "m.csv.gz", "m.csv.txt", "sub/y.YML", "rows.csv~")
FAR = ("README.md", "README.txt", ".hidden.yaml", ".x/h.yaml", "notes.txt", "rows.csv.dvc",
       "cassettes/test.yaml", "recordings/r.yaml", "picture.png")  # fmt: skip


@both
def test_files_of_golden_folders_that_nothing_reads(
    made: Project, workers: tuple[str, ...]
) -> None:
    for name in FAR:
        made.write(f"golden/{name}", "x")
    check(made, FINE, "7 passed", *OLD, *GATE, STRICT, *workers)
    for name in NEAR:
        made.write(f"golden/{name}", "x")
    text = "llm_golden: golden/m.csv.gz, golden/m.csv.txt, golden/m.yaml and 3 more of 'golden' are not read: convert"  # fmt: skip
    check(made, USAGE, text, *OLD, STRICT, *workers)
    check(made, FINE, f"PASSED: {text}", *OLD, *GATE, *workers)
    if workers:
        return
    check(made, USAGE, text, "golden", *OLD, STRICT)
    check(made, FINE, "6 passed", "golden/rows.csv", *OLD, STRICT)
    check(made, FINE, SILENT, "test_plain.py")
    ini(made, golden="golden/*.csv")
    check(made, FINE, "7 passed", *OLD, STRICT)
