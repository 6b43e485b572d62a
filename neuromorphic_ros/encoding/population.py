"""Population code: each value by the responses of neurons with overlapping receptive fields."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.rate import RateCode, RateParameters, Seed
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import SpikeBatch


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class PopulationParameters(RateParameters):
    """Parameters of the population code.

    The default width is that of beta = 1.5 in Bohte et al. 2002.
    """

    fields: Annotated[int, Field(ge=3, le=1024, description="receptive fields per channel [1]")] = (
        12
    )
    width: Annotated[
        float,
        Field(
            ge=0.2,
            le=10.0,
            description="standard deviation of a field, in distances between centres [1]",
        ),
    ] = 2.0 / 3.0


def centres(fields: int, low: float = 0.0, high: float = 1.0) -> npt.NDArray[np.float64]:
    """Return the centres of `fields` receptive fields for values from low to high, evenly spaced.

    The outer ones lie half a distance outside: (2 i - 3) / (2 (fields - 2)) of the range for
    i = 1 .. fields. Bohte, Kok & La Poutre, "Error-backpropagation in temporally encoded networks
    of spiking neurons", Neurocomputing 48, 2002.
    """
    number = np.arange(1, fields + 1, dtype=np.float64)
    return low + (2.0 * number - 3.0) / (2.0 * (fields - 2)) * (high - low)


def activations(
    relative: npt.NDArray[np.float64], fields: int, width: float
) -> npt.NDArray[np.float64]:
    """Return the response of every receptive field to every value, 0 to 1, [channels, fields].

    relative: float64[channels], 0 to 1 within the range. width: standard deviation of the Gaussian
    fields, in distances between centres. Eurich & Wilke, "Multidimensional encoding strategy of
    spiking neurons", Neural Computation 12, 2000.
    """
    distance = (relative[:, None] - centres(fields)) * (fields - 2)
    return np.asarray(np.exp(-0.5 * (distance / width) ** 2))


class PopulationCode:
    """Drive the receptive fields of each channel at the rates of their responses."""

    def __init__(self, channels: int, fields: int, seed: Seed) -> None:
        """seed: of the Poisson process."""
        self.shape = (channels, fields)
        self._rates = RateCode(self.shape, seed)

    def encode(
        self,
        relative: npt.NDArray[np.float64],
        stamp_ns: int,
        parameters: PopulationParameters,
    ) -> SpikeBatch:
        """Return the spikes of a sample, as RateCode does; relative: as `activations` takes it."""
        response = activations(relative, self.shape[1], parameters.width)
        return self._rates.encode(response, stamp_ns, parameters)

    def complete_ns(self, stamp_ns: int) -> int:
        """Return the end of the sample's spikes."""
        return self._rates.complete_ns(stamp_ns)

    def reset(self) -> None:
        """Forget all samples."""
        self._rates.reset()
