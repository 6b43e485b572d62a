"""How well what some hardware made of a recording agrees with the same network in float."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from neuromorphic_ros.pipeline.outputs import SPIKES, TWIST_STAMPED, OutputMessage
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.spike_agreement import spike_agreement
from neuromorphic_ros.spikes import SpikeBatch, merge

RATE_WINDOW_NS = 100_000_000


class Trace:
    """What a replay published that can be compared: spikes of populations, and commands."""

    def __init__(self, spec: NetworkSpec) -> None:
        """Start with nothing."""
        self.spec = spec
        self._pieces: dict[str, list[SpikeBatch]] = {each.name: [] for each in spec.populations}
        self.commands: dict[int, tuple[float, float]] = {}

    def add(self, output: OutputMessage) -> None:
        """Take a message; others than spikes of populations and TwistStamped are ignored."""
        fields = output.fields
        if output.type == SPIKES and fields["population"] in self._pieces:
            shape = tuple(int(extent) for extent in fields["shape"])
            time_ns = fields["header"]["stamp"] + fields["offset_ns"].astype(np.int64)
            batch = SpikeBatch(shape, fields["address"], time_ns)
            self._pieces[fields["population"]].append(batch)
        elif output.type == TWIST_STAMPED:
            twist = fields["twist"]
            velocity = float(twist["linear"]["x"]), float(twist["angular"]["z"])
            self.commands[fields["header"]["stamp"]] = velocity

    def spikes(self, population: str) -> SpikeBatch:
        """Return all spikes of a population."""
        empty = SpikeBatch.empty(self.spec.population(population).shape)
        return merge([empty, *self._pieces[population]])


class PopulationAgreement(NamedTuple):
    """Of one population: share of spikes in common, 0 to 1, once what it lags by is taken off.

    spikes: in the same tick. rates: in the same 100 ms. fired, reference_fired: how many there are.
    """

    spikes: float
    rates: float
    lag_ticks: int
    fired: int
    reference_fired: int


class CommandAgreement(NamedTuple):
    """Root mean square of the differences of commands with the same stamp, and of the reference's.

    NaN: there is none to compare. unmatched: commands that only one of the two has.
    """

    compared: int
    unmatched: int
    linear_rms_m_s: float
    angular_rms_rad_s: float
    reference_linear_rms_m_s: float
    reference_angular_rms_rad_s: float


class Agreement(NamedTuple):
    """Of a run with the reference; by population, and of the commands."""

    populations: Mapping[str, PopulationAgreement]
    commands: CommandAgreement


def agreement(trace: Trace, reference: Trace, lag_ticks: Mapping[str, int]) -> Agreement:
    """Compare a run with the reference; lag_ticks: by population, that the run comes later."""
    populations = {
        each.name: _population(trace, reference, each.name, lag_ticks.get(each.name, 0))
        for each in trace.spec.execution_order()
    }
    return Agreement(populations, _commands(trace, reference))


def document(agreed: Agreement) -> dict[str, Any]:
    """Return an agreement as JSON has it; null: nothing to compare."""
    commands = agreed.commands._asdict().items()
    return {
        "populations": {name: each._asdict() for name, each in agreed.populations.items()},
        "commands": {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in commands
        },
    }


def _population(trace: Trace, reference: Trace, name: str, lag_ticks: int) -> PopulationAgreement:
    dt_ns = trace.spec.dt_ns
    late, given = trace.spikes(name), reference.spikes(name)
    spikes = SpikeBatch(late.shape, late.address, late.time_ns - lag_ticks * dt_ns)
    return PopulationAgreement(
        spikes=spike_agreement(spikes, given, dt_ns),
        rates=spike_agreement(spikes, given, max(dt_ns, RATE_WINDOW_NS)),
        lag_ticks=lag_ticks,
        fired=len(spikes),
        reference_fired=len(given),
    )


def _commands(trace: Trace, reference: Trace) -> CommandAgreement:
    stamps = sorted(trace.commands.keys() & reference.commands.keys())
    unmatched = len(trace.commands.keys() ^ reference.commands.keys())
    if not stamps:
        return CommandAgreement(0, unmatched, *[math.nan] * 4)
    given = np.array([reference.commands[stamp] for stamp in stamps])
    change = np.array([trace.commands[stamp] for stamp in stamps]) - given
    differences, size = (np.sqrt(np.mean(each**2, axis=0)) for each in (change, given))
    return CommandAgreement(len(stamps), unmatched, *differences.tolist(), *size.tolist())
