"""Networks built in Python: the same as from a file, checked at once, run as asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.builder import (
    AdEx,
    Conv2d,
    If,
    Li,
    Lif,
    Network,
    Normal,
    OneToOne,
    Pool2d,
    Random,
    Stage,
)
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.spikes import SpikeBatch

FILE = """\
name: seen
dt_ms: 0.5
seed: 3
inputs:
  - {name: vision, shape: [2, 4, 4], sensor: camera, encoder: dvs, parameters: {sigma_thres: 0}}
populations:
  - {name: pixels, shape: [2, 2, 2], neuron: {model: lif, tau_mem_ms: 20.0}}
  - {name: v1, shape: [5]}
projections:
  - {pre: vision, post: pixels, pattern: {type: sum_pool2d, kernel: 2}, weights: 0.5}
  - {pre: pixels, post: v1, pattern: {type: random, probability: 0.5},
     weights: {type: normal, mean: 0.1, deviation: 0.05}, precision: float16}
  - {pre: v1, post: v1, weights: -0.1, delay_ticks: 1}
  - {pre: "v1[0:2]", post: "v1[3]", weights: [[1], [2]], delay_ticks: 2, bias: 0.1,
     pattern: {type: all_to_all}, before: [{pattern: {type: one_to_one}, shape: [2]}]}
readouts:
  - {name: cmd_vel, decoder: differential_drive, population: v1, parameters: {tau_ms: 50.0}}
