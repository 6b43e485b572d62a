"""The script that PyNN runs: the same on every simulator, and written for the chip's own PyNN."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.backends.brainscales import pynn_network
from neuromorphic_ros.backends.brainscales.plan import network, plan
from neuromorphic_ros.backends.brainscales.script import write_script
from neuromorphic_ros.snn.builder import Network
from neuromorphic_ros.snn.neurons.cuba import CubaLif
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import NetworkSpec


def small() -> NetworkSpec:
    generator = np.random.default_rng(1)
    network = Network(name="small").add_input("in", 6)
    network.add("a", 8, Lif(tau_mem_ms=10.0)).add("b", 3, CubaLif(tau_syn_ms=3.0, threshold=4.0))
    network.connect("in", "a", weights=generator.uniform(-0.4, 0.9, (6, 8)).tolist())
    network.connect("a", "b", weights=generator.uniform(0.2, 0.9, (8, 3)).tolist())
    return network.connect("b", "a", weights=-0.3, delay_ticks=1).spec()


def write_spikes(path: Path, stop_us: float) -> None:
    generator = np.random.default_rng(2)
    time_us = np.sort(np.round(generator.uniform(1, stop_us - 1, 100), 1))
    source = generator.integers(0, 6, time_us.size)
    key = np.unique(np.stack((time_us * 10, source)).astype(np.int64), axis=1)
    np.savez(path, source=key[1], time_us=key[0] / 10, stop_us=stop_us)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pynn")
    write_script(network(plan(small())), folder)
    write_spikes(folder / "spikes.npz", 40.0)
    return folder


def run_script(folder: Path, engine: str) -> pynn_network.Fired:
    """Run what was written, without this package."""
    subprocess.run(
        [sys.executable, "pynn_network.py", "network.npz", engine, "spikes.npz", "fired.npz"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        check=True,
        capture_output=True,
    )
    with np.load(folder / "fired.npz", allow_pickle=False) as fired:
        return pynn_network.Fired(fired["neuron"], fired["time_us"])


def counts(fired: pynn_network.Fired) -> Any:
    return np.bincount(fired.neuron, minlength=11)


@pytest.fixture(scope="module")
def by_nest(folder: Path) -> pynn_network.Fired:
    pytest.importorskip("nest", reason="PyNN is not installed")
    return run_script(folder, "nest")


def test_the_script_runs_by_itself(by_nest: pynn_network.Fired) -> None:
    assert counts(by_nest)[:8].sum() > 30
    assert counts(by_nest)[8:].sum() > 3
    assert np.all((by_nest.time_us > 0) & (by_nest.time_us <= 40.2))


@pytest.mark.parametrize("engine", ["brian2", "neuron"])
def test_simulators_agree(folder: Path, by_nest: pynn_network.Fired, engine: str) -> None:
    if engine == "neuron":
        pytest.importorskip("neuron", reason="NEURON is not installed")
    other = counts(run_script(folder, engine))
    expected = counts(by_nest)
    assert np.all(np.abs(other - expected) <= 2 + 0.1 * expected)


def test_a_network_is_written_and_read(tmp_path: Path) -> None:
    made = network(plan(small()))
    pynn_network.save(str(tmp_path / "n.npz"), made)
    read = pynn_network.load(str(tmp_path / "n.npz"))
    for field in made._fields:
        np.testing.assert_array_equal(getattr(read, field), getattr(made, field))


@pytest.mark.parametrize("arguments", [[], ["n.npz"], ["n.npz", "mock"], ["a", "nest", "b"]])
def test_wrong_arguments_are_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert pynn_network.main(arguments) == 2
    assert "nest|brian2|neuron|brainscales2" in capsys.readouterr().err


def test_a_stream_is_served_until_it_ends() -> None:
    class Echo:
        def __init__(self) -> None:
            self.resets = 0

        def run(self, source: Any, time_us: Any, stop_us: float) -> pynn_network.Fired:
            return pynn_network.Fired(source + 1, time_us + stop_us)

        def reset(self) -> Echo:
            self.resets += 1
            return self

    def request(stop_us: float, source: list[int], time_us: list[float]) -> bytes:
        return (
            np.float64(stop_us).tobytes()
            + np.int64(len(source)).tobytes()
            + np.array(source, np.int64).tobytes()
            + np.array(time_us, np.float64).tobytes()
        )

    echo, answers = Echo(), io.BytesIO()
    pynn_network.serve(echo, io.BytesIO(request(10.0, [3], [1.5]) + request(-1.0, [], [])), answers)
    content = answers.getvalue()
    assert np.frombuffer(content[:24], np.int64).tolist() == [0, 1, 4]
    assert np.frombuffer(content[24:32])[0] == 11.5
    assert np.frombuffer(content[32:], np.int64).tolist() == [0]
    assert echo.resets == 1


class VendorConnector:
    def __init__(self, array: Any) -> None:
        self.array = array


class VendorSynapse:
    def __init__(self, weight: float = 0, delay: float = 0) -> None:
        assert delay == 0
        self.weight = weight


class VendorCuba:
    """The signature of pynn-brainscales' CalibHXNeuronCuba, commit fd4f926."""

    def __init__(
        self,
        plasticity_rule: Any = None,
        *,
        v_rest: Any = None,
        v_reset: Any = None,
        v_thresh: Any = None,
        tau_m: Any = None,
        tau_syn_E: Any = None,
        tau_syn_I: Any = None,
        cm: Any = None,
        tau_refrac: Any = None,
        i_synin_gm_E: Any = None,
        i_synin_gm_I: Any = None,
        synapse_dac_bias: Any = None,
    ) -> None:
        self.v_thresh = v_thresh


