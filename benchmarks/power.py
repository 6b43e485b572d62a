"""Sleep and quality of the pipeline node, by the operating system's own account of its time.

`asleep`: share of a core while nothing spikes. `wake_ms`: from a scan to the first command.
`cpu_s_per_min`: processor seconds per minute with a lidar at 10 Hz and a camera at 30 Hz.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from reporting import Row, main

sys.path.insert(0, str(Path(__file__).parents[1] / "test"))
from harness import Robot, eventually, robot_domain
from neuromorphic_ros.msg import PowerStatus

from neuromorphic_ros.nodes.rest import LATCHED
from neuromorphic_ros.power.quality import Quality

SCAN = "sensor_msgs/msg/LaserScan"
IMAGE = "sensor_msgs/msg/Image"
TWIST = "geometry_msgs/msg/TwistStamped"
SETTLE_S = 3.0
OBSERVE_S = 10.0
WAKES = 5


def cpu_share(process: psutil.Process, seconds: float) -> float:
    """Return the share of a core that a process uses over some time."""
    before, begun_s = process.cpu_times(), time.monotonic()
    time.sleep(seconds)
    after = process.cpu_times()
    used_s = (after.user - before.user) + (after.system - before.system)
    return float(used_s / (time.monotonic() - begun_s))


def pipeline_process() -> psutil.Process:
    """Return the process of the pipeline node that this one has started."""
    (found,) = [
        child
        for child in psutil.Process(os.getpid()).children(recursive=True)
        if "pipeline" in " ".join(child.cmdline())
    ]
    return found


def scan_of(robot: Robot) -> Callable[[], Any]:
    """Return what makes a scan of now, of something at 1.5 m."""
    return lambda: robot.listener.message(
        SCAN,
        {
            "header": {"stamp": robot.listener.now_ns, "frame_id": "laser"},
            "angle_min": -2.0,
            "angle_increment": 0.01,
            "range_min": 0.1,
            "range_max": 30.0,
            "ranges": np.full(400, 1.5, np.float32),
        },
    )


def image_of(robot: Robot) -> Callable[[], Any]:
    """Return what makes a picture of now, in which a texture moves."""
    texture = np.random.default_rng(0).integers(20, 250, (240, 320), np.uint8)
    shift = 0

    def make() -> Any:
        nonlocal shift
        shift += 2
        return robot.listener.message(
            IMAGE,
            {
                "header": {"stamp": robot.listener.now_ns, "frame_id": "camera"},
                "height": 240,
                "width": 320,
                "encoding": "mono8",
                "step": 320,
                "data": np.roll(texture, shift, axis=1).reshape(-1),
            },
        )

    return make


def measure_sleep() -> Row:
    """Let the obstacle avoider sleep and wake it by a scan, some times."""
    with robot_domain() as robot:
        robot.start("pipeline", {"network": "obstacle_avoider"})
        process = pipeline_process()
        publisher = robot.listener.publisher("scan", SCAN)
        commands = robot.listener.collect("cmd_vel", TWIST)
        told = robot.listener.collect("asleep", "std_msgs/msg/Bool", LATCHED)
        eventually(publisher.get_subscription_count, "the pipeline listens")
        make = scan_of(robot)
        asleep, wake_ms = [], []
        awake = 0.0
        for _ in range(WAKES):
            timer = robot.listener.repeat(publisher, make, 10.0)
            time.sleep(SETTLE_S)
            awake = cpu_share(process, OBSERVE_S / WAKES)
            timer.cancel()
            eventually(lambda: told and told[-1].message.data, "the network sleeps")
            time.sleep(SETTLE_S)
            asleep.append(cpu_share(process, OBSERVE_S))
            known, begun_s = len(commands), time.monotonic()
            publisher.publish(make())
            eventually(lambda known=known: len(commands) > known, "a command")
            wake_ms.append(1e3 * (commands[known][0] - begun_s))
    return {
        "asleep_core_share": float(np.median(asleep)),
        "awake_core_share": awake,
        "wake_ms_median": float(np.median(wake_ms)),
        "wake_ms_worst": max(wake_ms),
    }


def measure_quality(quality: Quality) -> Row:
    """Run the whole robot at a quality."""
    with robot_domain() as robot:
        status = robot.listener.node.create_publisher(PowerStatus, "power_status", LATCHED)
        status.publish(PowerStatus(quality=int(quality)))
        robot.start("pipeline", {"network": "robot"})
        robot.listener.reports("pipeline: quality", quality.name.lower())
        for topic, kind, make, rate_hz in (
            ("scan", SCAN, scan_of(robot), 10.0),
            ("image_raw", IMAGE, image_of(robot), 30.0),
        ):
            robot.listener.repeat(robot.listener.publisher(topic, kind), make, rate_hz)
        time.sleep(SETTLE_S)
        share = cpu_share(pipeline_process(), OBSERVE_S)
    return {"quality": quality.name.lower(), "cpu_s_per_min": 60 * share}


def measure() -> list[Row]:
    """Measure the sleep, then each quality; one table for both."""
    slept = measure_sleep()
    rows = [{"case": name, "value": value} for name, value in slept.items()]
    for quality in reversed(Quality):
        row = measure_quality(quality)
        rows.append({"case": f"cpu_s_per_min {row['quality']}", "value": row["cpu_s_per_min"]})
    return rows


if __name__ == "__main__":
    main(__doc__, measure)
