"""Live nodes that balance a simulated robot."""

from __future__ import annotations

import pytest
from harness import Robot, eventually

pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")

from neuromorphic_ros.pipeline.closed_loop import drive
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.simulation.balancer import PUSH_NS, Balancer
from neuromorphic_ros.snn.streaming import StreamingNetwork

pytestmark = pytest.mark.ros

SEED = 2003
TOPICS = {"imu": "/imu", "joints": "/joint_states"}
DURATION_NS = 10_000_000_000
# A loaded machine may be late; what is compared is what is computed, not when.
PATIENT: dict[str, object] = {
    "core.max_lateness_ms": 3000.0,
    "safety.input_timeout_s": 10.0,
    "safety.max_deadline_misses": 1000,
}
# Sensors are heard best effort, and a busy machine loses a message now and then.
RELIABLE: dict[str, object] = {
    f"qos_overrides.{topic}.subscription.reliability": "reliable" for topic in TOPICS.values()
}


def moving(speeds_m_s: list[float]) -> list[float]:
    """Drop the zeros before the first motion: live, their number depends on when nodes started."""
    first = next((index for index, speed in enumerate(speeds_m_s) if speed), len(speeds_m_s))
    return speeds_m_s[first:]


def in_one_process() -> list[float]:
    """Return the speeds by which it stays upright through a push."""
    pipeline, robot = Pipeline(StreamingNetwork(find_network("balancer"))), Balancer(SEED)
    tune(pipeline.tunables, PATIENT)
    speeds_m_s, first_push_ns = [], 0
    for moment in drive(pipeline, robot, TOPICS, DURATION_NS):
        for decision in moment.decisions:
            if decision.command and decision.command.velocity:
                speeds_m_s.append(decision.command.velocity.linear_m_s)
        if robot.released and not first_push_ns:
            first_push_ns = robot.push.start_ns
    assert 0 < first_push_ns < DURATION_NS - 10 * PUSH_NS
    assert robot.released
    assert not robot.in_collision
    return moving(speeds_m_s)


def test_live_nodes_balance_through_a_push_as_one_process_does(robot: Robot) -> None:
    expected = in_one_process()
    commands = robot.listener.collect("cmd_vel", "geometry_msgs/msg/TwistStamped")
    robot.start("pipeline", {"network": "balancer", "use_sim_time": True, **PATIENT, **RELIABLE})
    simulation = {"robot": "balancer", "seed": SEED, "lockstep": True}
    robot.start("simulator", {**simulation, "wait_for": list(TOPICS.values())})

    def driven() -> list[float]:
        return moving([item.message.twist.linear.x for item in commands])

    eventually(
        lambda: len(driven()) >= len(expected),
        f"{DURATION_NS / 1e9:g} s have been balanced",
        timeout_s=120.0,
    )
    assert driven()[: len(expected)] == expected
    assert "driving" in robot.listener.status("simulator: robot")[1]
