"""The cores of TrueNorth against the equations of the paper, written down once more and slowly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.backends.truenorth.chip import AXONS, NEURONS
from neuromorphic_ros.backends.truenorth.core import Core
from neuromorphic_ros.backends.truenorth.neuron import (
    LIMITS,
    NO_CORE,
    POTENTIAL_MAX,
    POTENTIAL_MIN,
    idle,
)
from neuromorphic_ros.backends.truenorth.simulator import Simulator
from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn.tick_spikes import TickSpikes

WIDE = 2**64


def mix(state: int) -> int:
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % WIDE
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % WIDE
    return state ^ (state >> 31)


def rho(seed: int, tick: int, neuron: int, place: int, bits: int) -> int:
    key = mix((seed + 0x9E3779B97F4A7C15 * (tick + 1)) % WIDE)
    return mix((key + 0x9E3779B97F4A7C15 * (512 * neuron + place + 1)) % WIDE) >> (64 - bits)


def sgn(x: int) -> int:
    return 1 if x > 0 else -1 if x < 0 else 0


def clip(v: int) -> int:
    return POTENTIAL_MAX if v > POTENTIAL_MAX else POTENTIAL_MIN if v < POTENTIAL_MIN else v


class Reference:
    """The equations, one neuron after the other; neurons as idle ones are left out."""

    def __init__(self, cores: list[Core], seed: int) -> None:
        self.cores, self.seed, self.t = cores, seed, 0
        self.scheduled: set[tuple[int, int, int]] = set()
        still = idle(1)[0]
        self.live = [
            (c, j)
            for c, core in enumerate(cores)
            for j in range(NEURONS)
            if core.neurons[j] != still
        ]
        self.v = {(c, j): int(cores[c].neurons[j]["initial"]) for c, j in self.live}

    def tick(self, axons: list[int]) -> list[int]:
        self.scheduled |= {(self.t, a // AXONS, a % AXONS) for a in axons}
        arrived = [
            sorted(a for t, d, a in self.scheduled if t == self.t and d == c)
            for c in range(len(self.cores))
        ]
        fired = []
        for c, j in self.live:
            n, number = self.cores[c].neurons[j], c * NEURONS + j
            v = self.v[c, j]
            total = 0
            for a in arrived[c]:
                if self.cores[c].crossbar[a, j]:
                    g = self.cores[c].axon_type[a]
                    s, b = int(n["weight"][g]), int(n["stochastic_weight"][g])
                    f = abs(s) >= rho(self.seed, self.t, number, a, 8)
                    total += (1 - b) * s + b * f * sgn(s)
            v = clip(v + total)
            leak, c_leak, e = (int(n[x]) for x in ("leak", "stochastic_leak", "leak_reversal"))
            omega = (1 - e) + e * sgn(v)
            f = abs(leak) >= rho(self.seed, self.t, number, 256, 8)
            v = clip(v + omega * ((1 - c_leak) * leak + c_leak * f * sgn(leak)))
            eta = rho(self.seed, self.t, number, 257, 18) & (2 ** int(n["mask_bits"]) - 1)
            alpha, beta, r = (int(n[x]) for x in ("threshold", "negative_threshold", "reset_value"))
            gamma, kappa = int(n["reset_mode"]), int(n["saturate"])
            if v >= alpha + eta:
                fired.append(number)
                if n["destination_core"] != NO_CORE:
                    axon = (int(n["destination_core"]), int(n["destination_axon"]))
                    self.scheduled.add((self.t + int(n["delay"]), *axon))
                v = (gamma == 0) * r + (gamma == 1) * (v - (alpha + eta)) + (gamma == 2) * v
            elif v < -(beta * kappa + (beta + eta) * (1 - kappa)):
                v = -beta * kappa + (1 - kappa) * (
                    -(gamma == 0) * r + (gamma == 1) * (v + beta + eta) + (gamma == 2) * v
                )
            self.v[c, j] = v
        self.t += 1
        return fired


def random_cores(rng: np.random.Generator, stochastic: bool, extreme: bool) -> list[Core]:
    """Some live neurons in otherwise silent cores, close to firing or with extreme values."""
    count = int(rng.integers(1, 4))
    small = {
        "weight": (-30, 40),
        "leak": (-5, 5),
        "threshold": (1, 90),
        "negative_threshold": (0, 60),
        "mask_bits": (0, 6),
        "reset_value": (-20, 20),
        "initial": (-50, 50),
    }
    cores = []
    for _ in range(count):
        neurons = idle(NEURONS)
        live = rng.choice(NEURONS, 12, replace=False)
        for field, limits in LIMITS.items():
            low, high = limits if extreme else small.get(field, limits)
            shape = neurons[field][live].shape
            drawn = rng.integers(low, high + 1, shape)
            edge = rng.choice([low, high], shape)
            neurons[field][live] = np.where(extreme & (rng.random(shape) < 0.5), edge, drawn)
        if not stochastic:
            for field in ("stochastic_weight", "stochastic_leak", "mask_bits"):
                neurons[field] = 0
        neurons["destination_core"][live] = rng.integers(NO_CORE, count, live.size)
        crossbar = np.zeros((AXONS, NEURONS), np.bool_)
        crossbar[:, live] = rng.random((AXONS, live.size)) < 0.6
        cores.append(Core(rng.integers(0, 4, AXONS).astype(np.uint8), crossbar, neurons))
    return cores


def by_tick(ticks: list[list[int]]) -> TickSpikes:
    flat = np.array([address for tick in ticks for address in tick], np.uint32)
    return TickSpikes(flat, np.cumsum([0, *map(len, ticks)]))


def unpacked(spikes: TickSpikes) -> list[list[int]]:
    parts = (spikes.between(tick, tick + 1).address for tick in range(spikes.ticks))
    return [part.tolist() for part in parts]


@settings(max_examples=40, deadline=None)
@given(
    number=st.integers(0, 2**32), seed=st.integers(0, 2**63), modes=st.tuples(*[st.booleans()] * 2)
)
def test_random_cores_do_what_the_equations_say(number: int, seed: int, modes: Any) -> None:
    rng = np.random.default_rng(number)
    cores = random_cores(rng, *modes)
    simulator, reference = Simulator(cores, seed), Reference(cores, seed)
    channels = len(cores) * AXONS
    ticks = [sorted(set(rng.integers(0, channels, 20 * len(cores)).tolist())) for _ in range(25)]
    assert unpacked(simulator.run(by_tick(ticks))) == [reference.tick(tick) for tick in ticks]
    potential = simulator.potential
    assert {place: potential[place] for place in reference.v} == reference.v


def one_neuron(**fields: Any) -> Core:
    """A core whose neuron 0 is driven by axons 0 to 3 of types 0 to 3."""
    neurons = idle(NEURONS)
    for field, value in fields.items():
        neurons[field][0] = value
    crossbar = np.zeros((AXONS, NEURONS), np.bool_)
    crossbar[:4, 0] = True
    types = np.zeros(AXONS, np.uint8)
    types[:4] = range(4)
    return Core(types, crossbar, neurons)


def trace(core: Core, ticks: list[list[int]]) -> tuple[list[int], list[int]]:
    """Return the ticks in which neuron 0 fires, and its potential after each."""
    simulator = Simulator([core])
    fired, potentials = [], []
    for tick, axons in enumerate(ticks):
        if simulator.run(by_tick([axons])).address.size:
            fired.append(tick)
        potentials.append(int(simulator.potential[0, 0]))
    return fired, potentials


def test_a_type_selects_the_weight_and_the_threshold_itself_fires() -> None:
    core = one_neuron(weight=[1, 2, 3, -4], threshold=6, negative_threshold=9)
    assert trace(core, [[0], [1], [3], [2], [0, 1, 2]]) == ([4], [1, 3, -1, 2, 0])


@pytest.mark.parametrize(
    ("mode", "saturate", "after", "below"),
    [(0, 0, 5, -5), (0, 1, 5, -7), (1, 0, 2, -1), (1, 1, 2, -7), (2, 0, 12, -8), (2, 1, 12, -7)],
)
def test_the_six_reset_modes(mode: int, saturate: int, after: int, below: int) -> None:
    core = one_neuron(
        weight=[12, -8, 0, 0],
        threshold=10,
        negative_threshold=7,
        reset_mode=mode,
        reset_value=5,
        saturate=saturate,
    )
    assert trace(core, [[0]]) == ([0], [after])
    assert trace(core, [[1]]) == ([], [below])


def test_a_leak_goes_one_way_or_by_the_sign_of_the_potential() -> None:
    monotonic = one_neuron(initial=-5, leak=-2, threshold=99, negative_threshold=99)
    assert trace(monotonic, [[]] * 3)[1] == [-7, -9, -11]
    convergent = one_neuron(
        initial=-5, leak=-2, leak_reversal=1, threshold=99, negative_threshold=99
    )
    assert trace(convergent, [[]] * 4)[1] == [-3, -1, 1, -1]
    divergent = one_neuron(initial=-5, leak=2, leak_reversal=1, threshold=99, negative_threshold=9)
    assert trace(divergent, [[]] * 2)[1] == [-7, -9]
    rest = one_neuron(leak=2, leak_reversal=1, threshold=99)
    assert trace(rest, [[]])[1] == [0]


@pytest.mark.parametrize("delay", [1, 2, 15])
def test_a_spike_arrives_after_its_delay(delay: int) -> None:
    sender = one_neuron(
        weight=[1, 0, 0, 0], threshold=1, destination_core=1, destination_axon=2, delay=delay
    )
    receiver = one_neuron(weight=[0, 0, 1, 0], threshold=1)
    fired = Simulator([sender, receiver]).run(by_tick([[0], *[[]] * 20]))
    assert unpacked(fired)[0] == [0]
    assert [tick for tick, spikes in enumerate(unpacked(fired)) if NEURONS in spikes] == [delay]


def test_spikes_that_arrive_together_at_an_axon_are_one() -> None:
    assert trace(one_neuron(weight=[3, 0, 0, 0], threshold=99), [[0, 0, 0]])[1] == [3]


def test_the_potential_stays_within_20_bits() -> None:
    up = one_neuron(initial=POTENTIAL_MAX - 1, leak=255, threshold=1, reset_mode=2)
    assert trace(up, [[]])[1] == [POTENTIAL_MAX]
    down = one_neuron(initial=POTENTIAL_MIN + 1, leak=-255, threshold=1, reset_mode=2)
    assert trace(down, [[]])[1] == [POTENTIAL_MIN]


def test_stochastic_modes_have_the_probabilities_of_the_paper() -> None:
    ticks = 20_000
    synapse = one_neuron(
        weight=[63, 0, 0, 0], stochastic_weight=1, threshold=LIMITS["threshold"][1]
    )
    simulator = Simulator([synapse], seed=5)
    simulator.run(by_tick([[0]] * ticks))
    assert simulator.potential[0, 0] / ticks == pytest.approx(64 / 256, abs=0.02)

    leak = one_neuron(leak=127, stochastic_leak=1, threshold=LIMITS["threshold"][1])
    simulator = Simulator([leak], seed=5)
    simulator.run(by_tick([[]] * ticks))
    assert simulator.potential[0, 0] / ticks == pytest.approx(128 / 256, abs=0.02)

    threshold = one_neuron(weight=[4, 0, 0, 0], threshold=1, mask_bits=4, reset_mode=0)
    fired = Simulator([threshold], seed=5).run(by_tick([[0]] * ticks))
    # The potential rises by 4 until it reaches 1 plus a number of 0 to 15.
    mean_ticks = 1 + 12 / 16 + 12 * 8 / 256 + 12 * 8 * 4 / 4096
    assert ticks / fired.address.size == pytest.approx(mean_ticks, rel=0.02)


def test_the_same_seed_is_the_same_run_and_another_is_not() -> None:
    cores = random_cores(np.random.default_rng(3), stochastic=True, extreme=False)
    drive = by_tick([list(range(0, 60, 2))] * 60)
    simulator = Simulator(cores, seed=1)
    first = simulator.run(drive)
    simulator.reset()
    again = simulator.run(drive)
    assert first.address.tobytes() == again.address.tobytes()
    assert first.first.tobytes() == again.first.tobytes()
    other = Simulator(cores, seed=2).run(drive)
    assert first.address.tobytes() != other.address.tobytes()


def test_ticks_may_be_run_one_by_one() -> None:
    cores = random_cores(np.random.default_rng(4), stochastic=True, extreme=False)
    drive = [list(range(tick, 200, 9)) for tick in range(40)]
    single = Simulator(cores)
    parts = [unpacked(single.run(by_tick([tick])))[0] for tick in drive]
    assert parts == unpacked(Simulator(cores).run(by_tick(drive)))
    assert sum(map(len, parts)) > 0
    assert single.ticks == 40


def test_all_neurons_may_fire_in_every_tick() -> None:
    neurons = idle(NEURONS)
    neurons["threshold"] = 0
    core = Core(np.zeros(AXONS, np.uint8), np.zeros((AXONS, NEURONS), np.bool_), neurons)
    fired = Simulator([core]).run(by_tick([[]] * 50))
    assert np.diff(fired.first).tolist() == [NEURONS] * 50
    assert fired.address.tolist() == list(range(NEURONS)) * 50


def test_ticks_that_move_a_neuron_are_counted() -> None:
    simulator = Simulator([one_neuron(weight=[1, -1, 2, 0], threshold=99, negative_threshold=99)])
    simulator.run(by_tick([[0], [], [0, 1], [3], [2, 1]]))
    assert simulator.driven[0, 0] == 2
    assert simulator.driven.sum() == 2


def test_arrivals_are_counted_by_axon() -> None:
    simulator = Simulator([one_neuron(), one_neuron()])
    simulator.run(by_tick([[3, AXONS + 1], [3]]))
    simulator.reset()
    assert not np.any(simulator.driven)
    assert np.argwhere(simulator.arrivals).tolist() == [[0, 3], [1, 1]]
    assert simulator.arrivals[0, 3] == 2


@pytest.mark.parametrize(
    ("spikes", "complaint"),
    [
        (
            TickSpikes(np.array([256], np.uint32), np.array([0, 1])),
            "axon 256 is not among the 256 there are",
        ),
        (TickSpikes(np.array([1], np.uint32), np.array([0, 2])), "does not divide 1 addresses"),
        (TickSpikes(np.array([1], np.uint32), np.array([0, 1, 0, 1])), "does not divide"),
        (TickSpikes(np.array([1], np.uint32), np.array([], np.int64)), "does not divide"),
        (
            TickSpikes(np.array([1], np.uint32), np.array([0, 1]), np.array([2], np.float32)),
            "has an amount",
        ),
    ],
)
def test_spikes_that_do_not_fit_are_refused(spikes: TickSpikes, complaint: str) -> None:
    simulator = Simulator([one_neuron()])
    with pytest.raises(SpikeError, match=complaint):
        simulator.run(spikes)
    assert simulator.ticks == 0


def test_cores_beyond_the_limits_are_refused() -> None:
    with pytest.raises(NetworkError, match="core 0, neuron 0: leak 256"):
        Simulator([one_neuron(leak=256)])
