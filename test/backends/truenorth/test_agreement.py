"""Shipped networks that fit fire at about the rates of float, and drive about the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.backends.truenorth.runner import TrueNorthRunner
from neuromorphic_ros.cli.main import main
from neuromorphic_ros.pipeline.hardware_survey import drawn
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork

TICKS = 200
RECORDING = Path(__file__).parents[3] / "recordings" / "wheeled_robot"


def shared_rates(spec: NetworkSpec, activity: float) -> dict[str, float]:
    """Return the share of spikes of the same neurons that float and cores both fire.

    activity: share of the channels that spike in a tick, at random.
    """
    spikes = drawn(spec, activity, TICKS)
    here, there = (
        np.bincount(runner.run(spikes).address, minlength=spec.neurons)
        for runner in (StreamingNetwork(spec), TrueNorthRunner(spec))
    )
    found, begin = {}, 0
    for population in spec.execution_order():
        own = slice(begin, begin + population.size)
        both = np.minimum(here[own], there[own]).sum()
        found[population.name] = 2 * float(both) / (here[own].sum() + there[own].sum())
        begin = own.stop
    return found


@pytest.mark.parametrize(
    ("name", "activity", "tolerance"),
    [("watch_exercises", 0.2, 0.1), ("digits", 0.2, 0.2), ("gestures", 0.1, 0.25)],
)
def test_models_fire_at_the_rates_of_float(name: str, activity: float, tolerance: float) -> None:
    shared = shared_rates(find_model(name).spec(), activity)
    assert min(shared.values()) > 1 - tolerance, shared


def test_moving_things_are_seen_at_the_rates_of_float() -> None:
    shared = shared_rates(find_network("motion_detector"), 0.02)
    assert min(shared.values()) > 0.9, shared


def test_a_recorded_drive_is_commanded_nearly_as_in_float(
    capsys: pytest.CaptureFixture[str],
) -> None:
    network = ("--network", "obstacle_avoider", "--profile", "truenorth")
    assert main(["replay", str(RECORDING), *network, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["agreement"]
    rates = {name: each["rates"] for name, each in found["populations"].items()}
    assert min(rates.values()) > 0.98, rates
    commands = found["commands"]
    assert commands["compared"] > 1000
    for axis in ("linear_rms_m_s", "angular_rms_rad_s"):
        assert commands[axis] < 0.03 * commands[f"reference_{axis}"]
