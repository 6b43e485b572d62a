"""Lava, driven live, spikes as the integer engine does, and ends with whoever drives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lava_installed import needs_lava

from neuromorphic_ros.backends.loihi.dense import FixedDense
from neuromorphic_ros.backends.loihi.engine import FixedNetwork, FixedPointEngine
from neuromorphic_ros.backends.loihi.lava_engine import LavaEngine
from neuromorphic_ros.backends.loihi.neuron import FixedLif
from neuromorphic_ros.errors import BackendError, NetworkError, SpikeError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.tick_spikes import TickSpikes

from .test_engine import STORED, network_of, tick_spikes

ROOT = Path(__file__).resolve().parents[3]
IF = FixedLif(size=2, du=4095, dv=0, vth=50)
FORWARD = FixedDense(source=0, target=0, weights=np.eye(2, dtype=int) * 30, exponent=0)
SMALL = FixedNetwork(2, (IF,), (FORWARD,))


def until_gone(group: int) -> bool:
    """Tell whether all processes of a group end within some seconds."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def assert_equal(lava: LavaEngine, ours: FixedPointEngine, spikes: TickSpikes) -> None:
    """Assert that both fire the same in every tick, and then are in the same state."""
    theirs, expected = lava.run(spikes), ours.run(spikes)
    np.testing.assert_array_equal(theirs.first, expected.first)
    np.testing.assert_array_equal(theirs.address, expected.address)
    assert (theirs.address.dtype, theirs.first.dtype) == (np.uint32, np.int64)
    np.testing.assert_array_equal(lava.u, ours.u)
    np.testing.assert_array_equal(lava.v, ours.v)


@pytest.fixture(scope="module")
def small() -> Iterator[LavaEngine]:
    """Give one engine to many tests, as a start takes a second."""
    engine = LavaEngine(SMALL)
    yield engine
    engine.close()


@needs_lava
@pytest.mark.parametrize("index", [0, 1, 2, 5])
def test_it_spikes_as_the_integer_engine_in_every_tick(index: int) -> None:
    network, driven = network_of(STORED[index]), tick_spikes(STORED[index]["input"])
    lava, ours = LavaEngine(network), FixedPointEngine(network)
    for tick in range(min(10, driven.ticks)):
        assert_equal(lava, ours, driven.between(tick, tick + 1))
    # More than Lava's buffers hold.
    again = TickSpikes(np.tile(driven.address, 3), tiled(driven.first, 3))
    assert_equal(lava, ours, again)
    for engine in (lava, ours):
        engine.reset()
    assert_equal(lava, ours, driven)
    for count in ("ticks", "spikes", "active", "synapses"):
        np.testing.assert_array_equal(getattr(lava, count), getattr(ours, count))
    lava.close()


def tiled(first: Any, times: int) -> Any:
    """Return the starts of ticks that are repeated."""
    starts = [first[:-1] + index * first[-1] for index in range(times)]
    return np.concatenate([*starts, [times * first[-1]]])


@needs_lava
def test_neurons_that_nothing_reaches_run_too() -> None:
    biased = FixedLif(size=3, du=0, dv=100, vth=20, bias_mant=Array(np.array([200.0, 90.0, 7.0])))
    start = FixedLif(size=1, du=0, dv=0, vth=1, v=65.0)
    network = FixedNetwork(2, (biased, IF, start, biased), (FORWARD._replace(target=3),))
    lava, ours = LavaEngine(network), FixedPointEngine(network)
    assert_equal(lava, ours, tick_spikes(np.ones((30, 2))))
    lava.close()


@needs_lava
def test_a_network_without_channels_runs() -> None:
    biased = FixedLif(size=2, du=0, dv=0, vth=3, bias_mant=50.0)
    own = FixedDense(source=0, target=1, weights=np.array([[-3]]), exponent=0)
    network = FixedNetwork(0, (biased, biased), (own,))
    lava, ours = LavaEngine(network), FixedPointEngine(network)
    assert_equal(lava, ours, TickSpikes(np.empty(0, np.uint32), np.zeros(21, np.int64)))
    lava.close()


@needs_lava
@pytest.mark.parametrize(("delay", "exponent"), [(1, -1), (5, 2)])
def test_delays_are_those_of_the_integer_engine(delay: int, exponent: int) -> None:
    weights = np.random.default_rng(3).integers(-60, 80, (2, 2))
    delayed = FORWARD._replace(weights=weights, delay=delay, exponent=exponent)
    network = FixedNetwork(2, (IF, IF), (FORWARD, delayed, FORWARD._replace(source=2, target=2)))
    lava, ours = LavaEngine(network), FixedPointEngine(network)
    spikes = np.random.default_rng(4).random((60, 2)) < 0.4
    for start, stop in ((0, 3), (3, 10), (10, 60)):
        assert_equal(lava, ours, tick_spikes(spikes[start:stop]))
    np.testing.assert_array_equal(lava.active, ours.active)
    lava.reset()
    ours.reset()
    assert_equal(lava, ours, tick_spikes(spikes))
    lava.close()


