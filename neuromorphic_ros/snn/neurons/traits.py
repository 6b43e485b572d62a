"""What engines need to know of a neuron model beside its parameters."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np


class Traits:
    """Say what a model does, unless it overrides it.

    spikes: it fires; else its membrane is its output. dtype: of its constants and state.
    """

    spikes: ClassVar[bool] = True
    dtype: ClassVar[type[np.floating[Any]]] = np.float32

    @property
    def compartments(self) -> int:
        """Number of places that projections can reach."""
        return 1
