"""Rates of spiking networks stand for the activations of those that they are made from."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from neuromorphic_ros.compression.ann.forward import activations
from neuromorphic_ros.compression.ann.layers import (
    Ann,
    AnnError,
    Architecture,
    AvgPool2d,
    Conv2d,
    Flatten,
    Layer,
    Linear,
    Qcfs,
    Relu,
    Values,
    ann_of,
)
from neuromorphic_ros.compression.ann_to_snn import ConversionParameters, Converted, convert
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import Array, as_numpy
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.network_folder import write_folder
from neuromorphic_ros.snn.neurons.leaky import If
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import evenly_spaced

TICKS = 400


def network(*layers: Layer, shape: tuple[int, ...] = (2, 6, 6), seed: int = 0) -> Ann:
    """Return a network with weights that keep half of its neurons active."""
    generator, tensors, pre = np.random.default_rng(seed), {}, shape
    made: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Linear):
            tensors[f"{layer.name}.weight"] = generator.normal(0, 0.4, (5, pre[0]))
            tensors[f"{layer.name}.bias"] = generator.normal(0.2, 0.1, 5)
        elif isinstance(layer, Conv2d):
            taps = (4, pre[0] // layer.groups, 3, 3)
            tensors[f"{layer.name}.weight"] = generator.normal(0.05, 0.3, taps)
            tensors[f"{layer.name}.bias"] = generator.normal(0.1, 0.1, 4)
        elif isinstance(layer, Qcfs):
            tensors[f"{layer.name}.threshold"] = np.array(1.5)
        made.append(layer)
        ann = ann_of(Architecture(shape, tuple(made)), tensors)
        pre = ann.shapes[-1]
    return ann


def samples(count: int = 12, shape: tuple[int, ...] = (2, 6, 6), seed: int = 1) -> Values:
    return np.random.default_rng(seed).uniform(0, 3, (count, *shape)).astype(np.float32)


def rates(converted: Converted, sample: Values, ticks: int = TICKS) -> dict[str, Any]:
    """Return how often neurons fire in a tick, by population."""
    spec = converted.spec
    streaming = StreamingNetwork(spec)
    fired = streaming.run(evenly_spaced(sample / converted.largest_input, 0, ticks))
    by_node = fired.by_node(spec.execution_order(), spec.dt_ns)
    return {
        name: np.bincount(batch.address, minlength=spec.population(name).size) / ticks
        for name, batch in by_node.items()
    }


CONVOLUTIONAL = (
    Conv2d("a", padding=(1, 1)),
    Relu(),
    AvgPool2d((2, 2)),
    Conv2d("b", padding=(1, 1), groups=2),
    Relu(),
    AvgPool2d((3, 3)),
    Flatten(),
    Linear("c"),
)


@pytest.mark.parametrize(("bits", "per_channel"), [(0, False), (7, False), (7, True), (8, True)])
@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ((Linear("a"), Relu(), Linear("b"), Relu()), (7,)),
        (CONVOLUTIONAL, (2, 6, 6)),
        ((Conv2d("a"), Conv2d("b"), AvgPool2d((2, 2)), Relu()), (2, 6, 6)),
    ],
)
def test_rates_stand_for_activations(
    layers: tuple[Layer, ...], shape: tuple[int, ...], bits: int, per_channel: bool
) -> None:
    ann, given_samples = network(*layers, shape=shape), samples(shape=shape)
    parameters = ConversionParameters(bits=bits, percentile=100, per_channel=per_channel)
    converted = convert(ann, given_samples, parameters, "net")
    places = [place for place, each in enumerate(layers) if isinstance(each, Relu)]
    names = [each.population for each in converted.layers]
    if not isinstance(layers[-1], Relu):
        places.append(len(layers) - 1)
    active = activations(ann, given_samples, tuple(places))
    # Rates end a spike apart at most, and what reaches deeper layers is not evenly spaced.
    tolerance = 0.02 if bits else 0.012
    for sample in range(3):
        found = rates(converted, given_samples[sample])
        for name, layer, expected in zip(names, converted.layers, active, strict=True):
            share = np.clip(expected[sample].ravel() / layer.largest, 0, 1)
            assert np.abs(found[name] - share).mean() < tolerance
            assert share.std() > 0.1


def test_a_neuron_of_constant_input_fires_as_often_as_the_quantised_activation_says() -> None:
    ann = network(Linear("a"), Qcfs("q", 8), shape=(1,))
    values = np.linspace(0, 3, 40, dtype=np.float32)[:, None]
    converted = convert(ann, values, ConversionParameters(), "net")
    (expected,) = activations(ann, values, (1,))
    assert converted.layers[0].largest == 1.5
    # Constant input without spikes: what the input adds is in the bias.
    for sample, share in zip(values, expected / 1.5, strict=True):
        (projection,) = converted.spec.projections
        bias = as_numpy(projection.bias or 0.0)
        drive = as_numpy(projection.weights)[0] * sample[0] / converted.largest_input + bias
        spec = dataclasses.replace(
            converted.spec,
            projections=(dataclasses.replace(projection, bias=Array(drive.astype(np.float32))),),
        )
        found = rates(converted._replace(spec=spec), np.zeros(1, np.float32), ticks=8)
        assert np.abs(found["output"] - share).max() <= 1 / 8 + 1e-6
        assert np.mean(np.abs(found["output"] - share) < 1e-6) > 0.5


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_weights_thresholds_and_membranes_are_whole(bits: int, per_channel: bool) -> None:
    parameters = ConversionParameters(bits=bits, per_channel=per_channel)
    converted = convert(network(*CONVOLUTIONAL), samples(), parameters, "net")
    largest = 2 ** (bits - 1) - 1
    for projection in converted.spec.projections:
        weights = as_numpy(projection.weights)
        assert np.array_equal(weights, np.rint(weights))
        assert np.abs(weights).max() == largest
        bias = as_numpy(projection.bias or 0.0)
        assert np.array_equal(bias, np.rint(bias))
        assert projection.precision == ("int8" if bits <= 8 else "float32")
    for population in converted.spec.populations:
        assert isinstance(population.neuron, If)
        threshold = as_numpy(population.neuron.threshold)
        assert threshold.shape == (population.shape if per_channel else ())
        assert np.array_equal(threshold, np.rint(threshold))
        assert np.array_equal(as_numpy(population.neuron.initial), threshold // 2)
    network_ = StreamingNetwork(converted.spec)
    network_.run(evenly_spaced(samples()[0] / converted.largest_input, 0, 20))
    membrane = network_.membrane("output")
    assert np.array_equal(membrane, np.rint(membrane))
    errors = [layer.weight_error for layer in converted.layers]
    assert all(0 < error < 1 / largest for error in errors)


def test_channels_with_units_of_their_own_lose_less() -> None:
    found = [
        convert(
            network(*CONVOLUTIONAL),
            samples(),
            ConversionParameters(bits=4, per_channel=per_channel),
            "net",
        )
        for per_channel in (True, False)
    ]
    own, common = ([layer.weight_error for layer in each.layers] for each in found)
    assert all(each < other for each, other in zip(own, common, strict=True))


def test_a_single_axis_hears_arrays_whose_largest_amount_spikes_in_every_tick() -> None:
    ann = network(Linear("a"), Relu(), shape=(7,))
    (source,) = convert(
        ann, samples(shape=(7,)), ConversionParameters(dt_ms=2.0), "net"
    ).spec.inputs
    assert (source.sensor, source.encoder) == ("array", "environment_rate")
    largest = float(samples(shape=(7,)).max())
    assert source.parameters == {"low": 0.0, "high": largest, "max_rate_hz": 500.0}
    (image,) = convert(
        network(*CONVOLUTIONAL), samples(), ConversionParameters(), "net"
    ).spec.inputs
    assert image.sensor is None


def test_overlapping_pools_are_not_stored_in_8_bits() -> None:
    layers = (Conv2d("a"), Relu(), AvgPool2d((2, 2), (1, 1)), Conv2d("b"), Relu())
    converted = convert(network(*layers), samples(), ConversionParameters(bits=8), "net")
    assert [each.precision for each in converted.spec.projections] == ["int8", "float32"]


def test_fewer_bits_change_weights_more() -> None:
    found = [
        convert(network(*CONVOLUTIONAL), samples(), ConversionParameters(bits=bits), "net")
        for bits in (8, 6, 4, 3)
    ]
    errors = [sum(layer.weight_error for layer in each.layers) for each in found]
    assert errors == sorted(errors)


def test_a_percentile_clips_what_is_above_it() -> None:
    ann = network(Linear("a"), Relu(), Linear("b"), shape=(7,))
    whole_range = convert(ann, samples(shape=(7,)), ConversionParameters(percentile=100), "net")
    clipped = convert(ann, samples(shape=(7,)), ConversionParameters(percentile=90), "net")
    assert whole_range.layers[0].clipped == 0
    assert 0.05 < clipped.layers[0].clipped < 0.11
    assert clipped.layers[0].largest < whole_range.layers[0].largest


@pytest.mark.parametrize("bits", [0, 6])
def test_a_network_is_the_same_after_it_was_written(tmp_path: Any, bits: int) -> None:
    parameters = ConversionParameters(bits=bits, reset="hard")
    spec = convert(network(*CONVOLUTIONAL), samples(), parameters, "net").spec
    assert load_network(write_folder(spec, tmp_path)) == spec


@pytest.mark.parametrize(
    ("given_samples", "complaint"),
    [
        (np.zeros((0, 7)), r"have shape \(0, 7\); the network takes \(n, 7\)"),
        (np.ones((3, 8)), r"have shape \(3, 8\)"),
        (np.float32(1), r"have shape \(\)"),
        (np.full((3, 7), np.nan), "NaN or infinity"),
        (np.full((3, 7), -0.5), "holds -0.5: spikes stand for what is not negative"),
        (np.zeros((3, 7)), "are all zero"),
    ],
)
def test_calibration_samples_that_do_not_fit_are_refused(
    given_samples: Any, complaint: str
) -> None:
    ann = network(Linear("a"), Relu(), shape=(7,))
    with pytest.raises(AnnError, match=complaint):
        convert(ann, np.asarray(given_samples, np.float32), ConversionParameters(), "net")


def test_a_layer_that_is_never_active_is_named() -> None:
    ann = network(Linear("a"), Relu(), Linear("b"), shape=(7,))
    tensors = dict(ann.tensors) | {"a.weight": -np.ones((5, 7)), "a.bias": np.zeros(5)}
    silent = ann_of(ann.architecture, tensors)
    with pytest.raises(AnnError, match="layer1: none of its neurons is active"):
        convert(silent, samples(shape=(7,)), ConversionParameters(), "net")


@pytest.mark.filterwarnings("error")
def test_what_leaves_float32_is_refused() -> None:
    ann = network(Linear("a"), Relu(), Linear("b"), shape=(7,))
    tensors = dict(ann.tensors) | {"a.weight": np.full((5, 7), 3e38, np.float32)}
    large = ann_of(ann.architecture, tensors)
    with pytest.raises(AnnError, match="layer1: what drives it is beyond float32"):
        convert(large, samples(shape=(7,)), ConversionParameters(bits=8), "net")


def test_a_network_that_is_too_large_is_refused_before_it_is_built() -> None:
    weight = np.broadcast_to(np.float32(1), (5000, 5000))
    ann = ann_of(Architecture((5000,), (Linear("a"),)), {"a.weight": weight})
    with pytest.raises(NetworkError, match="25000000 synapses exceed max_synapses"):
        convert(ann, np.ones((1, 5000), np.float32), ConversionParameters(), "net")


def test_more_bits_than_a_threshold_can_hold_are_refused() -> None:
    layers = (Conv2d("a"), Conv2d("b"), AvgPool2d((2, 2)), Relu())
    with pytest.raises(AnnError, match=r"output: its threshold would be .*; give fewer bits"):
        convert(network(*layers), samples(), ConversionParameters(bits=14), "net")


@pytest.mark.parametrize("changed", [{"bits": 1}, {"bits": 17}, {"percentile": 0}, {"reset": "x"}])
def test_parameters_out_of_range_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ConversionParameters(**changed)
