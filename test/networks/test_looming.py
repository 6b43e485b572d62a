"""The network that sees what is about to be hit."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.decoding.alert import Level
from neuromorphic_ros.pipeline.closed_loop import drive
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline
from neuromorphic_ros.simulation.approach import Approach
from neuromorphic_ros.simulation.sensor_sample import START_NS, image
from neuromorphic_ros.snn.streaming import StreamingNetwork

FRAME_NS = 40_000_000
SIDE = 400
HEIGHT, WIDTH = 96, 128


def texture() -> npt.NDArray[np.float32]:
    """Return blobs of a few pixels, dark and bright."""
    noise = np.random.default_rng(0).random((SIDE, SIDE), np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3.0)
    return np.where(blurred > np.median(blurred), 200.0, 60.0).astype(np.float32)


def seen(zoom: float, x_px: float, y_px: float) -> npt.NDArray[np.uint8]:
    """Return the texture `zoom` times as large, moved."""
    matrix = np.array(
        [
            [zoom, 0.0, WIDTH / 2 + x_px - zoom * SIDE / 2],
            [0.0, zoom, HEIGHT / 2 + y_px - zoom * SIDE / 2],
        ]
    )
    shown = cv2.warpAffine(texture(), matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    return np.asarray(shown, np.uint8)


def decisions(pictures: list[npt.NDArray[np.uint8]], variant: str = "") -> list[Decision]:
    pipeline = Pipeline(StreamingNetwork(find_network("looming", variant)))
    made = []
    for index, picture in enumerate(pictures):
        sample = image(START_NS + index * FRAME_NS, picture)
        message = to_message(sample.type_name, sample.fields)
        pipeline.receive("camera", message, sample.log_ns)
        made += list(pipeline.advance(sample.log_ns))
    return made


def bursts(made: list[Decision]) -> int:
    return sum(len(decision.step.spikes["looming"]) for decision in made)


def speeds(made: list[Decision]) -> list[float]:
    commands = [decision.command for decision in made]
    return [each.velocity.linear_m_s for each in commands if each and each.velocity]


def approaching() -> list[npt.NDArray[np.uint8]]:
    """Return what is seen from 3 s to 0.5 s before contact."""
    return [seen(2.0 / (3.0 - index * 0.04), 0.0, 0.0) for index in range(63)]


@pytest.mark.parametrize("variant", ["", "medium", "low"])
def test_it_brakes_before_what_grows(variant: str) -> None:
    made = decisions(approaching(), variant)
    assert bursts(made) > 0
    assert max(speeds(made)[:20]) > 0.4
    assert speeds(made)[-1] < 0.05
    levels = [decision.alert.level for decision in made if decision.alert]
    assert levels[0] is Level.NORMAL
    assert max(levels) >= Level.WARNING


@pytest.mark.parametrize(
    ("x_px_per_s", "y_px_per_s"),
    [(0.0, 0.0), (30.0, 0.0), (-60.0, 0.0), (0.0, 40.0), (0.0, -40.0)],
    ids=["still", "to the right", "to the left", "down", "up"],
)
def test_what_does_not_grow_is_passed_by(x_px_per_s: float, y_px_per_s: float) -> None:
    times_s = [index * 0.04 - 1.0 for index in range(50)]
    made = decisions([seen(1.0, x_px_per_s * t, y_px_per_s * t) for t in times_s])
    assert bursts(made) == 0
    assert speeds(made)[-1] == pytest.approx(0.5, abs=0.01)


def test_what_recedes_is_passed_by() -> None:
    assert bursts(decisions(approaching()[::-1])) == 0


def test_a_flash_of_light_is_no_approach() -> None:
    pictures = [seen(1.0, 0.0, 0.0)] * 50
    pictures[25:] = [np.minimum(picture * 1.25, 255).astype(np.uint8) for picture in pictures[25:]]
    assert bursts(decisions(pictures)) == 0


@pytest.mark.parametrize("seed", [1000, 1004])
def test_the_simulated_robot_stops_before_contact(seed: int) -> None:
    robot = Approach(seed)
    pipeline = Pipeline(StreamingNetwork(find_network("looming")))
    for moment in drive(pipeline, robot, {"camera": "/camera/image_raw"}, 8_000_000_000):
        assert not robot.in_collision
        if moment.elapsed_ns > 1_000_000_000 and robot.velocity.linear_m_s < 0.01:
            break
    assert 0.05 < robot.gap_m < 1.5


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 3])
def test_another_simulator_and_camera_are_braked_for_too(seed: int) -> None:
    pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")
    from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot

    robot = WheeledRobot(seed)
    pipeline = Pipeline(StreamingNetwork(find_network("looming")))
    stopped = False
    for moment in drive(pipeline, robot, {"camera": "/camera/image_raw"}, 10_000_000_000):
        assert not robot.in_collision
        stopped = moment.elapsed_ns > 1_000_000_000 and robot.velocity().linear_m_s < 0.01
        if stopped:
            break
    robot.close()
    assert stopped
