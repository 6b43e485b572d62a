"""What is written for netx is loaded by lava-dl and spikes as the integer engine does."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from lava_installed import needs_lava

from neuromorphic_ros.backends.loihi.engine import FixedPointEngine
from neuromorphic_ros.backends.loihi.netx_export import Layer, fixed_network, layers, write_netx
from neuromorphic_ros.backends.loihi.quantisation import Misfit
from neuromorphic_ros.backends.loihi.runner import IntegerRunner
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import as_numpy
from neuromorphic_ros.snn.spec import NetworkSpec

from .test_activity import raster
from .test_engine import tick_spikes

ROOT = Path(__file__).resolve().parents[3]
GENERATOR = np.random.default_rng(7)
SPIKES = GENERATOR.random((80, 12)) < 0.25


def weights(rows: int, columns: int, low: float, high: float) -> list[list[float]]:
    """Return random weights."""
    drawn = GENERATOR.uniform(low, high, (rows, columns))
    return [[float(each) for each in row] for row in drawn]


def spec(populations: list[dict[str, Any]], projections: list[dict[str, Any]]) -> NetworkSpec:
    """Return a network of 12 channels x."""
    content = {
        "name": "row",
        "dt_ms": 1.0,
        "inputs": [{"name": "x", "shape": [12]}],
        "populations": populations,
        "projections": projections,
    }
    return build(NetworkSpec, content, "network", NetworkError)


A = {"name": "a", "shape": [7]}
B = {"name": "b", "shape": [5]}
CUBA = {"model": "cuba_lif"}
NETWORKS = {
    "mixed": spec(
        [{**A, "neuron": CUBA}, {**B, "neuron": {"bias": 0.1}}],
        [
            {"pre": "x", "post": "a", "weights": weights(12, 7, -0.5, 1.0)},
            {"pre": "a", "post": "b", "weights": weights(7, 5, -0.5, 1.0)},
        ],
    ),
    "recurrent": spec(
        [A, B],
        [
            {"pre": "x", "post": "a", "weights": weights(12, 7, 0.0, 0.6)},
            {"pre": "a", "post": "a", "weights": weights(7, 7, -0.9, 0.0), "delay_ticks": 1},
            {"pre": "a", "post": "b", "weights": weights(7, 5, 0.0, 0.7)},
        ],
    ),
    "delayed, of parts": spec(
        [A, B],
        [
            {"pre": "x[2:8]", "post": "a[1:5]", "weights": 0.7, "delay_ticks": 4},
            {"pre": "a", "post": "b", "weights": weights(7, 5, 0.1, 0.7)},
        ],
    ),
    "inhibited": spec(
        [{**A, "neuron": {"bias": 1.2}}],
        [{"pre": "x", "post": "a", "weights": [[-0.003 * (row % 3)] * 7 for row in range(12)]}],
    ),
}


def fired(given: tuple[Layer, ...]) -> npt.NDArray[np.bool_]:
    """Return what the integer engine makes of layers; (ticks, neurons)."""
    network = fixed_network(given)
    return raster(FixedPointEngine(network).run(tick_spikes(SPIKES)), network.neurons)


@needs_lava
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="lava-dl needs torch")
@pytest.mark.parametrize("name", NETWORKS)
def test_netx_spikes_as_the_integer_engine_does(name: str, tmp_path: Path) -> None:
    given = layers(NETWORKS[name])
    write_netx(tmp_path / "row.net", given)
    np.save(tmp_path / "input.npy", SPIKES)
    files = [tmp_path / file for file in ("row.net", "input.npy", "output.npy")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    script = ROOT / "scripts" / "netx_spikes.py"
    subprocess.run([sys.executable, script, *files], env=environment, timeout=600, check=True)
    expected = fired(given)[:, -given[-1].neurons.size :]
    assert expected.sum() > 20
    np.testing.assert_array_equal(np.load(tmp_path / "output.npy"), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_spike_much_as_the_finer_integers_of_loihi(name: str) -> None:
    runner = IntegerRunner(NETWORKS[name])
    finer = raster(runner.run(tick_spikes(SPIKES)), NETWORKS[name].neurons)
    coarser = fired(layers(NETWORKS[name]))
    assert coarser.sum() == pytest.approx(finer.sum(), rel=0.1)
    # A network that drives itself soon goes other ways.
    assert 2 * np.sum(finer & coarser) / (finer.sum() + coarser.sum()) > 0.7


def test_weights_that_add_up_to_the_threshold_still_do() -> None:
    network = spec(
        [{**A, "neuron": {"model": "if"}}],
        [{"pre": "x", "post": "a", "weights": [[1 / 3] * 6 + [0.5]] * 12}],
    )
    runner = IntegerRunner(network)
    expected = raster(runner.run(tick_spikes(SPIKES)), 7)
    np.testing.assert_array_equal(fired(layers(network)), expected)


def test_a_file_holds_what_netx_reads(tmp_path: Path) -> None:
    given = layers(NETWORKS["recurrent"])
    write_netx(tmp_path / "row.net", given)
    with h5py.File(tmp_path / "row.net") as file:
        assert list(file["layer"]) == ["0", "1", "2"]
        types = [file[f"layer/{index}/type"][0].decode() for index in range(3)]
        assert types == ["input", "dense_rec", "dense"]
        assert file["layer/0/shape"][()].tolist() == [12]
        layer = file["layer/1"]
        assert layer["neuron/type"][0] == b"CUBA"
        assert layer["neuron/iDecay"][()] == 4096
        assert layer["neuron/vThMant"][()] == given[0].neurons.vth
        assert np.array_equal(layer["weight"], given[0].weights)
        assert np.array_equal(layer["weight_rec"], given[0].recurrent)
        assert "bias" not in layer
        assert "delay" not in layer


def test_weights_are_8_bits_and_even_where_signs_are_mixed() -> None:
    for name, network in NETWORKS.items():
        for layer in layers(network):
            both = np.concatenate([layer.weights.ravel(), layer.recurrent.ravel()])
            assert np.abs(both).max() <= 255, name
            assert both.min() >= 0 or not np.any(both % 2), name


def test_the_unit_is_coarse_enough_for_the_bias() -> None:
    (layer,) = layers(NETWORKS["inhibited"])
    bias = as_numpy(layer.neurons.bias_mant)
    assert 2048 <= bias.max() <= 4095


def row(*changes: dict[str, Any], neuron: dict[str, Any] | None = None) -> NetworkSpec:
    """Return two populations in a row, with more projections."""
    projections = [
        {"pre": "x", "post": "a", "weights": 0.5},
        {"pre": "a", "post": "b", "weights": 0.5},
    ]
    return spec([{**A, "neuron": neuron or {}}, B], [*projections, *changes])


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (row(neuron={"reset": "subtract"}), "population 'a' has reset by subtraction"),
        (row(neuron={"reset_value": 0.5}), "population 'a' starts off its reset value"),
        (row({"pre": "x", "post": "b", "weights": 0.1}), "population 'b' is reached by 2 proj"),
        (row({"pre": "a", "post": "b", "weights": 0.1}), "population 'b' is reached by 2 proj"),
        (
            row({"pre": "b", "post": "a", "weights": 0.1, "delay_ticks": 1}),
            "population 'a' is reached by 2 projections",
        ),
        (
            row({"pre": "b", "post": "b", "weights": 0.1, "delay_ticks": 5}),
            "population 'b' drives itself",
        ),
        (
            spec([A], [{"pre": "x", "post": "a", "weights": 0.0}]),
            "population 'a' is reached by weights of 0 alone",
        ),
        (row(neuron={"multi_spike": True}), "population 'a' fires several spikes in a tick"),
    ],
)
def test_what_netx_cannot_hold_is_refused(network: NetworkSpec, reason: str) -> None:
    with pytest.raises(Misfit, match=reason) as refused:
        layers(network)
    assert refused.value.reasons[0].startswith(reason)
