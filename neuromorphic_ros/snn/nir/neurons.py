"""Neuron nodes of NIR as neuron models, under conventions."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.snn.array import Array, as_numpy
from neuromorphic_ros.snn.neurons.cuba import CubaLi, CubaLif
from neuromorphic_ros.snn.neurons.leaky import If, Integrator, Li, Lif, decay_of
from neuromorphic_ros.snn.neurons.model import Neuron
from neuromorphic_ros.snn.nir.conventions import Conventions, Floor, InputScale
from neuromorphic_ros.snn.nir.linear import one_or_each
from neuromorphic_ros.spikes import Shape

Values = npt.NDArray[np.float64]
# r dt / tau is meant to be 1 in many files, and is not quite, for float32 was used on the way.
NEARLY = 1e-6


def neuron(node: Any, shape: Shape, conventions: Conventions) -> Neuron:
    """Return the model of a neuron node.

    Raises pydantic's ValidationError or ValueError naming a parameter that is out of range.
    """
    # Time constants of zero are refused by the models.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return _neuron(node, _Reading(node, shape, conventions))


def _neuron(node: Any, reading: _Reading) -> Neuron:
    conventions = reading.c
    if isinstance(node, nir.Threshold):
        # A membrane that keeps nothing.
        return Lif(
            tau_mem_ms=conventions.dt_ms,
            integrator="euler",
            threshold=reading.value("threshold"),
            strict=conventions.strict,
        )
    if isinstance(node, nir.I):
        return Integrator(resistance_per_s=reading.resistance_per_s())
    if isinstance(node, nir.IF):
        return If(
            resistance_per_s=reading.resistance_per_s(), **reading.firing(conventions.if_floor)
        )
    if isinstance(node, nir.LIF):
        return Lif(
            **reading.membrane("tau", conventions.lif_input), **reading.firing(conventions.floor)
        )
    if isinstance(node, nir.LI):
        return Li(**reading.membrane("tau", conventions.li_input))
    if isinstance(node, nir.CubaLIF):
        return CubaLif(
            **reading.membrane("tau_mem", conventions.lif_input),
            **reading.synapse(),
            **reading.firing(conventions.floor),
        )
    return CubaLi(**reading.membrane("tau_mem", conventions.li_input), **reading.synapse())


def memoryless(dt_ms: float) -> Li:
    """Return a readout whose membrane is its input of the tick: what leaves a graph unspiked."""
    return Li(tau_mem_ms=dt_ms, integrator="euler")


class _Reading:
    def __init__(self, node: Any, shape: Shape, conventions: Conventions) -> None:
        self._node, self._shape, self.c = node, shape, conventions

    def array(self, field: str) -> Values:
        return np.asarray(getattr(self._node, field), np.float64)

    def value(self, field: str) -> float | Array:
        return self._each(self.array(field))

    def membrane(self, tau: str, scale: InputScale) -> dict[str, Any]:
        tau_ms = self._time_ms(tau)
        decay = decay_of(as_numpy(self._each(tau_ms)), self.c.dt_ms, self.c.integrator)
        initial: float | Array | None = 0.0 if self.c.initial == "zero" else None
        if self.c.initial == "reset" and hasattr(self._node, "v_reset"):
            initial = self.value("v_reset")
        return {
            "tau_mem_ms": self._each(tau_ms),
            "integrator": self.c.integrator,
            "resistance": self._resistance(scale, decay),
            "rest": self.value("v_leak"),
            "initial": initial,
        }

    def synapse(self) -> dict[str, Any]:
        tau_ms = self._time_ms("tau_syn")
        decay = decay_of(tau_ms, self.c.dt_ms, self.c.integrator)
        share = {"scaled": 1.0 - decay, "jump": np.ones_like(decay), "decayed": decay}
        gain = np.broadcast_to(self.array("w_in"), decay.shape) * share[self.c.synapse_input]
        return {
            "tau_syn_ms": self._each(tau_ms),
            "input_gain": 1.0 if _is_one(gain) else self._each(gain),
            "input_in": self.c.synapse_in,
        }

    def firing(self, floor: Floor) -> dict[str, Any]:
        bounds: dict[Floor, Any] = {
            "none": None,
            "minus_threshold": self._each(-self.array("v_threshold")),
        }
        fields = {
            "threshold": self.value("v_threshold"),
            "reset": self.c.reset,
            "reset_value": self.value("v_reset"),
            "reset_in": self.c.reset_in,
            "lower_first": self.c.lower_first,
            "strict": self.c.strict,
            "multi_spike": self.c.multi_spike,
            "floor": bounds.get(floor, floor),
        }
        if isinstance(self._node, nir.IF) and self.c.initial == "reset":
            fields["initial"] = fields["reset_value"]
        return fields

    def resistance_per_s(self) -> float | Array | None:
        per_tick = self.array("r") * self.c.dt_ms * 1e-3
        if self.c.if_input != "scaled" or _is_one(per_tick):
            return None
        return self.value("r")

    def _resistance(self, scale: InputScale, decay: Any) -> float | Array | None:
        if scale == "decayed":
            return self._each(decay / (1.0 - decay))
        if scale == "jump" or (
            # The exact synapse decays within the tick, so its gain is another.
            not (hasattr(self._node, "tau_syn") and self.c.integrator == "exact")
            and _is_one(self.array("r") * (1.0 - decay))
        ):
            return None
        return self.value("r")

    def _time_ms(self, field: str) -> Values:
        return self.array(field) * (1e3 * self.c.time_scale)

    def _each(self, values: Any) -> float | Array:
        return one_or_each(values, self._shape)


def _is_one(gain: Any) -> bool:
    return bool(np.all(np.abs(np.asarray(gain) - 1.0) < NEARLY))
