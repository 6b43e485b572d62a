"""Live nodes that drive a simulated robot."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from harness import Robot, eventually

pytest.importorskip("irsim", reason="needs pip install 'neuromorphic_ros[simulation]'")

from neuromorphic_ros.pipeline.closed_loop import drive
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.simulation.goal_plant import REACH_M, GoalPlant
from neuromorphic_ros.simulation.plants import plant_kind
from neuromorphic_ros.simulation.sensor_sample import START_NS
from neuromorphic_ros.snn.streaming import StreamingNetwork

pytestmark = pytest.mark.ros

SEED = 1005
TOPICS = {"scan": "/scan", "odom": "/odom", "goal": "/goal_pose"}
SCAN_NS = 100_000_000
SECOND_SCAN_NS = START_NS + SCAN_NS
LIMIT_NS = 60_000_000_000
# A loaded machine may be late; what is compared is what is computed, not when.
PATIENT: dict[str, object] = {
    "core.control_period_ms": 100.0,
    "core.max_lateness_ms": 3000.0,
    "safety.input_timeout_s": 10.0,
    "safety.max_deadline_misses": 1000,
}
# Sensors are heard best effort, and a busy machine loses a message now and then.
RELIABLE: dict[str, object] = {
    f"qos_overrides.{topic}.subscription.reliability": "reliable" for topic in TOPICS.values()
}
Twist = tuple[float, float]


def stamp_ns(clock: Any) -> int:
    return int(clock.clock.sec) * 1_000_000_000 + int(clock.clock.nanosec)


def moving(commands: list[Twist]) -> list[Twist]:
    """Drop the zeros before the first motion: live, their number depends on when nodes started."""
    first = next((index for index, command in enumerate(commands) if any(command)), len(commands))
    return commands[first:]


def in_one_process() -> list[Twist]:
    pipeline = Pipeline(StreamingNetwork(find_network("navigator")))
    tune(pipeline.tunables, PATIENT)
    plant = plant_kind("course").make(SEED, False)
    assert isinstance(plant, GoalPlant)
    commands: list[Twist] = []
    for moment in drive(pipeline, plant, TOPICS, LIMIT_NS):
        commands += [
            tuple(decision.command.velocity)
            for decision in moment.decisions
            if decision.command and decision.command.velocity
        ]
        if plant.arrived:
            break
    assert plant.arrived
    plant.close()
    return moving(commands)


def test_live_nodes_drive_to_the_goal_as_one_process_does(robot: Robot) -> None:
    expected = in_one_process()
    commands = robot.listener.collect("cmd_vel", "geometry_msgs/msg/TwistStamped")
    odometry = robot.listener.collect("odom", "nav_msgs/msg/Odometry")
    goals = robot.listener.collect("goal_pose", "geometry_msgs/msg/PoseStamped")
    robot.start("pipeline", {"network": "navigator", "use_sim_time": True, **PATIENT, **RELIABLE})
    simulation = {"robot": "course", "seed": SEED, "lockstep": True, "wait_for": [*TOPICS.values()]}
    robot.start("simulator", simulation)

    def away_m() -> float:
        if not (odometry and goals):
            return math.inf
        at, goal = odometry[-1].message.pose.pose.position, goals[-1].message.pose.position
        return math.hypot(at.x - goal.x, at.y - goal.y)

    eventually(lambda: away_m() <= REACH_M, "the goal is reached", timeout_s=120.0)
    twists = [(item.message.twist.linear.x, item.message.twist.angular.z) for item in commands]
    assert moving(twists)[: len(expected)] == expected
    assert len(expected) > 50


def test_in_step_time_stands_until_a_command_comes(robot: Robot) -> None:
    clock = robot.listener.collect("/clock", "rosgraph_msgs/msg/Clock")
    robot.start("simulator", {"robot": "course", "seed": SEED, "lockstep": True})

    def latest_ns() -> int:
        return max((stamp_ns(item.message) for item in clock), default=0)

    eventually(lambda: latest_ns() == SECOND_SCAN_NS, "the second scan is taken")
    time.sleep(1.0)
    assert latest_ns() == SECOND_SCAN_NS
    commands = robot.listener.publisher("cmd_vel", "geometry_msgs/msg/TwistStamped")
    stamped = {"header": {"stamp": SECOND_SCAN_NS}}
    robot.listener.repeat(
        commands, lambda: robot.listener.message("geometry_msgs/msg/TwistStamped", stamped), 10.0
    )
    eventually(lambda: latest_ns() == SECOND_SCAN_NS + SCAN_NS, "the third scan is taken")


def test_topics_are_waited_for(robot: Robot) -> None:
    clock = robot.listener.collect("/clock", "rosgraph_msgs/msg/Clock")
    robot.start("simulator", {"robot": "course", "seed": SEED, "wait_for": ["/scan"]})
    time.sleep(1.0)
    assert not clock
    robot.listener.collect("scan", "sensor_msgs/msg/LaserScan")
    eventually(lambda: clock, "the simulation begins")
