"""A robot that drives forward as long as its lidar sees something, and what to drive it with."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from harness import Listener, NodeProcess, Received, Robot, eventually

from neuromorphic_ros.bags.writer import RecordingWriter

SCAN = "sensor_msgs/msg/LaserScan"
TWIST = "geometry_msgs/msg/Twist"
TWIST_STAMPED = "geometry_msgs/msg/TwistStamped"

SCAN_HZ = 10.0
INPUT_TIMEOUT_S = 0.5
ZERO_HOLD_S = 1.0
# What a loaded machine may add to any bound.
SLACK_S = 0.5
# A gap between zeros on a loaded machine is not yet their end.
SILENCE_S = 1.0

START_NS = 1_000_000_000_000
BEAMS = 8
NEAR_M, FREE_M = 1.0, float("inf")
DRIVE: Sequence[float] = [NEAR_M] * (BEAMS - 1) + [FREE_M]
# The last sector drives what must not be reached: a load that is too much, or a failure.
TROUBLE: Sequence[float] = [NEAR_M] * BEAMS

NETWORK = """\
name: forward
dt_ms: 1.0
inputs:
  - name: scan
    sensor: scan
    encoder: scan_rate
    shape: [8]
    parameters: {sectors: 8, near_m: 1.0, far_m: 5.0, max_rate_hz: 1000.0, hold_ms: 100.0}
populations:
  - name: motor
    shape: [3]
  - name: load
    shape: [LOAD]
projections:
  - {pre: "scan[0:4]", post: "motor[0]", weights: 2.0}
  - {pre: "scan[7]", post: load, weights: 2.0}
  - {pre: load, post: load, weights: 0.0001, delay_ticks: 1}
readouts:
  - name: cmd_vel
    decoder: differential_drive
    population: motor
    parameters: {linear_gain_m_s: 0.4, angular_gain_rad_s: 1.5, tau_ms: 30.0}
"""


def write_network(folder: Path, load: int = 1) -> Path:
    """Write the network; load: neurons that the last sector makes work."""
    path = folder / f"forward_{load}.yaml"
    path.write_text(NETWORK.replace("LOAD", str(load)))
    return path


def write_scans(path: Path, seconds: int) -> Path:
    """Write a recording in which the lidar sees something all the time."""
    with RecordingWriter(path) as writer:
        for index in range(round(seconds * SCAN_HZ)):
            stamp_ns = START_NS + round(index * 1e9 / SCAN_HZ)
            writer.write("/scan", SCAN, scan_fields(stamp_ns, DRIVE), stamp_ns)
    return path


class Lidar:
    """Publish scans; assign `ranges` to change what it sees, `delay_ns` its stamps."""

    def __init__(
        self,
        listener: Listener,
        ranges: Sequence[float] = DRIVE,
        *,
        stamped: bool = True,
        scan_hz: float = SCAN_HZ,
    ) -> None:
        """Begin to publish; stamped: false as of a driver that leaves stamps zero."""
        self.ranges = ranges
        self.delay_ns = 0
        self._stamped = stamped
        self._listener = listener
        self._publisher = listener.publisher("scan", SCAN)
        self._timer = listener.repeat(self._publisher, self._scan, scan_hz)

    def stop(self) -> float:
        """Fall silent; return when, in time.monotonic() [s]."""
        self._timer.cancel()
        return time.monotonic()

    def resume(self) -> None:
        """Publish again."""
        self._timer.reset()

    def _scan(self) -> Any:
        stamp_ns = self._listener.now_ns - self.delay_ns if self._stamped else 0
        return self._listener.message(SCAN, scan_fields(stamp_ns, self.ranges))


def scan_fields(stamp_ns: int, ranges: Sequence[float]) -> dict[str, Any]:
    """Return the fields of a LaserScan of half a turn and more."""
    return {
        "header": {"stamp": stamp_ns, "frame_id": "laser"},
        "angle_min": -3.0,
        "angle_increment": 6.0 / (len(ranges) - 1),
        "range_min": 0.1,
        "range_max": 30.0,
        "ranges": np.array(ranges, np.float32),
    }


class Drive(NamedTuple):
    """A robot that drives; commands: on cmd_vel."""

    robot: Robot
    lidar: Lidar
    commands: list[Received]
    values: Mapping[str, object]
    processes: dict[str, NodeProcess]

    @property
    def motion_node(self) -> str:
        """Name of the node that publishes cmd_vel."""
        return "pipeline" if "pipeline" in self.processes else "motor_decoder"

    @property
    def encoder_node(self) -> str:
        """Name of the node that listens to the lidar."""
        return "pipeline" if "pipeline" in self.processes else "scan_encoder"

    @property
    def motion(self) -> str:
        """Name of the diagnostics line that says why the robot stands."""
        return f"{self.motion_node}: motion"

    def restart(self, name: str) -> None:
        """Start a node that has ended, and wait until the robot moves."""
        self.processes[name] = self.robot.start(name, self.values, until="")
        wait_for_motion(self)


def drive(
    robot: Robot,
    network: Path,
    parameters: Mapping[str, object] | None = None,
    *,
    composed: bool,
    commands: Mapping[str, Sequence[str | Path]] | None = None,
) -> Drive:
    """Start the nodes and wait until the robot moves; commands: by node, replace executables."""
    received = robot.listener.collect("cmd_vel", TWIST_STAMPED)
    names = ["pipeline"] if composed else ["motor_decoder", "spiking_core", "scan_encoder"]
    values = {"network": network, **(parameters or {})}
    processes = {
        name: robot.start(name, values, command=(commands or {}).get(name, ()), until="")
        for name in names
    }
    driving = Drive(robot, Lidar(robot.listener), received, values, processes)
    wait_for_motion(driving)
    return driving


def speed(message: Any) -> float:
    """Return the forward velocity of a Twist or TwistStamped [m/s]."""
    twist = getattr(message, "twist", message)
    return float(twist.linear.x)


def moves(message: Any) -> bool:
    """Tell whether a command is not zero."""
    twist = getattr(message, "twist", message)
    return bool(twist.linear.x or twist.linear.y or twist.angular.z)


def wait_for_motion(driving: Drive) -> None:
    """Wait until the robot is sent forward by a command from now on."""
    since_s = time.monotonic()
    eventually(
        lambda: any(
            item.at_s > since_s and speed(item.message) > 0.05 for item in driving.commands[-5:]
        ),
        f"the robot moves; {driving.motion}: {driving.robot.listener.status(driving.motion)}",
    )


def stopped_after(commands: list[Received], since_s: float) -> float:
    """Wait until zeros for a second and then silence follow; return when the zeros began [s].

    That is in time after `since_s`.
    """
    last_moving_s = since_s

    def standing() -> list[Received]:
        nonlocal last_moving_s
        last_moving_s = max([since_s, *(item.at_s for item in commands if moves(item.message))])
        zeros = [item for item in commands if item.at_s > last_moving_s]
        ended = zeros and time.monotonic() - zeros[-1].at_s > SILENCE_S
        held = zeros and zeros[-1].at_s - zeros[0].at_s > 0.2
        return zeros if ended and held else []

    zeros = eventually(standing, "zeros, then silence on cmd_vel")
    held_s = zeros[-1].at_s - zeros[0].at_s
    assert ZERO_HOLD_S - SLACK_S < held_s < ZERO_HOLD_S + SLACK_S, f"zeros for {held_s:.2f} s"
    return zeros[0].at_s - since_s
