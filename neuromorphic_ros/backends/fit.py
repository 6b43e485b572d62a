"""How a network fits on some hardware."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Fit(NamedTuple):
    """What a network takes of some hardware, and what it loses there.

    cores: taken, of cores_available. weight_bits: of a weight. weight_error: root mean square of
    the changes of all weights over that of the weights; NaN: not known, as nothing is mapped.
    lag_ticks: by population, how much later it fires than in float. details: what else is known, in
    types of JSON, with units in the names. reasons: what does not fit, each with the item, the
    limit and a way out; empty: it fits.
    """

    cores: int
    cores_available: int
    weight_bits: int
    weight_error: float
    lag_ticks: Mapping[str, int]
    details: Mapping[str, Any]
    reasons: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether the whole network runs there."""
        return not self.reasons
