"""A simulated drive as the samples that a recording of it holds."""

from __future__ import annotations

import math
from collections.abc import Iterator

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.drive import steer
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.readings import LidarScan
from neuromorphic_ros.simulation.sensor_sample import START_NS, Fields, SensorSample, twist
from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot


def recorded_samples(
    seed: int, duration_s: float, *, camera: bool = True
) -> Iterator[SensorSample]:
    """Yield what the robot senses while the reference driver steers it, by time from `START_NS`.

    The sensors are those of WheeledRobot, /cmd_vel comes at 10 Hz. The same seed gives the same
    samples.
    Raises BackendError if the duration is not positive and finite, or as WheeledRobot does.
    """
    if not (math.isfinite(duration_s) and duration_s > 0.0):
        raise BackendError(f"duration {duration_s} s must be positive and finite")
    # Built here, not in the generator: what cannot run must fail before a file is opened.
    return _drive(WheeledRobot(seed, camera=camera), round(duration_s * 1e9))


def _drive(robot: WheeledRobot, duration_ns: int) -> Iterator[SensorSample]:
    try:
        for elapsed_ns in range(0, duration_ns, TICK_NS):
            robot.step(elapsed_ns)
            samples = robot.sense(elapsed_ns)
            for sample in samples:
                if sample.topic == "/scan":
                    velocity = steer(_scan(sample.fields))
                    robot.command(*velocity)
                    yield twist(START_NS + elapsed_ns, velocity)
            yield from samples
    finally:
        robot.close()


def _scan(fields: Fields) -> LidarScan:
    return LidarScan(*(fields[name] for name in LidarScan._fields))
