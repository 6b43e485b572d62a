from __future__ import annotations

import pytest

from neuromorphic_ros.pipeline.closed_loop import Moment, drive
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.readouts import Command
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.plants import plant_kind
from neuromorphic_ros.snn.streaming import StreamingNetwork

DURATION_NS = 5_000_000_000


@pytest.fixture(scope="module", autouse=True)
def simulator() -> None:
    pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")


def driven(topics: dict[str, str]) -> list[Moment]:
    pipeline = Pipeline(StreamingNetwork(find_network("obstacle_avoider")))
    plant = plant_kind("wheeled_robot").make(0, False)
    moments = list(drive(pipeline, plant, topics, DURATION_NS))
    plant.close()
    return moments


def commands(moments: list[Moment]) -> list[Command | None]:
    return [decision.command for moment in moments for decision in moment.decisions]


def place(moments: list[Moment]) -> float:
    """Return how far along x the robot was at last."""
    odometry = [s for moment in moments for s in moment.samples if s.topic == "/odom"]
    return float(odometry[-1].fields["pose"]["pose"]["position"]["x"])


def test_the_robot_drives_as_the_network_decides() -> None:
    moments = driven({"scan": "/scan"})
    assert [moment.elapsed_ns for moment in moments] == list(range(0, DURATION_NS, TICK_NS))
    speeds = [each.velocity.linear_m_s for each in commands(moments) if each and each.velocity]
    assert max(speeds) > 0.1
    assert place(moments) > -3.0 + 0.5


def test_the_same_drive_again_is_the_same() -> None:
    assert commands(driven({"scan": "/scan"})) == commands(driven({"scan": "/scan"}))


def test_a_robot_that_is_not_heard_stands() -> None:
    assert place(driven({"scan": "/another_scan"})) == pytest.approx(-3.0, abs=0.01)
