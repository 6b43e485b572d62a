from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from neuromorphic_ros.energy.hardware_model import Energy, HardwareModel, Prices
from neuromorphic_ros.pipeline.energy_account import (
    EnergyAccount,
    Hardware,
    report_values,
    total_words,
)
from neuromorphic_ros.pipeline.messages import Fields, Measured

SECOND_NS = 1_000_000_000
METERED = Measured(6.0, 2.0, 1.5, "ina3221")
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


def test_a_reset_begins_a_new_total_of_the_same_network() -> None:
    kept = account()
    kept.add(rates(spikes=5), SECOND_NS, METERED)
    kept.reset()
    total = kept.total()
    assert total is not None
    assert (total["network"], total["window_s"], total["spikes"]) == ("net", 0.0, 0)
    assert (total["dynamic_pj"], total["measured_j"], total["idle_j"]) == (0.0, 0.0, 0.0)
    assert total["meter"] == "ina3221"
    window = kept.add(rates(spikes=3), 2 * SECOND_NS, METERED)
    again = kept.total()
    assert again is not None
    assert {**again, "header": None} == {**window, "header": None}


def test_a_reset_of_nothing_is_nothing() -> None:
    kept = account()
    kept.reset()
    assert kept.total() is None


def test_measured_energy_and_that_of_idling_add_up() -> None:
    kept = account()
    kept.add(rates(), SECOND_NS, METERED._replace(idle_w=math.nan))
    window = kept.add(rates(), 2 * SECOND_NS, METERED)
    assert (window["measured_j"], window["idle_j"], window["above_idle_j"]) == (6.0, 3.0, 3.0)
    total = kept.total()
    assert total is not None
    # What idles now did so before it was measured.
    assert (total["measured_j"], total["measured_s"]) == (12.0, 4.0)
    assert (total["idle_w"], total["idle_j"], total["above_idle_j"]) == (1.5, 6.0, 6.0)


def test_a_window_that_is_not_known_makes_the_total_unknown_until_a_reset() -> None:
    kept = account()
    kept.add(rates(), SECOND_NS, Measured(meter="ina3221", idle_w=1.5))
    kept.add(rates(), 2 * SECOND_NS, METERED)
    total = kept.total()
    assert total is not None
    assert math.isnan(total["measured_j"])
    assert math.isnan(total["idle_j"])
    kept.reset()
    kept.add(rates(), 3 * SECOND_NS, METERED)
    total = kept.total()
    assert total is not None
    assert total["measured_j"] == 6.0


def test_another_network_begins_a_new_total_and_the_old_one_can_be_told() -> None:
    kept = account()
    kept.add(rates("one"), SECOND_NS, METERED)
    assert kept.ended is None
    kept.add(rates("two"), 2 * SECOND_NS, METERED)
    total = kept.total()
    assert total is not None
    assert (total["network"], total["window_s"], total["measured_j"]) == ("two", 1.0, 6.0)
    assert kept.ended is not None
    assert total_words(kept.ended) == (
        "network 'one': 1.0 s, 1000 ticks, 6 spikes, at least 4.07e+03 pJ priced on board; "
        "measured: 6 J by ina3221"
    )
    kept.add(rates("two"), 3 * SECOND_NS)
    assert kept.ended is None


def test_a_core_that_starts_anew_goes_on_with_the_total() -> None:
    kept = account()
    kept.add(rates(), 500 * SECOND_NS)
    kept.add(rates(), SECOND_NS)
    total = kept.total()
    assert total is not None
    assert (total["window_s"], kept.ended) == (2.0, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"size": np.array([4, 3])},
        {"name": ["in", "renamed"]},
    ],
)
def test_other_populations_under_the_same_name_are_another_network(changes: Fields) -> None:
    kept = account()
    kept.add(rates(), SECOND_NS)
    kept.add(SimpleNamespace(**{**vars(rates()), **changes}), 2 * SECOND_NS)
    total = kept.total()
    assert total is not None
    assert total["window_s"] == 1.0
    assert kept.ended is not None


def test_a_variant_without_some_populations_is_added_by_name() -> None:
    smaller = SimpleNamespace(
        **vars(rates())
        | {name: vars(rates())[name][1:] for name in ("name", "size", "spikes")}
        | {
            name: vars(rates())[name][1:]
            for name in ("synaptic_events", "neuron_updates", "active_updates")
        }
        | {name: [] for name in ("projection", "projection_events", "plasticity_updates")}
        | {name: [] for name in ("memory_bytes", "dense_macs", "dense_bytes")}
        | {"ticks": 500}
    )
    kept = account()
    for second, window in enumerate((rates(), smaller, rates()), 1):
        kept.add(window, second * SECOND_NS)
        assert kept.ended is None
    total = kept.total()
    assert total is not None
    assert (total["ticks"], total["window_s"]) == (2500, 3.0)
    assert kept.counts is not None
    assert kept.counts.by_population() == {"in": 6, "out": 9}
    assert kept.counts.projection_events.tolist() == [60]


def test_what_is_not_measured_is_said_to_be() -> None:
    report = account().add(rates(), SECOND_NS)
    assert report_values(report)["above_idle_j"] == "not measured"
    assert total_words(report).endswith("measured: not known")
    measured = account().add(rates(), SECOND_NS, METERED)
    assert report_values(measured)["above_idle_j"] == "3.000"
