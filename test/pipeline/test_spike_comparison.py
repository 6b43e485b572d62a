"""What is told of the spikes of a changed network."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.pipeline.spike_comparison import compare_spikes, run_pieces, unit_spikes
from neuromorphic_ros.snn.neurons.leaky import If, Li
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes


def relay(hidden: int = 4, delay_ticks: int = 0) -> NetworkSpec:
    """Return a network that fires what it hears, and a readout that does not fire."""
    return NetworkSpec(
        name="relay",
        dt_ms=1.0,
        inputs=(Input("in", (4,)),),
        populations=(
            Population("out", (2, 2), If()),
            Population("other", (hidden,), If()),
            Population("level", (4,), Li()),
        ),
        projections=(
            Projection("in", "out", 1.0, OneToOne(), delay_ticks),
            Projection("out", "level", 1.0, OneToOne()),
        ),
    )


def piece(*ticks: list[int]) -> TickSpikes:
    address = np.array([each for tick in ticks for each in tick], np.uint32)
    return TickSpikes(address, np.cumsum([0, *map(len, ticks)]))


PIECES = [piece([0], [], [3, 2], []), piece([1], [1])]


def ran(spec: NetworkSpec) -> list[TickSpikes]:
    return run_pieces(StreamingNetwork(spec), PIECES)


def test_a_network_is_as_it_is() -> None:
    out, other = compare_spikes(relay(), ran(relay()), relay(), ran(relay()))
    assert out == ("out", 1.0, 1.0, 0.0, 5, 5)
    assert other == ("other", 1.0, 1.0, 0.0, 0, 0)


def test_later_spikes_are_others_and_lost_ones_a_half_apart() -> None:
    late = relay(delay_ticks=1)
    out, _ = compare_spikes(late, ran(late), relay(), ran(relay()))
    # The last spike of the second piece would come after its end.
    assert (out.spikes, out.reference_spikes) == (4, 5)
    assert out.same_spikes == pytest.approx(2 * 1 / 9)
    assert out.same_rates == pytest.approx(2 * 4 / 9)
    assert 0 < out.distance < 0.5
    silent = [TickSpikes(np.empty(0, np.uint32), each.first * 0) for each in PIECES]
    out, _ = compare_spikes(relay(), silent, relay(), ran(relay()))
    close = (1 + np.exp(-0.1)) / 2 - 0.5
    assert out.distance == pytest.approx((5 / 2 + 2 * close) / 5, rel=0.02)


def test_populations_of_other_size_or_without_spikes_are_not_compared() -> None:
    smaller = relay(hidden=3)
    found = compare_spikes(smaller, ran(smaller), relay(), ran(relay()))
    assert [each.population for each in found] == ["out"]


def test_spikes_are_counted_by_unit() -> None:
    counted = unit_spikes(relay(), ran(relay()))
    assert counted["out"].tolist() == [3, 2]
    assert counted["other"].tolist() == [0, 0, 0, 0]
