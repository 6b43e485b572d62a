"""Which encoders there are for which sensor, and how they read its messages."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from neuromorphic_ros.encoding.dvs_camera import DvsCamera, DvsCameraParameters
from neuromorphic_ros.encoding.encoder import Encoder
from neuromorphic_ros.encoding.environment import (
    EnvironmentDeltaEncoder,
    EnvironmentDeltaParameters,
    EnvironmentPopulationEncoder,
    EnvironmentPopulationParameters,
    EnvironmentRateEncoder,
    EnvironmentRateParameters,
)
from neuromorphic_ros.encoding.goal import GoalBearingEncoder, GoalParameters
from neuromorphic_ros.encoding.imu import (
    ImuDeltaEncoder,
    ImuDeltaParameters,
    ImuPopulationEncoder,
    ImuPopulationParameters,
    ImuRateEncoder,
    ImuRateParameters,
)
from neuromorphic_ros.encoding.joints import JointRateEncoder, JointRateParameters
from neuromorphic_ros.encoding.rate import Seed
from neuromorphic_ros.encoding.scan import (
    ScanDeltaEncoder,
    ScanDeltaParameters,
    ScanLatencyEncoder,
    ScanLatencyParameters,
    ScanRateEncoder,
    ScanRateParameters,
)
from neuromorphic_ros.encoding.time_of_day import TimeOfDayEncoder, TimeOfDayParameters
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.auxiliary import Auxiliary
from neuromorphic_ros.pipeline.sensing import (
    ENVIRONMENT,
    camera_of,
    goal_of,
    imu_of,
    joints_of,
    located_of,
    magnetic_field_of,
    sweep_of,
)
from neuromorphic_ros.snn.spec import Input

Reader = Callable[[Any], Any]


class Encoding(NamedTuple):
    """How the messages of an input become spikes.

    read: turns a message into a sample. auxiliary: completes samples from another sensor.
    """

    encoder: Encoder[Any]
    read: Reader
    auxiliary: Auxiliary | None = None


def _dvs(source: Input, seed: int) -> Encoding:
    if len(source.shape) != 3 or source.shape[0] != 2:
        raise NetworkError(
            f"input '{source.name}': dvs makes (2, height, width), not {source.shape}"
        )
    _, height, width = source.shape
    encoder = DvsCamera(_parameters(DvsCameraParameters, source), height, width, seed)
    return Encoding(encoder, camera_of)


def _scan_latency(source: Input, _: int) -> Encoding:
    return Encoding(ScanLatencyEncoder(_parameters(ScanLatencyParameters, source)), sweep_of)


def _scan_rate(source: Input, seed: int) -> Encoding:
    parameters = _parameters(ScanRateParameters, source)
    return Encoding(ScanRateEncoder(parameters, _own_seed(source, seed)), sweep_of)


def _scan_delta(source: Input, _: int) -> Encoding:
    return Encoding(ScanDeltaEncoder(_parameters(ScanDeltaParameters, source)), sweep_of)


def _imu_delta(source: Input, _: int) -> Encoding:
    return _imu(ImuDeltaEncoder(_parameters(ImuDeltaParameters, source)))


def _imu_rate(source: Input, seed: int) -> Encoding:
    parameters = _parameters(ImuRateParameters, source)
    return _imu(ImuRateEncoder(parameters, _own_seed(source, seed)))


def _imu_population(source: Input, seed: int) -> Encoding:
    parameters = _parameters(ImuPopulationParameters, source)
    return _imu(ImuPopulationEncoder(parameters, _own_seed(source, seed)))


def _imu(encoder: ImuDeltaEncoder | ImuRateEncoder | ImuPopulationEncoder) -> Encoding:
    if encoder.parameters.axes == 6:
        return Encoding(encoder, imu_of)
    magnetometer = Auxiliary("magnetometer", magnetic_field_of, "magnetic_field")
    return Encoding(encoder, imu_of, magnetometer)


def _goal_bearing(source: Input, _: int) -> Encoding:
    goal = Auxiliary("goal", goal_of, "goal", stale_ns=None)
    encoder = GoalBearingEncoder(_parameters(GoalParameters, source))
    return Encoding(encoder, located_of, goal)


def _joint_rate(source: Input, seed: int) -> Encoding:
    parameters = _parameters(JointRateParameters, source)
    return Encoding(JointRateEncoder(parameters, _own_seed(source, seed)), joints_of)


def _environment_rate(source: Input, seed: int) -> Encoding:
    parameters = _parameters(EnvironmentRateParameters, source)
    encoder = EnvironmentRateEncoder(parameters, _channels(source, 0), _own_seed(source, seed))
    return Encoding(encoder, ENVIRONMENT[str(source.sensor)])


def _environment_population(source: Input, seed: int) -> Encoding:
    parameters = _parameters(EnvironmentPopulationParameters, source)
    seeds = _own_seed(source, seed)
    encoder = EnvironmentPopulationEncoder(parameters, _channels(source, 0), seeds)
    return Encoding(encoder, ENVIRONMENT[str(source.sensor)])


def _environment_delta(source: Input, _: int) -> Encoding:
    parameters = _parameters(EnvironmentDeltaParameters, source)
    encoder = EnvironmentDeltaEncoder(parameters, _channels(source, 1))
    return Encoding(encoder, ENVIRONMENT[str(source.sensor)])


def _time_of_day(source: Input, seed: int) -> Encoding:
    encoder = TimeOfDayEncoder(_parameters(TimeOfDayParameters, source), _own_seed(source, seed))
    return Encoding(encoder, ENVIRONMENT[str(source.sensor)])


def _channels(source: Input, axis: int) -> int:
    """Return the values of a message: one, or for an array the extent of the shape at `axis`."""
    return source.shape[axis] if source.sensor == "array" and axis < len(source.shape) else 1


def _own_seed(source: Input, seed: int) -> Seed:
    """Return a seed of the input's own, so that several do not spike alike."""
    return (seed, zlib.crc32(source.name.encode()))


def _parameters(cls: type, source: Input) -> Any:
    return build(cls, source.parameters, f"input '{source.name}'", NetworkError)


# By sensor and name.
ENCODERS: dict[str, dict[str, Callable[[Input, int], Encoding]]] = {
    "camera": {"dvs": _dvs},
    "scan": {"scan_latency": _scan_latency, "scan_rate": _scan_rate, "scan_delta": _scan_delta},
    "imu": {"imu_delta": _imu_delta, "imu_rate": _imu_rate, "imu_population": _imu_population},
    "odom": {"goal_bearing": _goal_bearing},
    "joints": {"joint_rate": _joint_rate},
    **{
        sensor: {
            "environment_rate": _environment_rate,
            "environment_population": _environment_population,
            "environment_delta": _environment_delta,
            "time_of_day": _time_of_day,
        }
        for sensor in ENVIRONMENT
    },
}
