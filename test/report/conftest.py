"""A small run with everything in it, made up."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.pipeline.outputs import DETECTIONS, ENERGY, RATES, SPIKES, TWIST_STAMPED
from neuromorphic_ros.report.record import DIAGNOSTICS, Record, read_record

START_NS = 5_000_000_000
SECOND_NS = 1_000_000_000
STEP_NS = 100_000_000
STEPS = 30
WIDTH, HEIGHT = 32, 24
SPIKES_A_STEP = 4


def write_run(path: Path) -> None:
    """Write three seconds of a robot with camera and lidar."""
    with RecordingWriter(path) as writer:
        for step in range(STEPS):
            _write_step(writer, START_NS + step * STEP_NS, step)
        for second in range(1, 3):
            _write_second(writer, START_NS + second * SECOND_NS)


def _write_step(writer: RecordingWriter, stamp_ns: int, step: int) -> None:
    header = {"stamp": stamp_ns, "frame_id": "sensor"}
    picture = np.full((HEIGHT, WIDTH), 100, np.uint8)
    picture[:, step % WIDTH] = 250
    image = {
        "header": header,
        "height": HEIGHT,
        "width": WIDTH,
        "encoding": "mono8",
        "step": WIDTH,
        "data": picture.reshape(-1),
    }
    writer.write("/image_raw", "sensor_msgs/msg/Image", image, stamp_ns)
    scan = {
        "header": header,
        "angle_min": -1.0,
        "angle_increment": 0.5,
        "range_min": 0.1,
        "range_max": 10.0,
        "ranges": np.array([1.0, 2.0, 3.0, 4.0, math.inf], np.float32),
    }
    writer.write("/scan", "sensor_msgs/msg/LaserScan", scan, stamp_ns)
    twist = {"linear": {"x": 0.25}, "angular": {"z": math.sin(step)}}
    command = {"header": header, "twist": twist}
    writer.write("/cmd_vel", TWIST_STAMPED, command, stamp_ns)
    for name, shape in (("motor", (3,)), ("dvs", (2, HEIGHT, WIDTH))):
        spikes = {
            "header": header,
            "population": name,
            "shape": np.array(shape, np.uint32),
            "span_ns": STEP_NS,
            "address": np.arange(SPIKES_A_STEP, dtype=np.uint32) % math.prod(shape),
            "offset_ns": np.arange(SPIKES_A_STEP, dtype=np.uint32),
        }
        writer.write(f"/spikes/{name}", SPIKES, spikes, stamp_ns)
    box = {"class_name": "motion", "score": 0.5}
    box |= {"center_x": 16.0, "center_y": 12.0, "size_x": 8.0, "size_y": 8.0}
    found = {
        "header": header,
        "image_width": WIDTH,
        "image_height": HEIGHT,
        "detections": [box] if step % 2 else [],
    }
    writer.write("/detections", DETECTIONS, found, stamp_ns)


def _write_second(writer: RecordingWriter, stamp_ns: int) -> None:
    header = {"stamp": stamp_ns}
    rates = {
        "header": header,
        "network": "made_up",
        "window_s": 1.0,
        "ticks": 1000,
        "name": ["dvs", "motor"],
        "size": np.array([2 * HEIGHT * WIDTH, 3], np.uint32),
        "spikes": np.array([40, 40], np.uint64),
        "rate_hz": np.array([0.1, 10.0], np.float32),
        "synaptic_events": np.array([400, 0], np.uint64),
        "neuron_updates": np.array([0, 3000], np.uint64),
        "active_updates": np.array([0, 40], np.uint64),
        "projection": ["dvs -> motor"],
        "projection_events": np.array([400], np.uint64),
        "plasticity_updates": np.array([0], np.uint64),
        "memory_bytes": np.array([1600], np.uint64),
        "dense_macs": np.array([5_000_000], np.uint64),
        "dense_bytes": np.array([20_000_000], np.uint64),
        "late_spikes": 7,
        "step_us_p50": math.nan,
        "step_us_p99": math.nan,
    }
    writer.write("/rates", RATES, rates, stamp_ns)
    energy = {
        "header": header,
        "network": "made_up",
        "hardware": "loihi1",
        "window_s": 1.0,
        "ticks": 1000,
        "dynamic_pj": 9440.0,
        "static_pj": math.nan,
        "total_pj": 9440.0,
        "lower_bound": True,
        "grade": "simulated",
        "baseline": "horowitz_45nm_int8",
        "measured_j": math.nan,
        "meter": "not measured",
    }
    writer.write("/energy", ENERGY, energy, stamp_ns)
    values = [{"key": "received", "value": "30"}, {"key": "rejected", "value": "2"}]
    warning = {"level": 1, "name": "pipeline: input scan", "message": "<odd>", "values": values}
    diagnostics = {"header": header, "status": [warning]}
    writer.write("/diagnostics", DIAGNOSTICS, diagnostics, stamp_ns)


@pytest.fixture(scope="session")
def run_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of the run."""
    path = tmp_path_factory.mktemp("run") / "recording"
    write_run(path)
    return path


@pytest.fixture(scope="session")
def record(run_path: Path) -> Record:
    """The run as read."""
    return read_record(run_path)


@pytest.fixture
def empty(record: Record) -> Record:
    """A run in which nothing but a clock was received."""
    return record._replace(
        counts={},
        types={},
        pictures=[],
        nearest=[],
        commands=[],
        detections=[],
        spikes={},
        rates=[],
        energy=[],
        diagnostics={},
    )
