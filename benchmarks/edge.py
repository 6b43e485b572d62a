"""Compare networks in smaller precisions and pruned with the same networks in float32.

Shipped networks on recordings, and a classifier of digits that is trained here; all on one thread.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import heapq
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from behaviour import CARS, DATA, DUAL_HOKUYO, IMU_TOPICS, OWN, present, recorded, video
from reporting import Row, table

from neuromorphic_ros.compression.prune import prune
from neuromorphic_ros.compression.quantize import quantize
from neuromorphic_ros.decoding.detection import Box
from neuromorphic_ros.energy.energy_integral import EnergyState, integrate
from neuromorphic_ros.energy.meter import Meter, MeterError
from neuromorphic_ros.energy.meters.registry import AUTO, NOT_MEASURED, find_meter
from neuromorphic_ros.energy.price import price
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.pipeline.networks import find_hardware, find_network, network_names
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline
from neuromorphic_ros.power.sleep import SleepParameters
from neuromorphic_ros.simulation.sensor_sample import START_NS
from neuromorphic_ros.snn.network import TorchNetwork
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.surrogate import Arctan
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.snn.weights import Normal, Precision
from neuromorphic_ros.spikes import Addresses

ROUNDS = 11
TIMED_TICKS = 10_000
DURATION_S = 30.0
# The arithmetic of the engine is float32, whatever the storage.
HARDWARE = "horowitz_45nm_fp32"

SOURCES = {
    "camera": (CARS, ""),
    "imu": IMU_TOPICS[0],
    "scan": (DUAL_HOKUYO, "/rear_scan"),
}
OWN_TOPICS = {
    "camera": "/camera/image_raw",
    "imu": "/imu",
    "magnetometer": "/imu/mag",
    "scan": "/scan",
}
# What one spike of a motor neuron moves a command by is at most this.
SAME_LINEAR_M_S = 0.01
SAME_ANGULAR_RAD_S = 0.05
SAME_BOX = 0.5

DIGITS = Path("digits_uci_8x8/digits.npz")
DIGIT_TICKS = 16
HIDDEN = 128
EPOCHS = 25
BATCH = 64
LEARNING_RATE = 2e-3
EVERY_FIFTH, LAST_FIFTH = "every 5th held out", "last 5th held out"

Labels = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.float64]


class Configuration(NamedTuple):
    """How the weights are stored, and the share of them that is pruned before."""

    name: str
    precision: Precision
    pruned: float

    def applied(self, spec: NetworkSpec) -> NetworkSpec:
        """Return a network so pruned and stored."""
        return quantize(prune(spec, self.pruned) if self.pruned else spec, self.precision)


CONFIGURATIONS = (
    Configuration("float32", "float32", 0.0),
    Configuration("float16", "float16", 0.0),
    Configuration("int8", "int8", 0.0),
    Configuration("float16, 50 % pruned", "float16", 0.5),
    Configuration("int8, 80 % pruned", "int8", 0.8),
)


class Score(NamedTuple):
    """Share of outputs as in float32, NaN if there are none; share of right answers, if known."""

    same_outputs: float
    accuracy: float | None


class Work(NamedTuple):
    """A network with what it is to do.

    pieces: its input, in order. fresh: every piece begins from rest.
    score: of the output of a network for each piece, given that in float32.
    """

    name: str
    data: str
    spec: NetworkSpec
    pieces: Sequence[TickSpikes]
    fresh: bool
    score: Callable[[Sequence[TickSpikes], Sequence[TickSpikes]], Score]


class Recorder:
    """The streaming engine, remembering what it is given; a `Runner`."""

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        self.given: list[TickSpikes] = []
        self._network = StreamingNetwork(spec)
        self.reset, self.counts = self._network.reset, self._network.counts
        self.adopt = self._network.adopt

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes`."""
        self.given.append(spikes)
        return self._network.run(spikes)


