"""Running statistics of a limb that turns to and fro, from accelerations and turns of a watch.

What is measured is set against the turn about the vertical, its angle and the squares of both, as
correlations: so they tell how a limb moves and hardly how fast, how far or how the watch is worn.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

MEMORY_S = 5.0
VERTICAL_S, SMOOTH_S, TREMOR_S = 2.0, 0.08, 0.1
# What sensors of watches measure [g, rad/s].
LIMITS = np.repeat([16.0, 35.0], 3)
# Below these nothing is told from noise [g, rad/s, rad, rad/s, 1].
LEAST_ACCELERATION, LEAST_TURN, LEAST_ANGLE, LEAST_TREMOR, LEAST_SHARE = 0.02, 0.1, 0.05, 0.02, 0.05

CENTRES = np.concatenate([np.zeros(3), np.full(3, 0.4), np.zeros(28)])
"""Of the ranges of statistics, float64[34]."""

RANGES = np.concatenate(
    [
        np.ones(3),
        np.full(3, 0.4),
        np.full(3, 1.5),
        np.repeat([0.6, 0.6, 0.45, 0.45], 6),
        [1.0],
    ]
)
"""Distance from centre to end, float64[34]."""


def running_mean(values: FloatArray, memory_s: float, interval_s: float) -> FloatArray:
    """Return the exponential mean of rows up to each, float64[rows, ...], from the first on."""
    share = 1.0 - np.exp(-interval_s / memory_s)
    return _filtered(share, 1.0 - share, values, values[:1] * (1.0 - share))


def motion_statistics(series: FloatArray, interval_s: float) -> FloatArray:
    """Return the statistics at each row from those up to it, float64[rows, 34].

    series: float64[rows, 6], acceleration [g] and angular velocity [rad/s], at least one row.
    Means of acceleration [g] (3), its deviations [g] (3), logarithms of those of the velocity (3);
    correlations of acceleration (3) and velocity (3) with turn, angle, angle squared and turn
    squared; and the logarithm of how much more it trembles when it turns forth than back.
    """

    def mean(values: FloatArray) -> FloatArray:
        return running_mean(values, MEMORY_S, interval_s)

    series = np.clip(series, -LIMITS, LIMITS)
    acceleration, velocity = series[:, :3], series[:, 3:]
    away = series - mean(series)
    spread = np.sqrt(mean(away**2))
    parts = [
        (part, np.sqrt(mean(np.square(part).sum(axis=1, keepdims=True))) + least)
        for part, least in ((away[:, :3], LEAST_ACCELERATION), (away[:, 3:], LEAST_TURN))
    ]
    turn, angle = _about_vertical(acceleration, velocity, interval_s)
    turned = turn / (np.sqrt(mean(turn**2)) + LEAST_TURN)
    at = angle / (np.sqrt(mean(angle**2)) + LEAST_ANGLE)
    tremor = np.abs(velocity - running_mean(velocity, TREMOR_S, interval_s)).mean(axis=1)[:, None]
    ways = (turn > 0).astype(np.float64), (turn <= 0).astype(np.float64)
    forth, back = (mean(tremor * way) / (mean(way) + LEAST_SHARE) for way in ways)
    phases = (turned, at, at**2, turned**2)
    return np.concatenate(
        [
            mean(acceleration),
            spread[:, :3],
            np.log(spread[:, 3:] + 0.5 * LEAST_TURN),
            *(mean(phase * part) / size for phase in phases for part, size in parts),
            np.log((forth + LEAST_TREMOR) / (back + LEAST_TREMOR)),
        ],
        axis=1,
    )


def _about_vertical(
    acceleration: FloatArray, velocity: FloatArray, interval_s: float
) -> tuple[FloatArray, FloatArray]:
    """Return the turn about the vertical [rad/s] and its leaky integral [rad], float64[rows, 1]."""
    down = running_mean(acceleration, VERTICAL_S, interval_s)
    length = np.linalg.norm(down, axis=1, keepdims=True)
    about = (velocity * down / np.maximum(length, 0.2)).sum(axis=1, keepdims=True)
    turn = running_mean(about, SMOOTH_S, interval_s)
    leak = 1.0 - interval_s / VERTICAL_S
    return turn, _filtered(interval_s, leak, turn, np.zeros((1, 1)))


def _filtered(gain: float, decay: float, values: FloatArray, start: FloatArray) -> FloatArray:
    """Return y with y[n] = decay y[n - 1] + gain values[n], where decay y[-1] is `start`."""
    # A second to import, which other commands need not wait for.
    from scipy.signal import lfilter

    return np.asarray(lfilter([gain], [1.0, -decay], values, axis=0, zi=start)[0])
