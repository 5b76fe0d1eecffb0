from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

# pytester forgets the modules that its runs imported, and numpy cannot be imported twice.
import scipy.stats  # noqa: F401

from tests.mock_endpoint import MockEndpoint

pytest_plugins = ["pytester", "tests.finished_run"]

hypothesis.settings.register_profile(
    "steady", deadline=None
)  # how long an example takes is not what is tested
hypothesis.settings.load_profile("steady")


OF_CI = (
    "CI",  # pytest prints whole messages in its short summary where this or the next is set
    "BUILD_NUMBER",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_WORKSPACE",
    "CI_PROJECT_DIR",
)
OF_IMAGES = (
    "PYTHONDONTWRITEBYTECODE"  # set in many containers; each process would compile the package anew
)


@pytest.fixture(autouse=True, scope="session")
def _as_on_a_desk() -> Iterator[None]:
    """What tests start does not speak to the CI system that runs them, and keeps its bytecode."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (*OF_CI, OF_IMAGES):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def endpoint() -> Iterator[MockEndpoint]:
    """A loopback OpenAI-compatible server of this test's own."""
    with MockEndpoint() as server:
        yield server
