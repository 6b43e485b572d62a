"""What a demonstration runs on: a recording, a video or a camera, and the network for it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.recording import Recording
from neuromorphic_ros.bags.topics import find_topics
from neuromorphic_ros.bags.video import SUFFIXES as VIDEO_SUFFIXES
from neuromorphic_ros.cli.assignments import ArgumentError
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.sensing import MESSAGE_TYPES
from neuromorphic_ros.pipeline.sensor_input import sensors_of
from neuromorphic_ros.sensors.camera import Camera, CameraRequest

# The first one whose sensors a recording has. Without an IMU, the robot network stands still.
NETWORK_OF_SENSORS = (
    (frozenset({"camera", "imu", "scan"}), "robot"),
    (frozenset({"scan"}), "obstacle_avoider"),
    (frozenset({"camera"}), "motion_detector"),
)


class Source(NamedTuple):
    """Where the messages come from, and the network that gets them.

    name: for people. network: name or file. topics: by sensor. duration_s: for which it is played.
    bag: recording or video; none: the camera `device`.
    """

    name: str
    network: str
    topics: Mapping[str, str]
    duration_s: float
    bag: Path | None = None
    device: int = 0


def recorded(
    path: Path, network: str | None, chosen: Mapping[str, str], duration_s: float
) -> Source:
    """Use a recording or a video; network: name or file, by the recording's sensors if None.

    chosen: topic by sensor where the user prefers one. duration_s: at most.
    Raises BagError if it is damaged or has no topic for the network, NetworkError if that is wrong.
    """
    with open_recording(path) as recording:
        network = network or _network_for(recording)
        sensors = sensors_of(find_network(network))
        wanted = {sensor: MESSAGE_TYPES[sensor] for sensor in sensors}
        topics = find_topics(recording, wanted, chosen)
        length_s = (recording.end_ns - recording.start_ns) / 1e9
        # Decoding is slow, and a video that breaks off does so at its end.
        if path.suffix.lower() not in VIDEO_SUFFIXES or length_s <= duration_s:
            _check_readable(recording, topics, duration_s)
    return Source(path.name, network, topics, min(duration_s, length_s), bag=path)


def camera(device: int, network: str | None, duration_s: float) -> Source:
    """Use a camera; network: name or file of one that needs nothing else.

    Raises SensorError if the camera gives no picture, ArgumentError if the network does not fit.
    """
    network = network or "motion_detector"
    sensors = sensors_of(find_network(network))
    if missing := [sensor for sensor in sensors if sensor != "camera"]:
        raise ArgumentError(
            f"network '{network}' listens to {', '.join(missing)} as well, which a camera "
            "does not give; choose motion_detector"
        )
    # The node would try again for ever, which is right on a robot but not here.
    with contextlib.closing(Camera(CameraRequest(str(device)))) as opened:
        opened.grab()
    return Source(f"camera {device}", network, {"camera": "/image_raw"}, duration_s, device=device)


def _network_for(recording: Recording) -> str:
    types = {info.type for info in recording.topics.values() if info.count}
    there = {sensor for sensor, fitting in MESSAGE_TYPES.items() if not types.isdisjoint(fitting)}
    for sensors, network in NETWORK_OF_SENSORS:
        if sensors <= there:
            return network
    raise BagError(
        f"{recording.path}: has neither images nor laser scans, which the shipped networks need; "
        f"it has {', '.join(sorted(types))}"
    )


def _check_readable(recording: Recording, topics: Mapping[str, str], duration_s: float) -> None:
    """Read what will be played: damage is better said before the nodes start than by silence."""
    for message in recording.messages(topics.values()):
        if message.log_ns - recording.start_ns > duration_s * 1e9:
            return