class Train:
    def __init__(self, times_ms: list[float]) -> None:
        self.magnitude = np.array(times_ms)

    def rescale(self, unit: str) -> Train:
        assert unit == "ms"
        return self


class VendorPopulation:
    def __init__(self, size: int, cell: Any, label: str | None = None) -> None:
        self.size, self.cell, self.recorded = size, cell, ""

    def record(self, what: str) -> None:
        self.recorded = what

    def set(self, spike_times: list[Any]) -> None:
        assert len(spike_times) == self.size
        self.spike_times = spike_times

    def get_data(self, what: str, clear: bool) -> Any:
        assert clear
        assert what == self.recorded
        # One neuron fires 0.25 ms after the begin of every run.
        trains = [Train([0.25] if neuron == 0 else []) for neuron in range(self.size)]
        segment = type("Segment", (), {"spiketrains": trains})
        return type("Block", (), {"segments": [segment]})


class Vendor(ModuleType):
    """What the script uses of pynn_brainscales.brainscales2, as its sources have it.

    It computes nothing: only the hardware can. What is tested is which calls are made.
    """

    def __init__(self) -> None:
        super().__init__("pynn_brainscales.brainscales2")
        self.cells = type("cells", (), {"CalibHXNeuronCuba": VendorCuba})
        synapses = type("synapses", (), {"StaticSynapse": VendorSynapse})
        self.standardmodels = type("standardmodels", (), {"synapses": synapses})
        self.ArrayConnector = VendorConnector
        self.Population = VendorPopulation
        self.projections: list[tuple[Any, ...]] = []
        self.runtimes_ms: list[float] = []
        self.running = False

    def setup(self) -> None:
        pass

    def SpikeSourceArray(self, spike_times: Any) -> Any:
        return spike_times

    def Projection(
        self, pre: Any, post: Any, connector: Any, synapse_type: Any, receptor_type: str
    ) -> Any:
        weight = synapse_type.weight
        assert (weight > 0) == (receptor_type == "excitatory")
        assert connector.array.shape == (pre.size, post.size)
        self.projections.append((weight, int(connector.array.sum())))
        return self.projections[-1]

    def run(self, runtime: float) -> None:
        assert not self.running, "a chip is reset between runs"
        self.running = True
        self.runtimes_ms.append(runtime)

    def reset(self) -> None:
        assert self.running, "there is nothing to reset before the first run"
        self.running = False


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    made, package = Vendor(), ModuleType("pynn_brainscales")
    package.brainscales2 = made  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pynn_brainscales", package)
    monkeypatch.setitem(sys.modules, "pynn_brainscales.brainscales2", made)
    return made


def test_the_chip_gets_every_connection_by_its_weight(vendor: Vendor) -> None:
    made = network(plan(small()))
    pynn_network.Chip(made)
    found = sorted(vendor.projections)
    assert sum(count for _, count in found) == made.weight.size
    assert {weight for weight, _ in found} == set(made.weight.astype(int).tolist())


def test_a_chip_is_played_its_history_first_and_tells_what_is_new(vendor: Vendor) -> None:
    made = network(plan(small()))._replace(history_us=100.0)
    chip = pynn_network.Chip(made)
    first = chip.run(np.array([0, 1]), np.array([10.0, 90.0]), 300.0)
    assert first.time_us.tolist() == [250.0] * 2
    second = chip.run(np.array([1]), np.array([310.0]), 500.0)
    # It began at 200 us, so what fired at 450 us is new.
    assert vendor.runtimes_ms == pytest.approx([0.3, 0.3])
    assert second.time_us.tolist() == [450.0] * 2
    played = chip.built.sources.spike_times
    assert played[1] == pytest.approx([0.11])
    assert not len(played[0])
    chip.reset()
    assert chip.run(np.empty(0, np.int64), np.empty(0), 100.0).time_us.tolist() == [250.0] * 2
