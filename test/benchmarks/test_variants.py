from __future__ import annotations

import numpy as np
import pytest
import variants

from neuromorphic_ros.decoding.velocity import Velocity
from neuromorphic_ros.pipeline.core import Step
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Decision
from neuromorphic_ros.pipeline.readouts import Command
from neuromorphic_ros.snn.streaming import StreamingNetwork


def decided(stamp_ns: int, *velocity: float) -> Decision:
    command = Command(stamp_ns, Velocity(*velocity) if velocity else None, "")
    step = Step(0, stamp_ns, {}, {}, StreamingNetwork(find_network("robot")))
    return Decision(step, command)


def test_a_velocity_is_in_force_from_its_command_to_the_next() -> None:
    decisions = [decided(10, 0.5, 0.0), decided(20), decided(30, 0.1, 1.0)]
    found = variants.velocities(decisions, np.array([9, 10, 25, 30, 99]))
    assert found.tolist() == [[0.0, 0.0], [0.5, 0.0], [0.5, 0.0], [0.1, 1.0], [0.1, 1.0]]


def test_f1_counts_what_both_have() -> None:
    assert variants.f1({1, 2, 3}, {2, 3, 4}) == pytest.approx(2 / 3)
    assert variants.f1({1}, set()) == 0
    assert np.isnan(variants.f1(set(), set()))


@pytest.mark.parametrize("network", ["motion_detector", "obstacle_avoider"])
def test_the_preset_for_latency_answers_sooner(
    network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variants, "PHASES_MS", (3, 37, 71))
    itself, efficient, quick = (
        variants.reaction_ms(network, variant) for variant in ("", "max_efficiency", "min_latency")
    )
    assert quick < itself <= efficient
    assert quick > 0
