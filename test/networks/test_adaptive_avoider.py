"""The adaptive avoider: knows nothing, tries turns, and keeps those that were rewarded."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import behaviour
import numpy as np
import pytest

from neuromorphic_ros.encoding.scan import Scan
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline
from neuromorphic_ros.simulation.sensor_sample import START_NS
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.streaming import REWARD, StreamingNetwork

PLASTIC = "near -> motor[1:3]"
PERIOD_NS = 100_000_000
LEFT, RIGHT = 1, 2
FREE = 9.0
ANGLES_RAD = np.radians(np.arange(-120, 121))


def room(right_m: float, ahead_m: float, left_m: float) -> Scan:
    """Return three arcs around the robot, with gaps of free sight between them."""
    within = [ANGLES_RAD < -0.45, np.abs(ANGLES_RAD) < 0.1, ANGLES_RAD > 0.45]
    ranges = np.select(within, [right_m, ahead_m, left_m], FREE)
    return Scan(ranges.astype(np.float32), ANGLES_RAD[0], math.radians(1.0), 0.05, 10.0)


def shown(pipeline: Pipeline, scan: Scan, scans: int, reward: float = 0.0) -> Iterator[Decision]:
    """Yield the decisions on a scan that is held; reward: at every turn to the left."""
    for index in range(scans):
        now_ns = START_NS + index * PERIOD_NS
        pipeline.receive("scan", behaviour.laser_scan(scan, now_ns).content, now_ns)
        for decision in pipeline.advance(now_ns):
            yield decision
            lefts = int(np.count_nonzero(decision.step.spikes["motor"].address == LEFT))
            if reward and lefts:
                pipeline.core.modulate(REWARD, reward, now_ns)


def pipeline_of(network: StreamingNetwork | None = None) -> Pipeline:
    return Pipeline(network or StreamingNetwork(find_network("adaptive_avoider")))


def spikes(decisions: list[Decision], neuron: int) -> int:
    motor = [decision.step.spikes["motor"].address for decision in decisions]
    return int(np.count_nonzero(np.concatenate(motor) == neuron))


def test_knows_nothing_but_tries_both_turns_by_chance_and_drives_on() -> None:
    decisions = list(shown(pipeline_of(), room(0.5, 0.5, 0.5), 200))
    turns = spikes(decisions, LEFT), spikes(decisions, RIGHT)
    # Urges last 0.4 s, come once per second and drive a quarter of the ticks.
    assert min(turns) > 500
    assert sum(turns) < 4000
    speeds_m_s = [each.command.velocity.linear_m_s for each in decisions[50:] if each.command]
    assert 0.15 < min(speeds_m_s) < max(speeds_m_s) < 0.4


def test_urges_are_those_of_the_seed() -> None:
    def turns(seed: int) -> list[int]:
        network = StreamingNetwork(dataclasses.replace(find_network("adaptive_avoider"), seed=seed))
        decisions = shown(pipeline_of(network), room(0.5, 0.5, 0.5), 50)
        return [spikes([decision], LEFT) for decision in decisions]

    assert turns(1) == turns(1)
    assert turns(1) != turns(2)


def test_nothing_is_learned_without_rewards() -> None:
    network = StreamingNetwork(find_network("adaptive_avoider"))
    list(shown(pipeline_of(network), room(0.5, 0.5, 0.5), 50))
    assert not np.any(network.weights(PLASTIC))


@pytest.mark.parametrize(("reward", "sign"), [(0.04, 1), (-0.04, -1)])
def test_a_rewarded_turn_is_strengthened_for_what_was_seen_and_no_other(
    reward: float, sign: int
) -> None:
    network = StreamingNetwork(find_network("adaptive_avoider"))
    list(shown(pipeline_of(network), room(0.5, FREE, FREE), 100, reward))
    weights = network.weights(PLASTIC).reshape(3, 12, 2)
    seen_right = weights[0, :8]
    assert np.all(sign * seen_right[:, 0] > 0.002)
    assert np.all(sign * seen_right[:, 0] > 1.5 * np.abs(seen_right[:, 1]))
    # Levels that are nearer than what there is, what is ahead and what is on the left.
    assert not np.any(weights[0, 11])
    assert not np.any(weights[1:])


@pytest.mark.parametrize("variant", ["", "medium", "low"])
def test_learned_gains_turn_away_in_every_variant(variant: str) -> None:
    spec = find_network("adaptive_avoider", variant)
    gains = np.zeros((36, 2), np.float32)
    gains[:12, 0] = gains[24:, 1] = 0.06
    learned = tuple(
        dataclasses.replace(each, weights=Array(gains)) if each.plasticity else each
        for each in spec.projections
    )
    for scan, there, back in (
        (room(0.5, FREE, FREE), LEFT, RIGHT),
        (room(FREE, FREE, 0.5), RIGHT, LEFT),
    ):
        network = StreamingNetwork(dataclasses.replace(spec, projections=learned))
        decisions = list(shown(pipeline_of(network), scan, 100))
        assert spikes(decisions, there) > 5 * spikes(decisions, back)


def test_motion_ends_with_the_scans() -> None:
    pipeline = pipeline_of()
    list(shown(pipeline, room(FREE, FREE, FREE), 20))
    later = list(pipeline.advance(START_NS + 20 * PERIOD_NS + 5_000_000_000))
    commands = [each.command for each in later if each.command]
    assert commands
    assert commands[-1].velocity in (None, (0.0, 0.0))


def test_the_avoider_that_is_tuned_by_hand_takes_no_rewards() -> None:
    with pytest.raises(NetworkError, match="it has no effect on network 'obstacle_avoider'"):
        StreamingNetwork(find_network("obstacle_avoider")).reward(0.5)
