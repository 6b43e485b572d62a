"""Map a network onto the cores of TrueNorth: neurons, axons, and the ticks that spikes take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.retiming import Path, Timing, retimed
from neuromorphic_ros.backends.truenorth.chip import (
    AXONS,
    CORES,
    MAX_DELAY,
    NEURONS,
    TICK_MS,
)
from neuromorphic_ros.backends.truenorth.core import Core
from neuromorphic_ros.backends.truenorth.fan_out import Aim, Fan, fan_out, send, targets_of
from neuromorphic_ros.backends.truenorth.filling import Axon, Filling, fill
from neuromorphic_ros.backends.truenorth.layer import Integers, Layer, Loss, layers, refused
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec


class Inputs(NamedTuple):
    """Where the spikes of channels go: those of channel k to first[k] up to before first[k + 1].

    axon: uint32[n], counted through all cores. delay: int64[n], ticks until they arrive.
    """

    first: Integers
    axon: npt.NDArray[np.uint32]
    delay: Integers


class PopulationFit(NamedTuple):
    """How a population is mapped.

    lag_ticks: how much later its neurons fire than in the network. fan_out: `direct`, `copies` or
    `splitters`. axons_per_source: mean over its sources and cores. relative_refractory: whether
    its refractory period is one that input shortens.
    """

    name: str
    loss: Loss
    lag_ticks: int
    fan_out: str
    axons_per_source: float
    relative_refractory: bool


class Slowed(NamedTuple):
    """Spikes within a loop of populations that take longer than the network asks for [ticks]."""

    pre: str
    post: str
    delay_ticks: int
    takes_ticks: int


class Mapping(NamedTuple):
    """A network on cores.

    axons: of each core, what its axons carry, in order. neuron: int64[neurons], in execution order,
    where each is, counted through all cores. scale: float64[neurons], integers per unit of their
    membranes. copied: int64[copies, 2], the neuron of each copy, and where it is. taken: neurons of
    each core in use. of: of each post of axons, the place of the population that it is, or whose
    accumulators it is. copies, splitters, accumulators: how many neurons there are for fan-out and
    fan-in.
    """

    spec: NetworkSpec
    cores: tuple[Core, ...]
    axons: tuple[tuple[Axon, ...], ...]
    inputs: Inputs
    neuron: Integers
    scale: npt.NDArray[np.float64]
    copied: Integers
    taken: tuple[int, ...]
    of: tuple[int, ...]
    populations: tuple[PopulationFit, ...]
    slowed: tuple[Slowed, ...]
    copies: int
    splitters: int
    accumulators: int


def map_network(spec: NetworkSpec) -> Mapping:
    """Return a network on cores.

    Raises NetworkError that names what does not fit, the limit and a way out.
    """
    if reasons := _refused(spec):
        raise NetworkError("; ".join(reasons))
    made, of = layers(spec)
    cores: list[Filling] = []
    neuron = np.concatenate([fill(cores, index, layer) for index, layer in enumerate(made)])
    targets = targets_of(cores)
    read = {each.population for each in spec.readouts}
    populations = len(spec.populations)
    fans = [
        fan_out(
            cores,
            layer,
            neuron,
            targets,
            spec.channels,
            index < populations and layer.population.name in read,
        )
        for index, layer in enumerate(made)
    ]
    paths = _paths(spec, made, fans)
    timing = retimed(len(made) + 1, paths)
    takes = _takes(paths, timing)
    _check_delays(made, paths, takes)
    for index, (layer, fan) in enumerate(zip(made, fans, strict=True)):
        for own, emitters in enumerate(fan.emitters):
            aims = targets[spec.channels + layer.begin + own]
            spare = len(emitters.places) - len(aims)
            for place, aim in zip(emitters.places[spare:], aims, strict=True):
                ticks = takes[index, aim.carried.post, aim.carried.delay] - emitters.late
                send(cores, place, aim.core, aim.axon, ticks)
    return Mapping(
        spec=spec,
        cores=tuple(core.core for core in cores),
        axons=tuple(tuple(core.axons) for core in cores),
        inputs=_inputs(spec.channels, targets, takes, len(made)),
        neuron=neuron[: spec.neurons],
        scale=np.concatenate([layer.scale for layer in made[:populations]]),
        copied=np.array(
            [
                (layer.begin + own, place)
                for layer, fan in zip(made[:populations], fans, strict=False)
                for own, emitters in enumerate(fan.emitters)
                for place in emitters.places[1:]
                if fan.kind == "copies"
            ],
            np.int64,
        ).reshape(-1, 2),
        taken=tuple(core.taken for core in cores),
        of=of,
        populations=tuple(
            PopulationFit(
                layer.population.name,
                layer.loss,
                lag,
                fan.kind,
                axons_per_source,
                layer.relative_refractory,
            )
            for layer, lag, fan, axons_per_source in zip(
                made, timing.lags, fans, _spread(cores, populations), strict=False
            )
        ),
        slowed=tuple(
            Slowed(
                made[path.pre].population.name, made[path.post].population.name, path.delay, delay
            )
            for path, delay in zip(paths, timing.delays, strict=True)
            if delay > path.delay
        ),
        copies=sum(fan.copies for fan in fans),
        splitters=sum(fan.splitters for fan in fans),
        accumulators=len(neuron) - spec.neurons,
    )


Takes = dict[tuple[int, int, int], int]
"""Ticks that spikes take, by the populations they go from and to and their delay in the network."""


def refusals(spec: NetworkSpec) -> tuple[str, ...]:
    """Return why a network cannot be mapped, as far as that shows before neurons have places."""
    return _refused(spec) if spec.neurons > CORES * NEURONS else _refused(spec) + refused(spec)


def _refused(spec: NetworkSpec) -> tuple[str, ...]:
    """Return why nothing of a network is mapped at all."""
    reasons = []
    if spec.neurons > CORES * NEURONS:
        reasons.append(
            f"network '{spec.name}' has {spec.neurons} neurons, a chip of TrueNorth "
            f"{CORES * NEURONS}; choose smaller populations"
        )
    if spec.dt_ms < TICK_MS:
        reasons.append(
            f"network '{spec.name}': a tick of {spec.dt_ms:g} ms is shorter than that of "
            f"TrueNorth, {TICK_MS:g} ms; choose dt_ms: {TICK_MS:g}"
        )
    reasons += [
        f"projection {projection} is plastic; weights of TrueNorth are fixed: learn on backend "
        "jetson and run what was learned"
        for projection in spec.projections
        if projection.plasticity
    ]
    return tuple(reasons)


def _paths(spec: NetworkSpec, made: Sequence[Layer], fans: Sequence[Fan]) -> list[Path]:
    """Return the paths of spikes between populations; all inputs are the last population."""
    begins = np.array([layer.begin for layer in made]) + spec.channels
    found = set()
    for post, layer in enumerate(made):
        pre = np.searchsorted(begins, layer.drive.source, side="right") - 1
        found |= set(zip(pre.tolist(), layer.drive.delay.tolist(), [post] * pre.size, strict=True))
    return [
        Path(pre if pre >= 0 else len(made), post, delay, fans[pre].least if pre >= 0 else 0)
        for pre, delay, post in sorted(found)
    ]


def _takes(paths: Sequence[Path], timing: Timing) -> Takes:
    return {
        (path.pre, path.post, path.delay): delay + timing.lags[path.post] - timing.lags[path.pre]
        for path, delay in zip(paths, timing.delays, strict=True)
    }


def _check_delays(made: Sequence[Layer], paths: Sequence[Path], takes: Takes) -> None:
    for path in paths:
        ticks = takes[path.pre, path.post, path.delay]
        if path.pre < len(made) and ticks > MAX_DELAY:
            pre, post = (made[each].population.name for each in (path.pre, path.post))
            raise NetworkError(
                f"spikes from '{pre}' to '{post}' must wait for {ticks} ticks so that they meet "
                f"those on longer ways; TrueNorth delays by {MAX_DELAY} at most: choose a shorter "
                "delay or a shorter chain of populations beside it"
            )


def _inputs(
    channels: int,
    targets: dict[int, list[Aim]],
    takes: Takes,
    inputs: int,
) -> Inputs:
    aims = [targets[channel] for channel in range(channels)]
    flat = [aim for each in aims for aim in each]
    return Inputs(
        first=np.cumsum([0, *map(len, aims)]),
        axon=np.array([aim.core * AXONS + aim.axon for aim in flat], np.uint32),
        delay=np.array(
            [takes[inputs, aim.carried.post, aim.carried.delay] for aim in flat], np.int64
        ),
    )


def _spread(cores: Sequence[Filling], populations: int) -> list[float]:
    """Return the mean number of axons of a source in a core that hears it, by population."""
    counts = [
        Counter((each.post, each.source, each.delay) for each in filling.axons) for filling in cores
    ]
    axons, heard = np.zeros((2, populations), np.int64)
    for count in counts:
        for (post, _, _), times in count.items():
            if 0 <= post < populations:
                axons[post] += times
                heard[post] += 1
    with np.errstate(invalid="ignore"):
        return [float(share) for share in axons / heard]
