"""Fixtures of the tests that start nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

# Without ROS 2 these skip whoever imports them, and that must be the tests.
if TYPE_CHECKING:
    from harness import Robot

    from .driving import Drive


@pytest.fixture
def robot() -> Iterator[Robot]:
    """Give a domain of its own to a test."""
    from harness import robot_domain

    with robot_domain() as domain:
        yield domain


@pytest.fixture(scope="session", params=["composed", "separate"])
def shared_driving(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Drive]:
    """Give a robot that moves, shared by all tests."""
    from harness import robot_domain

    from .driving import drive, write_network

    network = write_network(tmp_path_factory.mktemp("network"))
    with robot_domain() as robot:
        yield drive(robot, network, composed=request.param == "composed")


@pytest.fixture
def driving(shared_driving: Drive) -> Drive:
    """Give a robot that moves; whoever stops it or ends its nodes lets it move again."""
    from .driving import wait_for_motion

    wait_for_motion(shared_driving)
    return shared_driving