def sensed(sensors: Sequence[str]) -> tuple[str, Iterator[tuple[int, str, Any]]]:
    """Play recordings of several sensors together, from the same start.

    Real ones if all are there, else that of the simulated robot. Returns their names, and the
    stamp [ns], sensor and content of each message in order of stamps.
    """
    real = [(*SOURCES[sensor], sensor) for sensor in sensors if sensor in SOURCES]
    there = [present(path) for path, _, _ in real]
    if all(there) and len(real) == len(sensors):
        names = " + ".join(path.name for path, _, _ in real)
        parts = [
            restamped(sensor, recorded(DATA / path, topic) if topic else video(DATA / path))
            for path, topic, sensor in real
        ]
    else:
        names = f"simulated {OWN.name}"
        parts = [restamped(sensor, recorded(OWN, OWN_TOPICS[sensor])) for sensor in sensors]
    end_ns = START_NS + round(DURATION_S * 1e9)
    return names, takewhile(lambda item: item[0] < end_ns, heapq.merge(*parts, key=stamp_of))


def stamp_of(item: tuple[int, str, Any]) -> int:
    """Return the stamp of a message of `sensed`."""
    return item[0]


def restamped(sensor: str, messages: Any) -> Iterator[tuple[int, str, Any]]:
    """Yield the messages of a sensor as if it began at START_NS."""
    begin_ns = None
    for message in messages:
        begin_ns = message.stamp_ns if begin_ns is None else begin_ns
        content, taken_ns = message.content, START_NS + message.stamp_ns - begin_ns
        sec, nanosec = divmod(taken_ns, 1_000_000_000)
        stamp = dataclasses.replace(content.header.stamp, sec=sec, nanosec=nanosec)
        header = dataclasses.replace(content.header, stamp=stamp)
        yield taken_ns, sensor, dataclasses.replace(content, header=header)


def robot_work(name: str) -> Work:
    """Let a shipped network sense a recording, and keep what its encoders give it."""
    recorder = Recorder(find_network(name))
    pipeline = Pipeline(recorder)
    pipeline.core.sleep = SleepParameters(after_s=0.0)
    data, messages = sensed(pipeline.sensors)
    decisions: list[Decision] = []
    clock_ns = START_NS
    for clock_ns, sensor, content in messages:
        # The first reading of a sensor may be one that another has yet to complete.
        with contextlib.suppress(SensorError):
            pipeline.receive(sensor, content, clock_ns)
        decisions += pipeline.advance(clock_ns)
    decisions += pipeline.advance(clock_ns + 1_000_000_000)
    order, dt_ns = recorder.spec.execution_order(), recorder.spec.dt_ns

    def decided(fired: Sequence[TickSpikes]) -> list[Decision]:
        decoders = Pipeline(recorder)
        found = []
        for decision, spikes in zip(decisions, fired, strict=True):
            start_tick = decision.step.start_ns // dt_ns
            by_node = spikes.one_by_one().by_node(order, dt_ns, start_tick)
            found.append(decoders.decide(decision.step._replace(spikes=by_node)))
        return found

    def score(fired: Sequence[TickSpikes], reference: Sequence[TickSpikes]) -> Score:
        return Score(same_decisions(decided(fired), decided(reference)), None)

    return Work(name, data, recorder.spec, recorder.given, False, score)


def same_decisions(found: Sequence[Decision], reference: Sequence[Decision]) -> float:
    """Return the share of commands and windows of detection that are the same.

    Of those in which at least one of the two networks moves the robot or sees something. The same
    is a command within the tolerances above, and as many boxes, each on one of the other.
    """
    same = []
    for mine, other in zip(found, reference, strict=True):
        velocities = [each.command and each.command.velocity for each in (mine, other)]
        if any(velocity and any(velocity) for velocity in velocities):
            one, two = ((velocity or (0.0, 0.0)) for velocity in velocities)
            near = abs(one[0] - two[0]) <= SAME_LINEAR_M_S
            same.append(near and abs(one[1] - two[1]) <= SAME_ANGULAR_RAD_S)
        same += [
            same_boxes(window.boxes, other_window.boxes)
            for window, other_window in zip(mine.detections, other.detections, strict=True)
            if window.boxes or other_window.boxes
        ]
    return float(np.mean(same)) if same else float("nan")


def same_boxes(boxes: Sequence[Box], reference: Sequence[Box]) -> bool:
    """Tell whether there are as many, and each has one that shares SAME_BOX of the union."""
    return len(boxes) == len(reference) and all(
        any(shared(box, other) >= SAME_BOX for other in reference) for box in boxes
    )


