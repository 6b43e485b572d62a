"""Run a sequence of values through a liquid state machine, and return what is read at each step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.energy.price import price
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.answering import answering
from neuromorphic_ros.pipeline.energy_account import Hardware, priced_on
from neuromorphic_ros.pipeline.liquid import Drive, Liquid
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.spike_processing import MAX_S, MAX_TICKS, ProcessingError
from neuromorphic_ros.snn.spec import NetworkSpec


class ProcessedSequence(NamedTuple):
    """What came of it.

    output: float32 (steps, outputs), the membranes that are read after each step. energy_pj:
    priced, static energy included where it is known. latency_us: time of the computation.
    """

    output: npt.NDArray[np.float32]
    energy_pj: float
    latency_us: float


def liquid_of(spec: NetworkSpec, step_ticks: int) -> Liquid:
    """Take a network as a liquid that reads values from 0 to 1, each for some ticks.

    It has one input of shape (values, fields), and one population whose neurons do not spike, which
    is read: the traces of the liquid, or a trained readout.
    Raises NetworkError if it is another.
    """
    read = [each.name for each in spec.populations if not each.neuron.spikes]
    if len(read) != 1:
        raise NetworkError(
            f"network '{spec.name}' has {len(read)} populations that do not spike; of a liquid one "
            "is read"
        )
    shape = spec.inputs[0].shape if len(spec.inputs) == 1 else ()
    values = shape[0] if len(shape) == 2 else 1
    drive = Drive(low=(0.0,) * values, high=(1.0,) * values, ticks=step_ticks, seed=spec.seed)
    return Liquid(spec, drive, *read)


def process(
    liquid: Liquid,
    sequence: npt.NDArray[np.float64],
    hardware: Hardware,
    clock_s: Callable[[], float] = time.perf_counter,
) -> ProcessedSequence:
    """Run a sequence, (steps, values), from the state in which the liquid is.

    Raises ProcessingError if it takes longer than 10 s.
    """
    before, begun_s = liquid.counts(), clock_s()
    output = np.empty((len(sequence), liquid.size), np.float32)
    for step, sample in enumerate(sequence):
        if clock_s() - begun_s > MAX_S:
            raise ProcessingError(f"stopped after {MAX_S:g} s in step {step}: ask for less")
        output[step] = liquid.step(sample).ravel()
    latency_us = 1e6 * (clock_s() - begun_s)
    counts = liquid.counts().since(before)
    seconds = counts.ticks * liquid.network.spec.dt_ms * 1e-3
    return ProcessedSequence(output, price(counts, seconds, *hardware).total_pj, latency_us)


class SequenceProcessing:
    """Process sequences with a liquid, which keeps its state between them."""

    def __init__(self, network: str, step_ticks: int, hardware: str, baseline: str) -> None:
        """Price on a hardware model; step_ticks: how long a step lasts.

        Raises NetworkError if the network is unknown or no liquid, HardwareModelError if a model
        is unknown.
        """
        self._liquid = liquid_of(find_network(network), step_ticks)
        self._hardware = priced_on(hardware, baseline)
        self._lock = threading.Lock()

    def prepare(
        self, sequence: npt.ArrayLike, steps: int, *, reset: bool
    ) -> Callable[[], ProcessedSequence | str]:
        """Check untrusted values and return what processes them, for another thread.

        sequence: row-major, steps x values of the liquid, 0..1. reset: begin at rest. It returns
        why it could not if it could not. Raises ProcessingError naming the value and its limits.
        """
        values = np.asarray(sequence, np.float64)
        drive = self._liquid.drive
        if steps < 1 or values.size != steps * drive.channels:
            raise ProcessingError(
                f"{values.size} entries of sequence are not {steps} steps of {drive.channels} "
                "values, which the liquid reads"
            )
        if steps * drive.ticks > MAX_TICKS:
            raise ProcessingError(
                f"{steps} steps of {drive.ticks} ticks: at most {MAX_TICKS} ticks are run at once"
            )
        outside = values[~((values >= 0) & (values <= 1))]
        if outside.size:
            raise ProcessingError(f"entry {outside[0]:g} of sequence is outside of 0..1")

        def work() -> ProcessedSequence:
            if reset:
                self._liquid.reset()
            rows = values.reshape(steps, drive.channels)
            return process(self._liquid, rows, self._hardware)

        return answering(work, self._lock)
