"""The echo state network of reservoirpy, and its recursive least squares."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def available() -> bool:
    """Return whether reservoirpy can be imported here."""
    return importlib.util.find_spec("reservoirpy") is not None


def states(values: Values, size: int, radius: float, input_scaling: float, seed: int) -> Values:
    """Return the states of a reservoir with 10 % of its connections, float64[steps, size].

    values: float64[steps]. radius: spectral.
    """
    from reservoirpy.nodes import Reservoir

    reservoir = Reservoir(
        size, sr=radius, lr=1.0, input_scaling=input_scaling, rc_connectivity=0.1, seed=seed
    )
    return np.asarray(reservoir.run(values[:, None]))


def rls_step(features: Values, targets: Values) -> Callable[[int], object]:
    """Return a call that trains RLS on the pair of an index; [steps, n] and [steps, m]."""
    from reservoirpy.nodes import RLS

    node = RLS(alpha=1.0)
    node.partial_fit(features[:1], targets[:1])
    return lambda index: node.partial_fit(features[index : index + 1], targets[index : index + 1])
