from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

from tests.mock_endpoint import MockEndpoint

pytest_plugins = ["pytester"]

hypothesis.settings.register_profile("steady", deadline=None)  # how long an example takes is not what is tested
hypothesis.settings.load_profile("steady")


@pytest.fixture
def endpoint() -> Iterator[MockEndpoint]:
    """A loopback OpenAI-compatible server of this test's own."""
    with MockEndpoint() as server:
        yield server
