"""Drive a liquid by sampled values in population code, and read its traces at every sample."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.encoding.population import PopulationCode, PopulationParameters
from neuromorphic_ros.encoding.rate import Spiking
from neuromorphic_ros.encoding.value_range import relative
from neuromorphic_ros.errors import NetworkError, SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.reservoir import TRACE, ReservoirParameters, reservoir_network
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

Values = npt.NDArray[np.float64]
Traces = npt.NDArray[np.float32]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Drive:
    """How values drive a liquid.

    low, high: of each channel; values outside are clipped.
    """

    low: Annotated[tuple[float, ...], Field(min_length=1, max_length=1024)]
    high: Annotated[tuple[float, ...], Field(min_length=1, max_length=1024)]
    ticks: Annotated[int, Field(ge=1, le=10_000, description="Ticks that a sample lasts [1]")] = 100
    spiking: Annotated[Spiking, Field(description="How spikes of a field are spaced")] = "regular"
    seed: Annotated[int, Field(ge=0, lt=2**63, description="Of all that is random")] = 0

    def __post_init__(self) -> None:
        if len(self.low) != len(self.high):
            raise ValueError(f"low has {len(self.low)} channels, high {len(self.high)}")
        if not all(low < high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError(f"low {self.low} must be below high {self.high}")

    @property
    def channels(self) -> int:
        """Number of values in a sample."""
        return len(self.low)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LiquidParameters(Drive):
    """A liquid and how values drive it."""

    reservoir: ReservoirParameters
    dt_ms: Annotated[float, Field(ge=0.01, le=1000, description="Tick [ms]")] = 1.0
    fields: Annotated[int, Field(ge=3, le=1024, description="Receptive fields a channel [1]")] = 12


def made_liquid(parameters: LiquidParameters) -> Liquid:
    """Make a liquid from its seed; raises NetworkError if its synapses form no loop."""
    p = parameters
    channels = (p.channels, p.fields)
    return Liquid(reservoir_network(p.reservoir, channels, p.dt_ms, p.seed), p)


class Liquid:
    """A liquid at batch 1, on the streaming engine.

    Each value drives receptive fields, of which one at its centre spikes in every tick.
    """

    def __init__(self, network: NetworkSpec, drive: Drive, read: str = TRACE) -> None:
        """Take a network as `reservoir_network` makes it, with one row of fields for each value.

        read: population whose membranes are read, the traces or a readout of them.
        Raises NetworkError if it is another.
        """
        shapes = [source.shape for source in network.inputs]
        if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][0] != drive.channels:
            raise NetworkError(
                f"network '{network.name}' has inputs of {shapes}; a liquid of {drive.channels} "
                f"values needs one of ({drive.channels}, fields)"
            )
        self.drive = drive
        self.read, self.size = read, network.population(read).size
        self.network = StreamingNetwork(network)
        self._low, self._high = np.array(drive.low), np.array(drive.high)
        self._dt_ns = network.dt_ns
        self._coding = PopulationParameters(
            fields=shapes[0][1],
            max_rate_hz=min(1e3 / network.dt_ms, 1e4),
            hold_ms=drive.ticks * network.dt_ms,
            spiking=drive.spiking,
        )
        self._code = PopulationCode(*shapes[0], (drive.seed, 4))
        self._now_ns = 0

    def reset(self) -> None:
        """Return to rest, as after construction; the counts go on."""
        self.network.reset()
        self._code.reset()
        self._now_ns = 0

    def step(self, values: npt.ArrayLike) -> Traces:
        """Run one sample, of as many values as channels, and return what is read after it.

        Raises SensorError, with the liquid as before, for another number of values or one that is
        not finite.
        """
        sample = np.asarray(values, np.float64)
        if sample.shape != self._low.shape or not np.all(np.isfinite(sample)):
            raise SensorError(
                f"sample {sample.tolist()} is not of {self._low.size} finite values, which this "
                "liquid needs"
            )
        position = relative(sample, self._low, self._high).values
        spikes = self._code.encode(position, self._now_ns, self._coding)
        ticks = self.drive.ticks
        # Rounding of the period puts a spike at the end of the sample at most.
        tick = np.minimum((spikes.time_ns - self._now_ns) // self._dt_ns, ticks - 1)
        self.network.run(TickSpikes(spikes.address, np.searchsorted(tick, np.arange(ticks + 1))))
        self._now_ns += ticks * self._dt_ns
        return np.asarray(self.network.membrane(self.read))

    def run(self, values: npt.ArrayLike) -> Traces:
        """Run samples, [steps, channels]; returns float32[steps, neurons]; raises as `step`."""
        samples = np.asarray(values, np.float64)
        traces = np.empty((len(samples), self.size), np.float32)
        for now, sample in enumerate(samples):
            traces[now] = self.step(sample)
        return traces

    def counts(self) -> Counts:
        """Return the counts since construction."""
        return self.network.counts()
