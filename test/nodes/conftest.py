"""Fixtures of the tests that start nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harness import Robot, robot_domain

from .driving import Drive, drive, wait_for_motion, write_network


@pytest.fixture
def robot() -> Iterator[Robot]:
    """Give a domain of its own to a test."""
    with robot_domain() as domain:
        yield domain


@pytest.fixture(scope="session", params=["composed", "separate"])
def shared_driving(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Drive]:
    network = write_network(tmp_path_factory.mktemp("network"))
    with robot_domain() as robot:
        yield drive(robot, network, composed=request.param == "composed")


@pytest.fixture
def driving(shared_driving: Drive) -> Drive:
    """Give a robot that moves; whoever stops it or ends its nodes lets it move again."""
    wait_for_motion(shared_driving)
    return shared_driving
