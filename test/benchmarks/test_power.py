"""What is said of sleep and quality."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

pytest.importorskip("rclpy")

from harness import robot_domain

from benchmarks.benchmark_script import load
from neuromorphic_ros.power.quality import Quality

power = load("power")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "SETTLE_S", 0.2)
    monkeypatch.setattr(power, "OBSERVE_S", 0.5)
    monkeypatch.setattr(power, "WAKES", 1)


@pytest.fixture(params=["while True: pass", "import time; time.sleep(600)"], ids=["busy", "idle"])
def process(request: pytest.FixtureRequest) -> Iterator[tuple[str, psutil.Process]]:
    command = [sys.executable, "-c", f"print('begun', flush=True)\n{request.param}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield request.node.callspec.id, psutil.Process(child.pid)
        child.kill()


def test_a_share_is_of_a_core(process: tuple[str, psutil.Process]) -> None:
    name, child = process
    power.cpu_share(child, 0.3)
    share = power.cpu_share(child, 0.5)
    assert (share > 0) == (name == "busy")


def test_readings_are_of_now_and_the_picture_moves() -> None:
    with robot_domain() as robot:
        scan = power.scan_of(robot)
        first, second = scan(), scan()
        assert len(first.ranges) == 400
        stamps = [
            each.header.stamp.sec * 10**9 + each.header.stamp.nanosec for each in (first, second)
        ]
        assert stamps[0] < stamps[1] <= robot.listener.now_ns
        image = power.image_of(robot)
        one, two = image(), image()
        assert len(one.data) == one.height * one.step
        assert bytes(one.data) != bytes(two.data)


def test_sleep_and_waking_are_measured() -> None:
    found = power.measure_sleep()
    assert set(found) == {
        "asleep_core_share",
        "awake_core_share",
        "wake_ms_median",
        "wake_ms_worst",
    }
    assert found["asleep_core_share"] >= 0
    assert found["awake_core_share"] > 0
    assert 0 < found["wake_ms_median"] <= found["wake_ms_worst"]


def test_a_quality_is_measured_in_a_robot_that_has_it() -> None:
    found = power.measure_quality(Quality.LOW)
    assert found["quality"] == "low"
    assert found["cpu_s_per_min"] > 0
