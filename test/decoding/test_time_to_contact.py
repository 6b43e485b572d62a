from __future__ import annotations

import math

import numpy as np
import pytest

from neuromorphic_ros.decoding.time_to_contact import TimeToContact, step, time_to_contact_s
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.spikes import SpikeBatch

DT_NS = 1_000_000
SECOND_NS = 1_000_000_000


def regular(expansion_hz: int, edges_hz: int) -> SpikeBatch:
    """Return two seconds of regular spikes."""
    spikes = sorted(
        (index * SECOND_NS // rate_hz, neuron)
        for neuron, rate_hz in enumerate((expansion_hz, edges_hz))
        for index in range(2 * rate_hz)
    )
    return SpikeBatch.checked((2,), [each[1] for each in spikes], [each[0] for each in spikes])


def told_s(spikes: SpikeBatch, parameters: TimeToContact) -> float:
    duty = step(parameters, np.zeros(2), spikes, 0, 2 * SECOND_NS, DT_NS)
    return time_to_contact_s(parameters, duty, DT_NS)


@pytest.mark.parametrize(("expansion_hz", "expected_s"), [(100, 0.6), (200, 0.3), (25, 2.4)])
def test_it_is_the_gain_over_the_share(expansion_hz: int, expected_s: float) -> None:
    parameters = TimeToContact(gain_s=0.6)
    assert told_s(regular(expansion_hz, 100), parameters) == pytest.approx(expected_s, rel=0.1)


def test_what_does_not_approach_is_never_hit() -> None:
    assert told_s(regular(0, 100), TimeToContact()) == math.inf


def test_nothing_is_told_of_what_is_hardly_seen() -> None:
    parameters = TimeToContact(min_edges_hz=20.0)
    assert math.isnan(told_s(regular(10, 15), parameters))
    assert math.isnan(told_s(SpikeBatch.empty((2,)), parameters))
    assert not math.isnan(told_s(regular(10, 30), parameters))


def test_old_spikes_fade() -> None:
    parameters = TimeToContact(tau_ms=100.0)
    duty = step(parameters, np.zeros(2), regular(100, 100), 0, 2 * SECOND_NS, DT_NS)
    empty = SpikeBatch.empty((2,))
    later = step(parameters, duty, empty, 2 * SECOND_NS, 2 * SECOND_NS + 100_000_000, DT_NS)
    assert later == pytest.approx(duty / math.e)


def test_another_number_of_neurons_is_refused() -> None:
    with pytest.raises(NetworkError, match="reads 2 neurons"):
        step(TimeToContact(), np.zeros(2), SpikeBatch.empty((3,)), 0, SECOND_NS, DT_NS)