def shared(one: Box, two: Box) -> float:
    """Return intersection over union."""
    width, height = (
        max(0.0, min(a + c / 2, b + d / 2) - max(a - c / 2, b - d / 2))
        for a, c, b, d in (
            (one.center_x, one.size_x, two.center_x, two.size_x),
            (one.center_y, one.size_y, two.center_y, two.size_y),
        )
    )
    both = width * height
    return both / (one.size_x * one.size_y + two.size_x * two.size_y - both)


def digits_spec() -> NetworkSpec:
    """Return the classifier before its training."""
    neuron = Lif(tau_mem_ms=5.0, integrator="euler", reset="subtract")
    weights = Normal(mean=0.0, deviation=0.1)
    return NetworkSpec(
        name="digits",
        dt_ms=1.0,
        inputs=(Input(name="pixels", shape=(64,)),),
        populations=(
            Population(name="hidden", shape=(HIDDEN,), neuron=neuron),
            Population(name="digit", shape=(10,), neuron=neuron),
        ),
        projections=(
            Projection(pre="pixels", post="hidden", weights=weights),
            Projection(pre="hidden", post="digit", weights=weights),
        ),
    )


def rate_coded(images: Pixels) -> npt.NDArray[np.bool_]:
    """Return images (n, 8, 8) of 0 to 16 as spikes (ticks, n, 64), value times each, evenly."""
    due = np.arange(DIGIT_TICKS + 1)[:, None, None] * images.reshape(-1, 64) // DIGIT_TICKS
    return np.diff(due, axis=0) > 0


def held_out(split: str, samples: int) -> npt.NDArray[np.bool_]:
    """Return which samples are for the test."""
    index = np.arange(samples)
    return index % 5 == 4 if split == EVERY_FIFTH else index >= samples - samples // 5


def trained(spikes: npt.NDArray[np.bool_], labels: Labels) -> NetworkSpec:
    """Train the classifier on spikes (ticks, n, 64), from the same seed every time."""
    generator = torch.Generator().manual_seed(0)
    network = TorchNetwork(digits_spec(), Arctan())
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    x, y = torch.tensor(spikes, dtype=torch.float32), torch.tensor(labels)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(y), generator=generator).split(BATCH):
            fired = network(x[:, batch])[0]["digit"].sum(0)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(fired, y[batch]).backward()
            optimizer.step()
    return network.spec()


def digits_work(split: str) -> Work:
    """Train on the digits that are not held out; the work is to tell those that are."""
    with np.load(DATA / DIGITS, allow_pickle=False) as file:
        images, labels = file["images"].astype(np.float64), file["labels"].astype(np.int64)
    spikes, test = rate_coded(images), held_out(split, labels.size)
    spec = trained(spikes[:, ~test], labels[~test])
    first_output = spec.neurons - 10

    def answers(fired: Sequence[TickSpikes]) -> Labels:
        digits = [
            each.address[each.address >= first_output].astype(np.int64) - first_output
            for each in fired
        ]
        return np.array([np.bincount(each, minlength=10).argmax() for each in digits])

    def score(fired: Sequence[TickSpikes], reference: Sequence[TickSpikes]) -> Score:
        found = answers(fired)
        same = found == answers(reference)
        return Score(float(same.mean()), float((found == labels[test]).mean()))

    pieces = [by_tick(spikes[:, sample]) for sample in np.flatnonzero(test)]
    return Work("digits", split, spec, pieces, True, score)


def by_tick(raster: npt.NDArray[np.bool_]) -> TickSpikes:
    """Return spikes (ticks, channels) as addresses."""
    tick, address = np.nonzero(raster)
    first = np.searchsorted(tick, np.arange(len(raster) + 1))
    return TickSpikes(address.astype(np.uint32), first)


def outputs(network: StreamingNetwork, work: Work) -> list[TickSpikes]:
    """Run a network on all pieces."""
    fired = []
    for piece in work.pieces:
        if work.fresh:
            network.reset()
        fired.append(network.run(piece))
    return fired


def same_spikes(fired: Sequence[TickSpikes], reference: Sequence[TickSpikes]) -> float:
    """Return the share of spikes that both have, of the same neuron in the same tick (Dice)."""
    both = total = 0
    for one, two in zip(fired, reference, strict=True):
        mine, other = (
            np.repeat(np.arange(each.ticks), np.diff(each.first)) << 32 | each.address
            for each in (one, two)
        )
        both += np.intersect1d(mine, other).size
        total += mine.size + other.size
    return 2 * both / total if total else float("nan")