@needs_lava
@pytest.mark.parametrize("delay", [0, 2])
def test_channels_tell_how_often_they_spike(delay: int) -> None:
    weights = np.random.default_rng(5).integers(-20, 20, (2, 2))
    network = FixedNetwork(
        2,
        (IF,),
        (FORWARD._replace(weights=weights, delay=delay), FORWARD._replace(source=2)),
        message_bits=3,
    )
    lava, ours = LavaEngine(network), FixedPointEngine(network)
    amounts = np.random.default_rng(6).integers(0, 10, (40, 2))
    graded = tick_spikes(amounts)._replace(value=amounts[amounts > 0].astype(np.float32))
    for spikes in (graded, graded.one_by_one()):
        assert_equal(lava, ours, spikes)
    for count in ("spikes", "active"):
        np.testing.assert_array_equal(getattr(lava, count), getattr(ours, count))
    lava.close()


@needs_lava
def test_its_state_can_be_set(small: LavaEngine) -> None:
    small.reset()
    small.put(1, np.array([5]), np.array([3000]), small.rest[1:])
    assert small.u.tolist() == [0, 5]
    assert small.v.tolist() == [0, 3000]
    fired = small.run(tick_spikes([[0, 1], [0, 0]]))
    assert fired.address.tolist() == [1]


@needs_lava
def test_an_unknown_channel_is_refused_and_nothing_changes(small: LavaEngine) -> None:
    ticks = small.ticks
    with pytest.raises(SpikeError, match="address 2 is outside of 2 channels"):
        small.run(TickSpikes(np.array([2], np.uint32), np.array([0, 1])))
    assert small.ticks == ticks


def connected(**changes: Any) -> FixedNetwork:
    """Return channels and two populations with a connection."""
    return FixedNetwork(2, (IF, IF), (FORWARD._replace(**changes),))


@needs_lava
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": 1}, "2 from 1 on are not of one population"),
        ({"target": 1}, "2 from 3 on are not of one population"),
        ({"target": 3}, "2 from 5 on are not of one population"),
        ({"exponent": 8}, r"exponent 8 .* -8\.\.7"),
        ({"delay": 63}, "a delay of 63 ticks"),
    ],
)
def test_connections_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=f"connection 0: {message}"):
        LavaEngine(connected(**changes))


def test_neurons_that_lava_has_not_are_refused_by_name() -> None:
    neurons = FixedLif(size=2, du=4095, dv=0, vth=50, drop=50, refractory=2)
    network = FixedNetwork(2, (IF, neurons), (FORWARD,))
    refused = (
        "population 'out' has reset by subtraction and a refractory period, Lava's LIF has not"
    )
    with pytest.raises(NetworkError, match=refused):
        LavaEngine(network, ["hidden", "out"])
    with pytest.raises(NetworkError, match=r"population '1' has .* choose the engine `integer`"):
        LavaEngine(network)


def test_a_missing_lava_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BackendError, match="run `make lava`"):
        LavaEngine(SMALL)


@needs_lava
def test_its_processes_end_when_it_is_dropped() -> None:
    engine = LavaEngine(SMALL)
    group = engine._process.pid
    os.killpg(group, 0)
    del engine
    assert until_gone(group)


@needs_lava
def test_an_end_of_lava_is_told_and_leaves_nothing_behind() -> None:
    engine = LavaEngine(SMALL)
    os.kill(engine._process.pid, signal.SIGKILL)
    with pytest.raises(BackendError, match="Lava has ended"):
        engine.run(tick_spikes([[0, 0]]))
    assert until_gone(engine._process.pid)
    engine.reset()
    with pytest.raises(BackendError, match="Lava has ended"):
        engine.run(tick_spikes([[0, 0]]))


class Interrupted:
    """A connection on which Ctrl-C comes before the answer."""

    def send(self, request: Any) -> None:
        """Take a request."""

    def poll(self, timeout_s: float) -> bool:
        """Wait for an answer."""
        raise KeyboardInterrupt


@needs_lava
def test_after_an_interrupted_run_no_old_answer_is_taken_for_a_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = LavaEngine(SMALL)
    with monkeypatch.context() as patched:
        patched.setattr(engine, "_connection", Interrupted())
        with pytest.raises(KeyboardInterrupt):
            engine.run(tick_spikes([[0, 0]]))
    assert until_gone(engine._process.pid)
    with pytest.raises(BackendError, match="Lava has ended"):
        engine.run(tick_spikes([[0, 0]]))


DRIVER = """
import sys, time
from backends.loihi.test_lava_engine import SMALL, LavaEngine
engine = LavaEngine(SMALL)
print(engine._process.pid, flush=True)
time.sleep(60)
"""


@needs_lava
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_its_processes_end_however_their_user_does(number: signal.Signals) -> None:
    path = os.pathsep.join(map(str, (ROOT, ROOT / "test", *sys.path)))
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert driver.stdout
    group = int(driver.stdout.readline())
    driver.send_signal(number)
    driver.wait(20)
    assert until_gone(group)
