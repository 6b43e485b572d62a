"""What every backend offers: a network compiled for some hardware, run tick by tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

from neuromorphic_ros.backends.fit import Fit
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.learned_weights import LearnedWeights
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes

DEFAULT = Options()


class Runner(Protocol):
    """A compiled network with its state."""

    @property
    def spec(self) -> NetworkSpec:
        """The network that runs."""
        ...

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes`, addressed flat over all inputs.

        Returns the spikes addressed flat over all neurons in execution order.
        """
        ...

    def reset(self) -> None:
        """Return to rest; the counts go on."""
        ...

    def adopt(self, other: Runner) -> None:
        """Go on from the state of a variant of the network; what it has not starts at rest.

        Raises NetworkError if `other` runs on another backend.
        """
        ...

    def counts(self) -> Counts:
        """Return the counts since construction."""
        ...


@runtime_checkable
class Learner(Runner, Protocol):
    """A compiled network that learns, or that modulators act on, while it runs.

    learning_rate: factor of the rates of all rules. freeze: whether weights stay as they are.
    dopamine, serotonin: levels, -1 to 1; one that is not among `modulators` raises NetworkError.
    """

    learning_rate: float
    freeze: bool
    dopamine: float
    serotonin: float

    @property
    def modulators(self) -> tuple[str, ...]:
        """Which of reward, dopamine and serotonin have an effect."""
        ...

    def reward(self, amount: float) -> None:
        """Add to the phasic level of dopamine, -1 to 1; raises NetworkError as its level does."""
        ...

    def learned_weights(self) -> LearnedWeights:
        """Return a copy of the weights of the plastic projections as they are now."""
        ...

    def restore(self, learned: LearnedWeights) -> None:
        """Go on from learned weights; raises NetworkError, unchanged, if they do not fit."""
        ...

    def adopt_weights(self, other: Runner) -> None:
        """Take the weights of the plastic projections that are the same in a variant."""
        ...


def learner(runner: Runner) -> Learner | None:
    """Return the runner if its network learns, or modulators act on it, while it runs."""
    changes = runner.spec.learns or runner.spec.gated
    return runner if changes and isinstance(runner, Learner) else None


Compile = Callable[[NetworkSpec], Runner]
"""What compiles networks, with its options in it."""


class Backend(NamedTuple):
    """A kind of hardware that can run networks.

    here: literal status on a machine without the hardware; on_hardware: with it; each is `works`,
    `needs hardware` or `not implemented`. engines: what can run a network, the first by default.
    hardware: names of the models that describe it, the first by default. examine: tells how a valid
    network fits, whether it does or not.
    """

    name: str
    description: str
    here: str
    on_hardware: str
    hardware: tuple[str, ...]
    engines: tuple[str, ...]
    examine: Callable[[NetworkSpec], Fit]
    compile: Callable[[NetworkSpec, Options], Runner]

    def check(self, options: Options) -> None:
        """Raise BackendError if there is no such engine."""
        if options.engine not in ("", *self.engines):
            raise BackendError(
                f"backend '{self.name}' has no engine '{options.engine}'; there are "
                f"{', '.join(self.engines)}"
            )

    def compiled(self, spec: NetworkSpec, options: Options = DEFAULT) -> Runner:
        """Compile a network.

        Raises BackendError if there is no such engine or it is not on this machine, NetworkError if
        the network is wrong or does not fit.
        """
        self.check(options)
        return self.compile(spec, options)
