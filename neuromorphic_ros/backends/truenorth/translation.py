"""Say the neurons of a population in the integers of TrueNorth, or refuse them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.truenorth.codebook import Codebook
from neuromorphic_ros.backends.truenorth.neuron import (
    LIMITS,
    RESET_LINEAR,
    RESET_TO_VALUE,
    Neurons,
    idle,
)
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import as_numpy
from neuromorphic_ros.snn.neurons.leaky import If, Lif
from neuromorphic_ros.snn.spec import Population

_WEIGHT = LIMITS["weight"][1]
_LEAK = LIMITS["leak"][1]
_THRESHOLD = LIMITS["threshold"][1]
# What float32 may lose of a weight must not cost a spike.
_ROUNDING = 1e-6
# A threshold of so many units may be higher by one: that is a hundredth of it at most.
_FINE = 100

Floats = npt.NDArray[np.float64]


class Dynamics(NamedTuple):
    """A population as its membranes move, in its own units and from rest.

    Per neuron, float64: gain, the jump of the membrane per unit of weight; threshold; leak, added
    in every tick, of `lif` taken off towards rest; floor, NaN if there is none; initial.
    decay: what is left of the membrane of a `lif` after a tick. refractory: in ticks.
    """

    gain: Floats
    threshold: Floats
    leak: Floats
    floor: Floats
    initial: Floats
    decay: Floats
    leaky: bool
    subtract: bool
    strict: bool
    refractory: int

    def of(self, neurons: npt.NDArray[np.int64]) -> Dynamics:
        """Return some of the neurons."""
        return Dynamics(
            self.gain[neurons],
            self.threshold[neurons],
            self.leak[neurons],
            self.floor[neurons],
            self.initial[neurons],
            self.decay[neurons],
            *self[6:],
        )


class Translation(NamedTuple):
    """Neurons in integers.

    neurons: NEURON[n], without destinations. float64[n]: scale, integers per unit of the membrane;
    threshold_error, leak_error: by rounding, as shares of the threshold; of the leak, per tick.
    """

    neurons: Neurons
    scale: Floats
    threshold_error: Floats
    leak_error: Floats


def dynamics(population: Population, bias: Floats, dt_ms: float) -> Dynamics:
    """Return how the membranes of a population move; bias: its constant input by neuron.

    The leak of `lif` is linear on TrueNorth. It is set to half of what the exponential takes at the
    threshold, the mean between rest and threshold, so that the rates are the same for strong input;
    the weakest constant input that fires is half of that of `lif`. A linear leak does not end what
    inhibition does, so there is a floor where `lif` would settle under a threshold of inhibition
    per tick. Its refractory period becomes one that input shortens: a reset so far below rest that
    the leak needs the period to return.
    Raises NetworkError that names what TrueNorth does not have, and what to choose instead.
    """
    neuron = population.neuron
    where = f"population '{population.name}'"
    if population.graph:
        raise NetworkError(
            f"{where}: TrueNorth has no graphs, as {population.model} is; run it on backend "
            "jetson, or choose populations of if or lif"
        )
    if not isinstance(neuron, (If, Lif)):
        raise NetworkError(
            f"{where}: TrueNorth has no neurons of model {population.model}; choose if or lif"
        )
    rules = neuron.rules(dt_ms)
    for has, what, instead in (
        (rules.multi_spike, "multi_spike", "false: a neuron fires once per tick at most"),
        (rules.reset_next_tick, "reset_in: next_tick", "same_tick"),
        (rules.lower_first, "lower_first", "false"),
    ):
        if has:
            raise NetworkError(f"{where}: TrueNorth has no {what}; choose {instead}")

    def each(value: Any) -> Floats:
        return np.array(np.broadcast_to(as_numpy(value), population.shape), np.float64).ravel()

    constants = neuron.constants(dt_ms)
    leaky = isinstance(neuron, Lif)
    gain = each(constants.gain)
    rest = each(neuron.rest) if isinstance(neuron, Lif) else np.zeros(population.size)
    threshold = each(neuron.threshold) - rest
    drift = each(neuron.bias) + gain * bias
    if np.any(threshold <= 0):
        raise NetworkError(f"{where}: its threshold is not above its rest; choose a lower rest")
    if not rules.subtract and np.any(each(neuron.reset_value) != rest):
        raise NetworkError(
            f"{where}: its reset_value is not its rest; choose the same, or reset: subtract"
        )
    if leaky and np.any(drift != 0):
        raise NetworkError(
            f"{where}: TrueNorth has one leak per neuron, either towards rest or constant; choose "
            "lif without bias, or if"
        )
    floor = each(np.nan) if neuron.floor is None else each(neuron.floor) - rest
    if np.any(floor > 0):
        raise NetworkError(f"{where}: its floor is above its rest; choose a lower floor")
    if rules.refractory and (not leaky or rules.subtract or neuron.floor is not None):
        raise NetworkError(
            f"{where}: on TrueNorth a refractory period is a reset far below rest, from which a "
            "leak returns; choose lif with reset: hard and without floor, or refractory_ms: 0"
        )
    decay = each(constants.decay)
    if leaky and neuron.floor is None and not rules.refractory:
        with np.errstate(divide="ignore"):
            floor = -threshold / (1 - decay)
    return Dynamics(
        gain=gain,
        threshold=threshold,
        leak=(1 - decay) * threshold / 2 if leaky else drift,
        floor=floor,
        initial=each(neuron.state().membrane) - rest,
        decay=decay,
        leaky=leaky,
        subtract=rules.subtract,
        strict=rules.strict,
        refractory=neuron.refractory_ticks(dt_ms),
    )


def translate(population: str, dynamics: Dynamics, book: Codebook) -> Translation:
    """Return a population in integers; book: the values of its weights, times gain.

    Each neuron has the scale at which its values, threshold and leak are rounded the least.
    Raises NetworkError if a threshold is too high for the weights, or a leak too slow or too fast
    for a refractory period.
    """
    scale, errors = _scale(population, dynamics, book.values)
    neurons = idle(scale.size)
    neurons["weight"] = np.rint(book.values * scale[:, None])
    neurons["threshold"] = _integer_threshold(dynamics, scale)
    neurons["leak"] = np.rint(dynamics.leak * scale)
    if dynamics.leaky:
        # A leak too slow for an integer still keeps sums that equal the threshold from firing.
        lost = (neurons["leak"] == 0) & (dynamics.leak > 0)
        neurons["threshold"] += lost & (neurons["threshold"] >= _FINE)
        # The chip leaks after a tick's input, lif before: its threshold is lower by one leak.
        neurons["threshold"] -= neurons["leak"]
        neurons["reset_value"] = -dynamics.refractory * neurons["leak"]
        _check_refractory(population, dynamics, neurons)
        neurons["leak"] *= -1
        neurons["leak_reversal"] = 1
    neurons["reset_mode"] = RESET_LINEAR if dynamics.subtract else RESET_TO_VALUE
    neurons["saturate"] = 1
    floor = np.nan_to_num(-dynamics.floor * scale, nan=_THRESHOLD)
    neurons["negative_threshold"] = np.rint(np.minimum(floor, _THRESHOLD))
    neurons["initial"] = np.rint(np.clip(dynamics.initial * scale, -_THRESHOLD, _THRESHOLD))
    return Translation(neurons, scale, *errors)


def _check_refractory(population: str, dynamics: Dynamics, neurons: Neurons) -> None:
    low, _ = LIMITS["reset_value"]
    if dynamics.refractory and not np.all((neurons["leak"] > 0) & (neurons["reset_value"] >= low)):
        raise NetworkError(
            f"population '{population}': a refractory period of {dynamics.refractory} ticks times "
            f"the leak of one is not within 1..{-low}; choose a shorter one or another tau_mem_ms"
        )


def rate_error(decay: float) -> float:
    """Return how far rates under the linear leak are from those of `lif`, as a share of them.

    decay: what is left of the membrane after a tick. The mean over constant input from 0 to a
    threshold per tick, with hard reset.
    """
    drive = np.linspace(0, 1, 201)[1:]
    if decay == 1:
        return 0.0
    lif = np.where(drive >= 1, 1.0, 0.0)
    slow = (drive > 1 - decay) & (drive < 1)
    if np.any(slow):
        reached = np.log1p((decay - 1) / drive[slow]) / np.log(decay)
        lif[slow] = 1 / np.ceil(reached - _ROUNDING)
    leak = (1 - decay) / 2
    linear = np.zeros(drive.size)
    linear[drive > leak] = 1 / np.ceil((1 - leak) / (drive[drive > leak] - leak) - _ROUNDING)
    return float(np.sum(np.abs(linear - lif)) / np.sum(lif))


def _integer_threshold(dynamics: Dynamics, scale: Floats) -> Floats:
    """Return the integers that fire: the next at or above, above if strict; like scale."""
    threshold = dynamics.threshold.reshape(-1, *[1] * (scale.ndim - 1)) * scale
    if dynamics.strict:
        return np.floor(threshold * (1 + _ROUNDING)) + 1
    return np.ceil(threshold * (1 - _ROUNDING))


def _relative(rounded: Floats, exact: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(exact == 0, 0.0, np.abs(rounded / exact - 1))


def _scale(
    population: str, dynamics: Dynamics, values: Floats
) -> tuple[Floats, tuple[Floats, Floats]]:
    """Return the scale of each neuron, and the errors of threshold and leak there."""
    largest = np.max(np.abs(values), axis=1)
    largest = np.where(largest > 0, largest, dynamics.threshold)
    # From the finest on, which is taken if others are as good.
    scales = np.arange(_WEIGHT, 0, -1) / largest[:, None]
    leak = dynamics.leak[:, None] * scales
    threshold = _integer_threshold(dynamics, scales)
    exact = dynamics.threshold[:, None] * scales
    fits = (np.abs(leak) <= _LEAK) & (threshold <= _THRESHOLD)
    if not np.all(np.any(fits, axis=1)):
        neuron = int(np.flatnonzero(~np.any(fits, axis=1))[0])
        raise NetworkError(
            f"population '{population}', neuron {neuron}: a threshold of "
            f"{dynamics.threshold[neuron]:g} or leak of {dynamics.leak[neuron]:g} per tick is too "
            f"large for weights of {largest[neuron]:g}; a threshold has 18 bits, a leak 8; choose "
            "larger weights or a lower threshold"
        )
    threshold_error = _relative(threshold - dynamics.strict, exact)
    leak_error = _relative(np.rint(leak), leak)
    scaled = values[:, None, :] * scales[:, :, None]
    value_error = np.sum(_relative(np.rint(scaled), scaled) ** 2, axis=2)
    total = value_error + threshold_error**2 + leak_error**2
    best = np.argmin(np.where(fits, np.round(total, 9), np.inf), axis=1)
    neurons = np.arange(best.size)
    lost = np.abs(np.rint(leak) - leak) / exact
    return scales[neurons, best], (threshold_error[neurons, best], lost[neurons, best])
