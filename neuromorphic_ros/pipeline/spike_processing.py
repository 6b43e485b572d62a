"""Run a network on given spikes, from rest and apart from the one that drives the robot."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.base import Compile, Runner, learner
from neuromorphic_ros.energy.price import price
from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.pipeline.answering import answering
from neuromorphic_ros.pipeline.core import SpikingCore
from neuromorphic_ros.pipeline.energy_account import Hardware, priced_on
from neuromorphic_ros.snn.learned_weights import LearnedWeights
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import DOPAMINE
from neuromorphic_ros.snn.tick_spikes import TickSpikes

MAX_ENTRIES = 10_000_000
MAX_TICKS = 1_000_000
MAX_S = 10.0
# Between two looks at the time.
CHUNK_TICKS = 1000


class ProcessingError(NeuromorphicError, ValueError):
    """A request that cannot be processed, or would take too long."""


class Batch(NamedTuple):
    """What to process.

    spikes: (rows, channels); an entry that is not 0 is a spike in every tick. ticks: of each row.
    reward: -1 to 1, tonic dopamine while it runs; with 0 nothing learns.
    """

    spikes: npt.NDArray[np.float32]
    ticks: int
    reward: float


class Processed(NamedTuple):
    """What came of it.

    spike_count: uint32 (rows, outputs), in the order of `output_neurons`. energy_pj: priced,
    static energy included where it is known. latency_us: time of the computation.
    learned: what a network that learned from a reward has learned, else none.
    """

    spike_count: npt.NDArray[np.uint32]
    energy_pj: float
    energy_per_spike_pj: float
    latency_us: float
    learned: LearnedWeights | None


def batch_of(
    spec: NetworkSpec, spikes: npt.ArrayLike, rows: int, ticks: int, reward: float
) -> Batch:
    """Check untrusted values; spikes: row-major, rows x channels of all inputs.

    Raises ProcessingError naming the value and its limits.
    """
    flat = np.asarray(spikes, np.float32)
    if rows < 1 or flat.size != rows * spec.channels:
        raise ProcessingError(
            f"{flat.size} spikes are not {rows} rows of the {spec.channels} channels of network "
            f"'{spec.name}'"
        )
    if not np.isfinite(flat).all():
        raise ProcessingError("an entry of spikes is NaN or infinite")
    if flat.size > MAX_ENTRIES or not 1 <= ticks <= MAX_TICKS // rows:
        raise ProcessingError(
            f"{rows} rows of {ticks} ticks and {spec.channels} channels: at most {MAX_TICKS} ticks "
            f"of all rows and {MAX_ENTRIES} entries are processed at once, and at least a tick"
        )
    if not -1 <= reward <= 1:
        raise ProcessingError(f"reward {reward} is outside of -1..1")
    if reward and not spec.learns:
        raise ProcessingError(f"reward {reward}: network '{spec.name}' has nothing that learns")
    return Batch(flat.reshape(rows, spec.channels), ticks, reward)


def output_neurons(spec: NetworkSpec) -> npt.NDArray[np.int64]:
    """Return addresses of the outputs, flat over all neurons in execution order.

    They are the neurons of the populations that readouts read; without readouts, of those that no
    other population hears; without such, all.
    """
    read = {readout.population for readout in spec.readouts}
    ends = [(spec.end(each.pre).name, spec.end(each.post).name) for each in spec.projections]
    heard = {pre for pre, post in ends if pre != post}
    order = spec.execution_order()
    found: list[npt.NDArray[np.int64]] = []
    begin = 0
    for population in order:
        size = math.prod(population.shape)
        if population.name in read if read else population.name not in heard:
            found.append(np.arange(begin, begin + size))
        begin += size
    return np.concatenate(found) if found else np.arange(begin)


def process(
    runner: Runner,
    batch: Batch,
    hardware: Hardware,
    learned: LearnedWeights | None = None,
    clock_s: Callable[[], float] = time.perf_counter,
) -> Processed:
    """Run every row from rest.

    learned: to begin with; each row goes on from what the one before has learned.
    Raises ProcessingError if it takes longer than 10 s, and NeuromorphicError as the runner does.
    """
    teachable = learner(runner)
    if teachable:
        if learned is not None:
            teachable.restore(learned)
        teachable.freeze = not batch.reward
        if DOPAMINE in teachable.modulators:
            teachable.dopamine = batch.reward
    outputs = output_neurons(runner.spec)
    before = runner.counts()
    rows = np.empty((len(batch.spikes), outputs.size), np.uint32)
    begun_s = clock_s()
    for index, row in enumerate(batch.spikes):
        runner.reset()
        fired = np.zeros(runner.spec.neurons, np.int64)
        channels = np.flatnonzero(row).astype(np.uint32)
        for first in range(0, batch.ticks, CHUNK_TICKS):
            if clock_s() - begun_s > MAX_S:
                raise ProcessingError(f"stopped after {MAX_S:g} s in row {index}: ask for less")
            ticks = min(CHUNK_TICKS, batch.ticks - first)
            starts = np.arange(ticks + 1, dtype=np.int64) * channels.size
            spikes = runner.run(TickSpikes(np.tile(channels, ticks), starts)).one_by_one()
            fired += np.bincount(spikes.address, minlength=fired.size)
        rows[index] = fired[outputs]
    latency_us = 1e6 * (clock_s() - begun_s)
    counts = runner.counts().since(before)
    seconds = rows.shape[0] * batch.ticks * runner.spec.dt_ms * 1e-3
    energy_pj = price(counts, seconds, *hardware).total_pj
    spikes_of_all = int(counts.spikes.sum())
    return Processed(
        rows,
        energy_pj,
        energy_pj / spikes_of_all if spikes_of_all else math.nan,
        latency_us,
        teachable.learned_weights() if teachable and batch.reward else None,
    )


class SpikeProcessing:
    """Process spikes with a network of one's own, as the one of a core is and has learned."""

    def __init__(
        self,
        core: SpikingCore,
        compile_network: Compile,
        hardware: str,
        baseline: str,
    ) -> None:
        """Price on a hardware model; raises HardwareModelError if one is unknown."""
        self._core = core
        self._spec = core.runner.spec
        self._compile = compile_network
        self._hardware = priced_on(hardware, baseline)
        self._runner: Runner | None = None
        self._lock = threading.Lock()

    def prepare(
        self, spikes: npt.ArrayLike, rows: int, ticks: int, reward: float
    ) -> Callable[[], Processed | str]:
        """Check untrusted values and return what processes them, for another thread.

        It returns why it could not if it could not. Raises ProcessingError as `batch_of` does.
        """
        batch = batch_of(self._spec, spikes, rows, ticks, reward)
        learning = self._core.learning
        learned = learning.learned() if learning else None

        def work() -> Processed:
            # Compiled when it is first asked for: it takes memory as the live one does.
            self._runner = self._runner or self._compile(self._spec)
            return process(self._runner, batch, self._hardware, learned)

        return answering(work, self._lock)

    def take_over(self, processed: Processed) -> None:
        """Let the core go on from what was learned by a reward; what it learned itself is lost."""
        if self._core.learning and processed.learned:
            self._core.learning.restore(processed.learned)
