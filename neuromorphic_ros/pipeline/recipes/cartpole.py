"""A pole on a cart, balanced by a network whose weights were evolved in closed loop."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.learning import evolution
from neuromorphic_ros.learning.classification import wilson
from neuromorphic_ros.learning.evolution import EvolutionParameters
from neuromorphic_ros.pipeline.closed_loop import drive
from neuromorphic_ros.pipeline.measurement import Measurement
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.recipes.recipe import Made, Source, Training
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.simulation.cart_pole import FULL_STEPS, RANGES, STEP_NS, CartPole
from neuromorphic_ros.simulation.sensor_sample import SensorSample
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection, Readout
from neuromorphic_ros.snn.streaming import StreamingNetwork

CLASSES = ("upright", "fallen")
TOPICS = {"joints": "/joint_states"}
# Episodes of training never are among those of a measurement.
FIRST_TRAINING_SEED = 1000
MEASURED_SEEDS = range(100)

GENERATIONS, EPISODES = 50, 4
SEARCH = EvolutionParameters(step=0.2, candidates=12)

_MOTORS = ("motor[0]", "motor[3]")
_CHANNELS = 4

Weights = npt.NDArray[np.float64]


class Episode(NamedTuple):
    """One episode: how many steps it lasted, and what it took.

    loss: the share of the steps that it missed, and the mean of the squared deviations of cart and
    pole, as measured, in shares of their ranges.
    """

    steps: int
    loss: float
    counts: Counts


def network(weights: Weights) -> NetworkSpec:
    """Return the network for float64[16]: of each motor and joint, of (2, 2) channels."""
    ends = [(joint, motor) for motor in _MOTORS for joint in RANGES]
    return NetworkSpec(
        name="cartpole",
        dt_ms=1.0,
        inputs=tuple(
            Input(
                joint,
                (2, 2),
                "joints",
                "joint_rate",
                {
                    "joint": joint,
                    "range_position": position,
                    "range_velocity": velocity,
                    "max_rate_hz": 1000.0,
                },
            )
            for joint, (position, velocity) in RANGES.items()
        ),
        populations=(
            Population("motor", (4,), Lif(tau_mem_ms=20.0, reset="subtract", floor=-1.0)),
        ),
        projections=tuple(
            Projection(joint, motor, Array(part[:, None]))
            for (joint, motor), part in zip(ends, weights.reshape(-1, _CHANNELS), strict=True)
        ),
        # The cart is pushed by the sign alone.
        readouts=(
            Readout(
                "cmd_vel",
                "differential_drive",
                "motor",
                {"linear_gain_m_s": 0.5, "tau_ms": 20.0},
            ),
        ),
    )


def episode(spec: NetworkSpec, seed: int) -> Episode:
    """Let a network balance an episode, as the robot's nodes would run it."""
    runner = StreamingNetwork(dataclasses.replace(spec, seed=seed))
    plant = CartPole(seed)
    deviations = []
    for moment in drive(Pipeline(runner), plant, TOPICS, (FULL_STEPS + 1) * STEP_NS):
        if plant.in_collision:
            break
        deviations += [_deviation(sample) for sample in moment.samples]
    plant.close()
    loss = 1.0 - plant.steps / FULL_STEPS + float(np.mean(deviations))
    return Episode(plant.steps, loss, runner.counts())


def _deviation(sample: SensorSample) -> float:
    ranges = np.array([position for position, _ in RANGES.values()])
    return float(np.mean((sample.fields["position"] / ranges) ** 2))


def evolve(training: Training) -> NetworkSpec:
    """Evolve the weights from none on; every generation has episodes of its own."""
    generator = np.random.default_rng(training.seed)
    state = evolution.start(SEARCH, np.zeros(len(_MOTORS) * len(RANGES) * _CHANNELS))
    generations = GENERATIONS if training.epochs is None else training.epochs
    training.progress("evolving", 0, generations)
    for number in range(generations):
        candidates = evolution.ask(SEARCH, state, generator)
        seeds = generator.integers(FIRST_TRAINING_SEED, 2**31, EPISODES).tolist()
        episodes = [[episode(network(each), seed) for seed in seeds] for each in candidates]
        losses = np.array([np.mean([one.loss for one in each]) for each in episodes])
        state = evolution.tell(SEARCH, state, candidates, losses)
        steps = np.mean([one.steps for each in episodes for one in each])
        words = f"generation {number + 1}: {steps:.0f} steps, least loss {losses.min():.4f}"
        training.progress(words, number + 1, generations)
    return network(state.mean)


class CartPoleRecipe(NamedTuple):
    """The recipe."""

    name: str = "cartpole"
    task: str = (
        "keep the pole of CartPole-v1 up for 500 steps, with 1 % of noise and pushes 20 ms late"
    )
    classes: tuple[str, ...] = CLASSES
    source: Source = Source(
        name="gymnasium's CartPole-v1",
        citation="Barto, Sutton & Anderson, Neuronlike adaptive elements that can solve difficult "
        "learning control problems, IEEE Transactions on Systems, Man, and Cybernetics 13, 1983",
        licence="MIT",
        file=str(share_directory()),
        ships=True,
        licence_of_weights="Apache-2.0",
    )
    split: str = (
        f"episodes of seeds {MEASURED_SEEDS[0]} to {MEASURED_SEEDS[-1]}; those of training are "
        f"{FIRST_TRAINING_SEED} and more"
    )

    def make(self, path: Path, training: Training) -> Made:
        """Evolve in simulation, whatever `path` is, and measure."""
        spec = evolve(training)
        return Made(spec, self.measure(spec, path))

    def measure(self, spec: NetworkSpec, path: Path) -> Measurement:
        """Measure on the episodes that are held out, whatever `path` is."""
        del path
        return measured([episode(spec, seed) for seed in MEASURED_SEEDS])


def measured(episodes: list[Episode]) -> Measurement:
    """Return the share of full episodes, and that of all steps that were kept."""
    full = sum(each.steps == FULL_STEPS for each in episodes)
    counts = episodes[0].counts
    for each in episodes[1:]:
        counts = counts.plus(each.counts)
    figures = {
        "full_episodes": full / len(episodes),
        "kept_steps": float(np.mean([each.steps for each in episodes])) / FULL_STEPS,
    }
    # All are to end upright.
    confusion = np.array([[full, len(episodes) - full], [0, 0]])
    length_ms = FULL_STEPS * STEP_NS / 1e6
    interval = wilson(full, len(episodes))
    return Measurement("full_episodes", figures, interval, confusion, counts, length_ms)


RECIPE = CartPoleRecipe()
