"""Fixtures of the scenarios."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harness import Listener

from neuromorphic_ros.cli.domain import own_domain

pytest.register_assert_rewrite("scenarios")


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Listen in a domain of its own, which whatever is started inherits."""
    with own_domain() as domain:
        monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
        monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        listener = Listener(domain)
        yield listener
        listener.close()
