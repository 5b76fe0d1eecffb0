from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

from tests.mock_endpoint import MockEndpoint

pytest_plugins = ["pytester"]

hypothesis.settings.register_profile("steady", deadline=None)  # how long an example takes is not what is tested
hypothesis.settings.load_profile("steady")


@pytest.fixture(autouse=True, scope="session")
def _no_ci() -> Iterator[None]:
    """What tests start does not speak to the CI system that runs them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def endpoint() -> Iterator[MockEndpoint]:
    """A loopback OpenAI-compatible server of this test's own."""
    with MockEndpoint() as server:
        yield server
