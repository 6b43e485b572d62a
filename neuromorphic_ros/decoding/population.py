"""The values that receptive fields respond to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def decode_population(responses: Values, centres: Values) -> Values:
    """Return the mean of the centres, weighted by the responses, float64[...]; nan if all are 0.

    responses: float64[..., fields], rates or counts of spikes. centres: float64[fields], or
    [..., fields] where channels differ. Population vector of Georgopoulos et al., "Neuronal
    population coding of movement direction", Science 233, 1986. Gaussian fields of a width of
    2/3 of the distance of their centres, the outer ones half a distance outside the range, give
    the value within 0.08 of that distance, plus what counting a finite number of spikes adds.
    """
    total = np.sum(responses, axis=-1)
    weighted = np.sum(responses * centres, axis=-1)
    nan = np.full(np.shape(total), np.nan)
    return np.asarray(np.divide(weighted, total, out=nan, where=total > 0.0))
