"""Time image to command over DDS: the pipeline node beside an rclpy node that only echoes."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rclpy
from geometry_msgs.msg import TwistStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from reporting import Row, table
from sensor_msgs.msg import Image

from neuromorphic_ros.nodes.conversion import to_ros

HEIGHT, WIDTH = 480, 640
IMAGES = 400
WARM_UP = 40
PERIOD_S = 1 / 30
TIMEOUT_S = 30.0
NETWORK = Path(__file__).parent / "networks" / "image_to_motor.yaml"


def echo() -> None:
    """Answer every image with a command that says nothing."""
    rclpy.init()
    node = rclpy.create_node("echo")
    commands = node.create_publisher(TwistStamped, "cmd_vel", 10)

    def answer(image: Image) -> None:
        command = TwistStamped()
        command.header.stamp = node.get_clock().now().to_msg()
        commands.publish(command)

    node.create_subscription(Image, "image_raw", answer, qos_profile_sensor_data)
    with contextlib.suppress(KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        rclpy.spin(node)


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[None]:
    """Run a node while inside."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            # rclpy may hang at exit; what was measured is not lost for that.
            process.kill()
            process.wait()


class Client:
    """Send images and wait for the commands that answer them."""

    def __init__(self) -> None:
        """Join the graph."""
        self._node = rclpy.create_node("client")
        self._images = self._node.create_publisher(Image, "image_raw", 5)
        self._node.create_subscription(TwistStamped, "cmd_vel", self._on_command, 10)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._answered = 0.0
        generator = np.random.default_rng(0)
        scene = generator.integers(40, 200, (HEIGHT, WIDTH), np.uint8)
        self._scenes = [np.roll(scene, shift, axis=1).reshape(-1) for shift in range(4)]

    def answer_ms(self, index: int) -> float:
        """Return the time from publishing an image to the arrival of its command [ms]."""
        image = to_ros(
            "sensor_msgs/msg/Image",
            {
                "header": {"stamp": self._node.get_clock().now().nanoseconds},
                "height": HEIGHT,
                "width": WIDTH,
                "encoding": "mono8",
                "step": WIDTH,
                "data": self._scenes[index % len(self._scenes)],
            },
        )
        self._answered = 0.0
        begun = time.perf_counter()
        self._images.publish(image)
        while not self._answered and time.perf_counter() - begun < PERIOD_S:
            self._executor.spin_once(timeout_sec=PERIOD_S)
        return 1e3 * (self._answered - begun) if self._answered else float("nan")

    def round_trips_ms(self) -> list[float]:
        """Return the answer times of a stream of images, once answers come at all."""
        deadline = time.monotonic() + TIMEOUT_S
        while np.isnan(self.answer_ms(0)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no command within {TIMEOUT_S} s; did the node start?")
            time.sleep(PERIOD_S)
        times = []
        for index in range(WARM_UP + IMAGES):
            due = time.perf_counter() + PERIOD_S
            times.append(self.answer_ms(index))
            while time.perf_counter() < due:
                self._executor.spin_once(timeout_sec=0.001)
        self._executor.remove_node(self._node)
        self._node.destroy_node()
        return times[WARM_UP:]

    def _on_command(self, command: TwistStamped) -> None:
        self._answered = self._answered or time.perf_counter()


def pipeline_command() -> list[str]:
    """Return the command line of the pipeline node, deciding once per image."""
    code = "import sys; from neuromorphic_ros.nodes.pipeline import main; sys.exit(main())"
    parameters = {"network": NETWORK, "core.control_period_ms": 1000.0}
    options = [item for pair in parameters.items() for item in ("-p", "{}:={}".format(*pair))]
    return [sys.executable, "-c", code, "--ros-args", *options]


def measure() -> list[Row]:
    """Time both nodes one after the other, twice, and take the better round of each."""
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
    rclpy.init()
    commands = {"echo": [sys.executable, __file__, "--echo"], "pipeline": pipeline_command()}
    best: dict[str, Row] = {}
    for _ in range(2):
        for name, command in commands.items():
            with running(command):
                times = np.array(Client().round_trips_ms())
            answered = times[~np.isnan(times)]
            row = {
                "node": name,
                "images": times.size,
                "unanswered": int(times.size - answered.size),
                "median_ms": float(np.median(answered)),
                "p99_ms": float(np.percentile(answered, 99)),
            }
            if name not in best or row["median_ms"] < best[name]["median_ms"]:
                best[name] = row
    rclpy.shutdown()
    added = {
        "node": "added by the pipeline",
        "images": IMAGES,
        "unanswered": best["pipeline"]["unanswered"] - best["echo"]["unanswered"],
        "median_ms": best["pipeline"]["median_ms"] - best["echo"]["median_ms"],
        "p99_ms": best["pipeline"]["p99_ms"] - best["echo"]["p99_ms"],
    }
    return [*best.values(), added]


def main() -> None:
    """Measure, or be the echo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--echo", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.echo:
        echo()
        return
    rows = measure()
    print(json.dumps(rows) if arguments.json else table(rows))


if __name__ == "__main__":
    main()
