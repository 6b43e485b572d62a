"""A small network that drives: what a lidar sees near makes it go forward."""

from __future__ import annotations

import pytest

from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection, Readout
from neuromorphic_ros.snn.streaming import StreamingNetwork


@pytest.fixture
def spec() -> NetworkSpec:
    return NetworkSpec(
        name="forward",
        dt_ms=1.0,
        inputs=(
            Input(
                "scan",
                (4,),
                "scan",
                "scan_rate",
                {
                    "sectors": 4,
                    "near_m": 1.0,
                    "far_m": 5.0,
                    "max_rate_hz": 1000.0,
                    "hold_ms": 100.0,
                },
            ),
        ),
        populations=(Population("motor", (3,)), Population("map", (2, 2))),
        projections=(
            Projection("scan", "motor[0]", 2.0),
            Projection("scan", "map", 2.0, OneToOne()),
        ),
        readouts=(
            Readout("cmd_vel", "differential_drive", "motor", {"linear_gain_m_s": 0.4}),
            Readout("blobs", "blob_detection", "map", {}),
        ),
    )


@pytest.fixture
def pipeline(spec: NetworkSpec) -> Pipeline:
    return Pipeline(StreamingNetwork(spec))
