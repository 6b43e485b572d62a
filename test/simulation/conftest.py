from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from neuromorphic_ros.errors import BackendError

if TYPE_CHECKING:
    from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot


@pytest.fixture
def robot() -> WheeledRobot:
    """Make a robot without a camera in an empty room: only walls and the ball."""
    from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot

    return WheeledRobot(0, camera=False, obstacles=0)


@pytest.fixture
def seeing_robot() -> Iterator[WheeledRobot]:
    """Make a robot with a camera among obstacles, or skip where nothing can be rendered."""
    from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot

    try:
        robot = WheeledRobot(0)
    except BackendError as error:
        pytest.skip(f"no OpenGL on this machine: {error}")
    yield robot
    robot.close()