max_neurons: 100
max_synapses: 1000
"""


def test_what_is_built_equals_what_a_file_says(tmp_path: Path) -> None:
    file = tmp_path / "seen.yaml"
    file.write_text(FILE, encoding="utf-8")
    built = (
        Network(0.5, name="seen", seed=3, max_neurons=100, max_synapses=1000)
        .add_input(
            "vision", (2, 4, 4), sensor="camera", encoder="dvs", parameters={"sigma_thres": 0}
        )
        .add("pixels", (2, 2, 2), Lif(tau_mem_ms=20.0))
        .add("v1", 5)
        .connect("vision", "pixels", pattern=Pool2d("sum_pool2d", kernel=2), weights=0.5)
        .connect("pixels", "v1", probability=0.5, weights=Normal(0.1, 0.05), precision="float16")
        .connect("v1", "v1", weights=-0.1, delay_ticks=1)
        .connect(
            "v1[0:2]",
            "v1[3]",
            weights=[[1], [2]],
            delay_ticks=2,
            bias=0.1,
            before=[Stage(OneToOne(), shape=(2,))],
        )
        .add_readout("cmd_vel", "v1", "differential_drive", {"tau_ms": 50.0})
    )
    assert built.spec() == load_network(file)


def test_precision_is_of_all_projections_that_have_none_of_their_own() -> None:
    network = Network(precision="int8").add_input("x", 2).add("a", 2)
    network.connect("x", "a").connect("x", "a", precision="float32")
    assert [each.precision for each in network.spec().projections] == ["int8", "float32"]


@pytest.fixture
def network() -> Network:
    return Network(max_channels=20, max_neurons=10, max_synapses=50).add_input("x", 8).add("a", 6)


@pytest.mark.parametrize(
    ("mistake", "complaint"),
    [
        (lambda n: n.add_input("y", 13), "input 'y': with it, 21 channels exceed max_channels 20"),
        (lambda n: n.add("b", 5), "population 'b': with it, 11 neurons exceed max_neurons 10"),
        (
            lambda n: n.connect("x", "a").connect("a", "a[0]", delay_ticks=1),
            r"projection a -> a\[0\]: with it, 54 synapses exceed max_synapses 50",
        ),
        (lambda n: n.add("x", 1), "population 'x': the name is used already"),
        (lambda n: n.add("b", ()), "population 'b': shape"),
        (lambda n: n.add("b", 0), "population 'b': shape"),
        (lambda n: n.add("b c", 1), "population 'b c': name"),
        (lambda n: n.add("b", 2, Lif(threshold=Array([1.0, 2.0, 3.0]))), "population 'b': thresh"),
        (lambda n: n.add_input("y", 1, sensor="scan"), "input 'y' needs both sensor and encoder"),
        (lambda n: n.connect("y", "a"), "projection y -> a: 'y' is unknown; the network has x, a"),
        (lambda n: n.connect("a", "x"), "projection a -> x: 'x' is an input"),
        (lambda n: n.connect("x", "a[4:9]"), r"projection x -> a\[4:9\]: 'a\[4:9\]' is empty or"),
        (lambda n: n.connect("x", "a", pattern=OneToOne()), "projection x -> a: one_to_one needs"),
        (
            lambda n: n.connect("x", "a", pattern=Conv2d(3)),
            r"projection x -> a: conv2d needs \(channels",
        ),
        (lambda n: n.connect("x", "a", probability=1.5), "projection x -> a: probability = 1.5"),
        (
            lambda n: n.connect("x", "a", probability=0.5, pattern=OneToOne()),
            "projection x -> a: give either pattern or probability",
        ),
        (lambda n: n.connect("x", "a", weights=np.nan), "projection x -> a: weights"),
        (lambda n: n.connect("x", "a", precision="float8"), "projection x -> a: precision"),
        (lambda n: n.connect("x", "a", delay_ticks=-1), "projection x -> a: delay_ticks = -1"),
        (lambda n: n.connect("x", "a", compartment=1), "projection x -> a: .*compartment 1"),
        (lambda n: n.add_readout("cmd_vel", "b", "differential_drive"), "readout 'cmd_vel' reads"),
    ],
)
def test_what_does_not_fit_is_refused_at_once_and_not_added(
    network: Network, mistake: Callable[[Network], object], complaint: str
) -> None:
    before = network.spec()
    with pytest.raises(NetworkError, match=complaint) as refused:
        mistake(network)
    assert "\n" not in str(refused.value)
    assert str(refused.value).count(complaint[:14]) == 1
    after = network.spec()
    assert (after.nodes, after.readouts) == (before.nodes, before.readouts)
    assert [each.pre for each in after.projections] in ([], ["x"])


def test_populations_come_before_what_connects_them() -> None:
    with pytest.raises(NetworkError, match="projection x -> a: there are no populations yet"):
        Network().add_input("x", 1).connect("x", "a")
    with pytest.raises(NetworkError, match="network 'empty': there are no populations yet"):
        Network(name="empty").spec()


def test_a_cycle_without_delay_is_refused(network: Network) -> None:
    with pytest.raises(NetworkError, match="form a cycle"):
        network.connect("a", "a[0:2]").spec()


def chain() -> Network:
    """Two neurons that fire with every spike, and a membrane that adds up what they fire."""
    return (
        Network(dt_ms=2.0)
        .add_input("x", (1, 2))
        .add("copy", 2, If())
        .add("sum", 1, Li(tau_mem_ms=1e6, integrator="euler"))
        .connect("x", "copy", pattern=OneToOne())
        .connect("copy", "sum", delay_ticks=1)
    )


SPIKES = np.array([[[1, 0]], [[0, 0]], [[1, 1]], [[0, 1]]])
TIMES_NS = [0, 4_000_000, 4_000_000, 6_000_000]


def test_a_run_counts_spikes_and_rates_and_records_nothing_by_itself() -> None:
    result = chain().run(8.0, {"x": SPIKES})
    assert result.ticks == 4
    assert result.spike_counts == {"x": 4, "copy": 4, "sum": 0}
    assert result.rates_hz == {"x": 250.0, "copy": 250.0, "sum": 0.0}
    assert (result.spikes, result.potentials, result.weights) == ({}, {}, ())


def test_what_is_recorded_is_returned_by_name() -> None:
    result = chain().run(8.0, {"x": SPIKES}, record=("spikes", "potentials", "weights"))
    assert result.spikes["x"] == SpikeBatch.checked((1, 2), [0, 0, 1, 1], TIMES_NS)
    assert result.spikes["copy"] == SpikeBatch.checked((2,), [0, 0, 1, 1], TIMES_NS)
    assert result.potentials["copy"].shape == (4, 2)
    np.testing.assert_allclose(result.potentials["sum"], [[0], [1], [1], [3]], rtol=1e-4)
    np.testing.assert_array_equal(result.weights[0].dense(), np.eye(2))
    np.testing.assert_array_equal(result.weights[1].dense(), np.ones((2, 1)))


def test_watching_changes_no_spike() -> None:
    network = (
        Network(seed=5)
        .add_input("x", 40)
        .add("a", 30)
        .connect("x", "a", probability=0.3, weights=Normal(0.2, 0.1))
        .connect("a", "a", pattern=Random(in_degree=4), weights=-0.2, delay_ticks=3)
    )
    quick = network.run(300.0, {"x": 50.0}, record=("spikes",))
    watched = network.run(300.0, {"x": 50.0}, record=("spikes", "potentials"))
    assert quick.spike_counts["a"] > 30
    assert watched.spikes == quick.spikes


def test_spikes_with_times_fall_into_their_ticks() -> None:
    batch = SpikeBatch.checked((1, 2), [0, 1, 0, 1], [1, 4_000_000, 5_999_999, 7_999_999])
    timed = chain().run(8.0, {"x": batch}, record=("spikes",))
    assert timed.spikes == chain().run(8.0, {"x": SPIKES}, record=("spikes",)).spikes


def test_amounts_drive_as_much_as_they_say() -> None:
    amounts = np.array([[[0.5, -2.0]], [[0.5, 3.0]]], np.float64)
    result = chain().run(4.0, {"x": amounts}, record=("spikes",))
    assert result.spike_counts == {"x": 4, "copy": 2, "sum": 0}
    assert result.spikes["copy"] == SpikeBatch.checked((2,), [0, 1], [2_000_000, 2_000_000])


def test_several_spikes_of_a_neuron_in_a_tick_are_counted_as_several() -> None:
    network = Network().add_input("x", 1).add("a", 1, If(multi_spike=True, reset="subtract"))
    result = network.connect("x", "a", weights=3.5).run(
        2, {"x": np.ones((2, 1))}, record=["spikes"]
    )
    assert result.spikes["a"] == SpikeBatch.checked((1,), [0] * 7, [0] * 3 + [1_000_000] * 4)
    assert result.rates_hz["a"] == 3500.0


def test_a_rate_is_random_by_the_seed_alone() -> None:
    def run(seed: int) -> SpikeBatch:
        network = Network(seed=seed).add_input("x", 100).add_input("y", 100).add("a", 1)
        return network.run(1000.0, {"x": 20.0, "y": 20.0}, record=("spikes",)).spikes

    first = run(1)
    # 2000 expected, five deviations either way.
    assert abs(len(first["x"]) - 2000) < 5 * 2000**0.5
    assert first == run(1)
    assert first["x"] != run(2)["x"]
    assert first["x"] != first["y"]


def test_a_silent_input_drives_nothing_and_biases_still_do() -> None:
    network = Network().add_input("x", 1).add("a", 1, AdEx(bias_pa=2000.0)).add("b", 1)
    assert network.run(100.0).spike_counts["x"] == 0
    assert network.run(100.0).spike_counts["a"] > 1
    assert network.run(100.0).spike_counts["b"] == 0


@pytest.mark.parametrize(
    ("inputs", "complaint"),
    [
        ({"y": 1.0}, "'y' is no input; the network has x"),
        ({"copy": 1.0}, "'copy' is no input"),
        ({"x": -1.0}, "input 'x': -1.0 Hz is not between"),
        ({"x": float("nan")}, "input 'x': nan Hz is not between"),
        ({"x": 501.0}, "input 'x': 501.0 Hz is not between"),
        ({"x": SPIKES[:3]}, r"input 'x' needs shape \(4, 1, 2\), not \(3, 1, 2\)"),
        ({"x": SPIKES.reshape(4, 2)}, r"input 'x' needs shape \(4, 1, 2\)"),
        ({"x": np.full((4, 1, 2), np.inf)}, "input 'x' holds something else than finite numbers"),
        ({"x": np.full((4, 1, 2), "1")}, "input 'x' holds something else than finite numbers"),
        ({"x": SpikeBatch.checked((2,), [0], [0])}, r"input 'x' has shape \(1, 2\), not \(2,\)"),
        ({"x": SpikeBatch.checked((1, 2), [0], [8_000_000])}, "a spike at 8000000 ns is outside"),
        ({"x": SpikeBatch.checked((1, 2), [0], [-1])}, "a spike at -1 ns is outside"),
    ],
)
def test_input_that_does_not_fit_is_refused(inputs: Any, complaint: str) -> None:
    with pytest.raises(SpikeError, match=complaint):
        chain().run(8.0, inputs)


@pytest.mark.parametrize("duration_ms", [0.0, 0.9, -5.0, float("nan"), float("inf"), 1e12])
def test_a_time_that_is_no_number_of_ticks_is_refused(duration_ms: float) -> None:
    with pytest.raises(NetworkError, match="is not at least one tick of 2"):
        chain().run(duration_ms)


def test_what_cannot_be_recorded_is_refused() -> None:
    with pytest.raises(NetworkError, match="cannot record voltages; choose spikes"):
        chain().run(8.0, record=("voltages",))  # type: ignore[arg-type]
    with pytest.raises(NetworkError, match="potentials of 3 neurons in 1000000000 ticks"):
        chain().run(2e9, record=("potentials",))
