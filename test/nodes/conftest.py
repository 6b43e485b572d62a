"""Fixtures of the tests that start nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harness import Robot, robot_domain


@pytest.fixture
def robot() -> Iterator[Robot]:
    """Give a domain of its own to a test."""
    with robot_domain() as domain:
        yield domain