def tick_addresses(work: Work) -> list[Addresses]:
    """Return the input of single ticks, as many as are timed."""
    ticks: list[Addresses] = []
    for piece in work.pieces:
        ticks += np.split(piece.address, piece.first[1:-1])
        if len(ticks) >= TIMED_TICKS:
            break
    return ticks[:TIMED_TICKS]


class Pass(NamedTuple):
    """One pass over ticks: how long it took [s], and what a meter says of it."""

    seconds: float
    energy: EnergyState


def timed(network: StreamingNetwork, ticks: Sequence[Addresses], meter: Meter | None) -> Pass:
    """Time a pass over ticks from rest, one call a tick."""
    network.reset()
    step = network.step
    energy = _metered(EnergyState(), meter)
    begun = time.perf_counter()
    for address in ticks:
        step(address)
    seconds = time.perf_counter() - begun
    return Pass(seconds, _metered(energy, meter))


def _metered(energy: EnergyState, meter: Meter | None) -> EnergyState:
    if meter is None:
        return energy
    now_ns = time.monotonic_ns()
    try:
        return integrate(energy, meter.read(now_ns), now_ns)
    except MeterError:
        return integrate(energy, None, now_ns)


def mean_power_w(passes: Sequence[Pass]) -> float | None:
    """Return the power of the whole computer [W]; none: it was not measured all the time."""
    measured_s = sum(each.energy.measured_s for each in passes)
    if not measured_s or any(each.energy.unmeasured_s for each in passes):
        return None
    return sum(each.energy.energy_j for each in passes) / measured_s


def measure(work: Work, meter: Meter | None) -> Iterator[Row]:
    """Run a work in all configurations, then time these in turn."""
    networks = [StreamingNetwork(each.applied(work.spec)) for each in CONFIGURATIONS]
    fired = [outputs(network, work) for network in networks]
    counted = [network.counts() for network in networks]

    ticks = tick_addresses(work)
    # The first round fills the caches.
    rounds = [[timed(network, ticks, meter) for network in networks] for _ in range(ROUNDS + 1)][1:]
    model = find_hardware(HARDWARE)
    for index, configuration in enumerate(CONFIGURATIONS):
        counts = counted[index]
        window_s = counts.ticks * work.spec.dt_ms / 1e3
        tick_pj = price(counts, window_s, model, model).dynamic_pj / counts.ticks
        passes = [each[index] for each in rounds]
        reference = [each[0] for each in rounds]
        score = work.score(fired[index], fired[0])
        yield {
            "network": work.name,
            "data": work.data,
            "configuration": configuration.name,
            "ticks_hz": len(ticks) / statistics.median(each.seconds for each in passes),
            "speed/float32": statistics.median(
                one.seconds / two.seconds for one, two in zip(reference, passes, strict=True)
            ),
            "synapse_bytes": sum(each.bytes for each in networks[index].connections),
            "events_per_tick": counts.synaptic_events.sum() / counts.ticks,
            "priced_pj_per_tick": tick_pj,
            "priced_w": tick_pj * 1e-12 / (work.spec.dt_ms / 1e3),
            "measured_w": mean_power_w(passes),
            "same_spikes": same_spikes(fired[index], fired[0]),
            "same_outputs": score.same_outputs,
            "accuracy": score.accuracy,
        }


def shown(row: Row) -> Row:
    """Return a row as the table shows it, with words for what there is not."""
    words = {"measured_w": NOT_MEASURED, "accuracy": "no labels"}
    return {key: words[key] if value is None else value for key, value in row.items()}


def works() -> Iterator[Work]:
    """Prepare the works that there is data for, one after the other."""
    yield from map(robot_work, network_names())
    if present(DIGITS):
        yield from map(digits_work, (EVERY_FIFTH, LAST_FIFTH))


def main() -> None:
    """Measure and print, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = find_meter(AUTO, Path("/"))
    if found.meter is None:
        print(found.reason, file=sys.stderr)
    rows = [row for work in works() for row in measure(work, found.meter)]
    print(json.dumps(rows) if arguments.json else table([shown(row) for row in rows]))


if __name__ == "__main__":
    main()
