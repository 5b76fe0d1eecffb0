"""A project that uses nothing of ours has its own markers and options, under whatever name."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_nothing_judged import FINE, USAGE, both, last_line, made

__all__ = ["made"]


@pytest.fixture
def guest(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with markers, fixtures and options of its own."""
    (project.path / "golden/faq.csv").unlink()
    monkeypatch.delenv("OPENAI_BASE_URL")
    project.write(
        "conftest.py",
        """
        import pytest

        MARKERS = ("llm_gate: mine", "llm_judge(x): mine", "llm_metric: mine", "llm_golden: mine")

        def pytest_addoption(parser):
            parser.addoption("--llm-model", action="append", help="the project's")
            parser.addoption("--llm-gate", default="soft", choices=["soft", "hard"])
            parser.addoption("--llm-strict", action="store_true", default=False)

        def pytest_configure(config):
            for marker in MARKERS:
                config.addinivalue_line("markers", marker)

        @pytest.fixture
        def llm_case(): return 1

        @pytest.fixture
        def llm_metric(request): return request.config.getoption("--llm-gate")
        """,
    )
    project.write(
        "test_guest.py",
        """
        import pytest

        @pytest.mark.llm_gate
        def test_gate(): pass

        @pytest.mark.llm_judge("gpt", tone=3)
        @pytest.mark.llm_metric
        def test_judge(llm_case, llm_metric, request):
            assert (llm_case, llm_metric) == (1, "hard")
            assert request.config.getoption("--llm-model") == ["a", "b"]
            request.node.add_marker(pytest.mark.llm_gate)

        @pytest.mark.llm_golden("no file")
        class TestGolden:
            def test_golden(self): pass
        """,
    )
    return project


@both
def test_a_guest_runs_as_without_the_plugin(guest: Project, workers: tuple[str, ...]) -> None:
    options = ("--llm-model", "a", "--llm-model", "b", "--llm-gate", "hard", "--llm-strict")
    for more in ((), ("-p", "no:llm_golden")):
        run = guest.run(*options, "--strict-markers", *workers, *more)
        run.assert_outcomes(passed=3)
        assert (run.ret, "llm:" in run.stdout.str()) == (FINE, False)
    assert guest.run("--help", *workers).ret == FINE


def test_a_broken_conftest_leaves_the_help_whole(guest: Project) -> None:
    guest.write("conftest.py", "import no_such_module\n")
    assert "--llm-baseline" in guest.run("--help").stdout.str()


def test_a_project_that_lists_our_markers_uses_ours(made: Project) -> None:
    made.write("pytest.ini", "[pytest]\nmarkers =\n    llm_gate: gates\n    llm_golden: cases\n")
    made.write(
        "test_rows.py",
        """
        import pytest

        @pytest.mark.llm_gate
        @pytest.mark.llm_golden("golden/rows.csv")
        def test_rows(llm_completion): pass
        """,
    )
    run = made.run("test_rows.py", "--llm-provider", "column:old")
    assert (run.ret, "@pytest.mark.llm_gate: found ()" in last_line(run)) == (USAGE, True)
