"""A network that learns on the robot: how fast, how far, and what is kept of it."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.backends.base import Learner, Runner, learner
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.pipeline.health import Health
from neuromorphic_ros.snn.learned_weights import LearnedWeights, projection_names
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import DOPAMINE, REWARD
from neuromorphic_ros.snn.weights import Values

PERIOD_NS = 1_000_000_000


@dataclass(frozen=True, config=STRICT)
class LearningParameters:
    """How plastic projections learn."""

    rate: Annotated[
        float, Field(ge=0, le=1000, description="Factor of the learning rates of all rules")
    ] = 1.0
    freeze: Annotated[bool, Field(description="Whether weights stay as they are")] = False
    max_drift: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Change of the weights of a projection since the network file, root mean "
            "square in parts of w_max - w_min, beyond which nothing learns; 1: no limit",
        ),
    ] = 1.0


class OnlineLearning:
    """Hold learning to its parameters, whichever variant of the network runs.

    parameters: assign to change them. drift: of each plastic projection at the last look, once per
    second of the network's time, so that a replay stops learning where the robot did.
    """

    def __init__(self, main: Learner) -> None:
        """Learn from the weights of the network file on; main: runs the whole network."""
        self._main = self._runner = main
        self._initial = main.learned_weights()
        self._range = _ranges(main.spec)
        self._next_ns = 0
        self.drift: dict[str, float] = dict.fromkeys(self._initial.weights, 0.0)
        self._parameters = LearningParameters()
        self.parameters = self._parameters

    @property
    def parameters(self) -> LearningParameters:
        """The parameters in force."""
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: LearningParameters) -> None:
        self._parameters = parameters
        self._apply()

    @property
    def modulators(self) -> tuple[str, ...]:
        """Which of reward, dopamine and serotonin have an effect on the whole network."""
        return self._main.modulators

    @property
    def stopped_by(self) -> str:
        """The projection that has drifted too far; empty: none."""
        beyond = [name for name, x in self.drift.items() if x > self._parameters.max_drift]
        return beyond[0] if beyond else ""

    def taken_over(self, runner: Runner) -> None:
        """Go on with a variant, or from rest, after the state of the one before was adopted."""
        self._runner = learner(runner) or self._main
        self._next_ns = 0
        self._apply()

    def restore(self, learned: LearnedWeights) -> None:
        """Go on from what was learned; raises NetworkError, unchanged, if it does not fit."""
        self._main.restore(learned)
        if self._runner is not self._main:
            self._runner.adopt_weights(self._main)
        self._look()

    def modulate(self, modulator: str, level: float) -> None:
        """Reward by an amount, or set the level of dopamine or serotonin; -1 to 1."""
        if modulator not in self._runner.modulators:
            return  # a variant may leave out what it acts on
        if modulator == REWARD:
            self._runner.reward(level)
        elif modulator == DOPAMINE:
            self._runner.dopamine = level
        else:
            self._runner.serotonin = level

    def ran(self, stop_ns: int) -> None:
        """Note that the network has run up to a time."""
        if stop_ns >= self._next_ns:
            self._next_ns = (stop_ns // PERIOD_NS + 1) * PERIOD_NS
            self._look()

    def learned(self) -> LearnedWeights:
        """Return the weights of the whole network as they are now."""
        if self._runner is not self._main:
            self._main.adopt_weights(self._runner)
        return self._main.learned_weights()

    def health(self) -> Health:
        """Return what the diagnostics should say."""
        values: dict[str, object] = {
            f"drift of {name}": f"{100 * drift:.1f} % of the range"
            for name, drift in self.drift.items()
        }
        if name := self.stopped_by:
            message = (
                f"learning has stopped: {name} has drifted beyond learning.max_drift; raise it, or "
                "remove the learned weights to begin anew"
            )
            return Health("warn", message, values)
        if not self.drift:
            return Health("ok", "nothing learns; dopamine gates dendrites", values)
        if self._parameters.freeze:
            return Health("ok", "frozen: the weights stay as they are", values)
        return Health("ok", f"learning at {self._parameters.rate:g} times the rates", values)

    def _look(self) -> None:
        weights = self.learned().weights
        self.drift = {
            name: _drift(weight, self._initial.weights[name], self._range[name])
            for name, weight in weights.items()
        }
        self._apply()

    def _apply(self) -> None:
        freeze = self._parameters.freeze or bool(self.stopped_by)
        self._runner.learning_rate, self._runner.freeze = self._parameters.rate, freeze


def _drift(weight: Values, initial: Values, extent: float) -> float:
    change = np.linalg.norm((weight - initial).ravel())
    return float(change / math.sqrt(max(1, weight.size)) / extent)


def _ranges(spec: NetworkSpec) -> dict[str, float]:
    names = projection_names(spec.projections)
    rules = [(name, each.plasticity) for name, each in zip(names, spec.projections, strict=True)]
    return {name: rule.w_max - rule.w_min for name, rule in rules if rule is not None}
