"""Evolution of real parameters where there is no gradient: CMA-ES."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.parameters import STRICT

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, config=STRICT)
class EvolutionParameters:
    """Parameters of the evolution; all others follow from the number of dimensions."""

    step: Annotated[
        float, Field(gt=0.0, le=1e6, description="deviation of the first generation [parameters]")
    ] = 0.3
    candidates: Annotated[
        int, Field(ge=4, le=10_000, description="candidates of a generation [1]")
    ] = 12


class EvolutionState(NamedTuple):
    """What the search knows.

    mean: float64[n], the best guess. step: deviation, as a factor of `covariance`, float64[n, n].
    step_path, covariance_path: float64[n], the way of the mean, forgotten by and by.
    """

    mean: Values
    step: float
    covariance: Values
    step_path: Values
    covariance_path: Values
    generation: int = 0


class _Rates(NamedTuple):
    """Constants of Hansen's tutorial, table 1, without negative weights.

    weights: float64[parents], of the best candidates. effective: how many parents they amount to.
    """

    weights: Values
    effective: float
    step_path: float
    damping: float
    covariance_path: float
    rank_one: float
    rank_all: float
    expected_length: float


def start(parameters: EvolutionParameters, mean: Values) -> EvolutionState:
    """Return a search around `mean`, float64[n]; raises LearningError if it is no finite vector."""
    if mean.ndim != 1 or not mean.size or not np.isfinite(mean).all():
        raise LearningError(f"evolution needs a finite vector to start at, not {mean}")
    zero = np.zeros(mean.size)
    return EvolutionState(mean, parameters.step, np.eye(mean.size), zero, zero)


def ask(
    parameters: EvolutionParameters, state: EvolutionState, generator: np.random.Generator
) -> Values:
    """Draw the candidates of the next generation, float64[candidates, n]."""
    deviations, axes = _axes(state)
    draws = generator.standard_normal((parameters.candidates, state.mean.size))
    asked: Values = state.mean + state.step * (draws * deviations) @ axes.T
    return asked


def tell(
    parameters: EvolutionParameters, state: EvolutionState, candidates: Values, losses: Values
) -> EvolutionState:
    """Return the search after the losses of its candidates, float64[candidates]; lower is better.

    Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772, 2016.
    Raises LearningError if shapes do not fit or a loss is not finite.
    """
    size = state.mean.size
    shapes = (parameters.candidates, size), (parameters.candidates,)
    if (candidates.shape, losses.shape) != shapes or not np.isfinite(losses).all():
        raise LearningError(
            f"evolution needs finite losses of {parameters.candidates} candidates of {size} "
            f"parameters, not {losses} of {candidates.shape}"
        )
    rates = _rates(parameters, size)
    # Losses that are equal, as of all that fail alike, keep their order.
    best = np.argsort(losses, kind="stable")[: rates.weights.size]
    moves = (candidates[best] - state.mean) / state.step
    move = rates.weights @ moves

    deviations, axes = _axes(state)
    whitened = axes @ ((axes.T @ move) / deviations)
    step_path = _faded(state.step_path, rates.step_path, rates.effective, whitened)
    length = float(np.linalg.norm(step_path))
    age = 1.0 - (1.0 - rates.step_path) ** (2 * (state.generation + 1))
    # Else the covariance would grow with a step that is far too small.
    steady = length / math.sqrt(age) < (1.4 + 2.0 / (size + 1)) * rates.expected_length
    covariance_path = _faded(
        state.covariance_path, rates.covariance_path, rates.effective, move * steady
    )
    missed = (1.0 - steady) * rates.covariance_path * (2.0 - rates.covariance_path)
    kept = 1.0 - rates.rank_one * (1.0 - missed) - rates.rank_all
    covariance = (
        kept * state.covariance
        + rates.rank_one * np.outer(covariance_path, covariance_path)
        + rates.rank_all * (moves.T * rates.weights) @ moves
    )
    growth = rates.step_path / rates.damping * (length / rates.expected_length - 1.0)
    return EvolutionState(
        state.mean + state.step * move,
        state.step * math.exp(min(growth, 1.0)),
        covariance,
        step_path,
        covariance_path,
        state.generation + 1,
    )


def _rates(parameters: EvolutionParameters, size: int) -> _Rates:
    parents = parameters.candidates // 2
    raw = math.log((parameters.candidates + 1) / 2) - np.log(np.arange(1, parents + 1))
    weights = raw / raw.sum()
    effective = float(1.0 / np.sum(weights**2))
    step_path = (effective + 2.0) / (size + effective + 5.0)
    rank_one = 2.0 / ((size + 1.3) ** 2 + effective)
    rank_all = 2.0 * (effective - 2.0 + 1.0 / effective) / ((size + 2.0) ** 2 + effective)
    overshoot = max(0.0, math.sqrt((effective - 1.0) / (size + 1.0)) - 1.0)
    return _Rates(
        weights,
        effective,
        step_path,
        1.0 + 2.0 * overshoot + step_path,
        (4.0 + effective / size) / (size + 4.0 + 2.0 * effective / size),
        rank_one,
        max(0.0, min(1.0 - rank_one, rank_all)),
        math.sqrt(size) * (1.0 - 1.0 / (4.0 * size) + 1.0 / (21.0 * size**2)),
    )


def _faded(path: Values, rate: float, effective: float, move: Values) -> Values:
    return (1.0 - rate) * path + math.sqrt(rate * (2.0 - rate) * effective) * move


def _axes(state: EvolutionState) -> tuple[Values, Values]:
    """Return the deviations along the axes of the covariance, float64[n], and these as columns."""
    variances, axes = np.linalg.eigh(state.covariance)
    # Rounding may leave the least one below zero.
    return np.sqrt(np.maximum(variances, 1e-20)), axes
