from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np

from neuromorphic_ros.energy.hardware_model import Energy, HardwareModel, Prices
from neuromorphic_ros.pipeline.energy_account import EnergyAccount, Hardware

SECOND_NS = 1_000_000_000
EVENT = Energy(2.0, "made up", "assumed", "pJ")
MODEL = HardwareModel(
    "board",
    "",
    "processor",
    Prices(synaptic_event=EVENT, spike=EVENT, neuron_update=EVENT, idle_update=EVENT),
)
DENSE = HardwareModel(
    "processor", "", "processor", Prices(dense_mac=Energy(5.0, "made up", "derived", "pJ"))
)


def account() -> EnergyAccount:
    return EnergyAccount(Hardware(MODEL, DENSE))


def rates(network: str = "net", spikes: int = 3) -> SimpleNamespace:
    """A window of one second: an input and a population that spike alike."""
    return SimpleNamespace(
        network=network,
        window_s=1.0,
        ticks=1000,
        name=["in", "out"],
        size=np.array([4, 2]),
        spikes=np.array([spikes, spikes]),
        synaptic_events=np.array([10 * spikes, 0]),
        neuron_updates=np.array([0, 2000]),
        active_updates=np.array([0, spikes]),
        projection=["in -> out"],
        projection_events=np.array([10 * spikes]),
        plasticity_updates=np.array([0]),
        memory_bytes=np.array([40 * spikes]),
        dense_macs=np.array([8000]),
        dense_bytes=np.array([32_000]),
    )


def test_a_window_is_priced_by_its_counts() -> None:
    report = account().add(rates(), SECOND_NS)
    assert report["dynamic_pj"] == 2.0 * (30 + 6 + 2000)
    assert (report["baseline_pj"], report["baseline"]) == (40_000.0, "processor")
    assert (report["hardware"], report["network"], report["window_s"]) == ("board", "net", 1.0)
    assert report["header"]["stamp"] == SECOND_NS


def test_nothing_is_called_measured() -> None:
    report = account().add(rates(), SECOND_NS)
    assert math.isnan(report["measured_j"])
    assert report["meter"] == "not measured"


def test_the_total_is_the_sum_of_the_windows() -> None:
    kept = account()
    windows = [kept.add(rates(spikes=spikes), spikes * SECOND_NS) for spikes in (1, 2, 3)]
    total = kept.total()
    assert total is not None
    assert total["window_s"] == 3.0
    for field in ("ticks", "spikes", "synaptic_events", "dynamic_pj", "dense_macs"):
        assert total[field] == sum(window[field] for window in windows)


def test_without_windows_there_is_no_total() -> None:
    assert account().total() is None


def test_a_reset_begins_a_new_total() -> None:
    kept = account()
    kept.add(rates(), SECOND_NS)
    kept.reset()
    assert kept.total() is None


def test_another_network_begins_a_new_total() -> None:
    kept = account()
    kept.add(rates("one"), SECOND_NS)
    kept.add(rates("two"), 2 * SECOND_NS)
    total = kept.total()
    assert total is not None
    assert (total["network"], total["window_s"]) == ("two", 1.0)
