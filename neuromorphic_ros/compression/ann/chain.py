"""The chain of layers in a graph of operations, as files of exported networks have it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.compression.ann.layers import Ann, AnnError, Architecture, Layer, ann_of
from neuromorphic_ros.parameters import build
from neuromorphic_ros.spikes import Shape

Tensor = npt.NDArray[np.generic]
LAST = "softmax"
"""Does not change which output is the largest, so that a network may end with it."""


class Chain:
    """Layers in the order of operations, each of which takes what the one before it made."""

    def __init__(self, source: str, shape: Shape) -> None:
        """Begin with an input; shape: of a sample."""
        self._end, self._shape = source, shape
        self._layers: list[Layer] = []
        self._tensors: dict[str, Tensor] = {}
        self._decided = False

    def add(
        self,
        where: str,
        source: str,
        made: str,
        layer: Layer | None = None,
        tensors: Mapping[str, Tensor | None] | None = None,
    ) -> None:
        """Add an operation that makes `made` of `source`; without a layer it changes nothing.

        tensors: of the layer, by their names; none: it has no such one.
        Raises AnnError if it takes something else than what the last operation made.
        """
        if source != self._end or self._decided:
            raise AnnError(
                f"{where} takes '{source}', not what the operation before it made: only chains of "
                "layers are converted, without branches"
            )
        self._end = made
        if layer is None:
            return
        self._layers.append(layer)
        for name, values in (tensors or {}).items():
            if values is not None:
                self._tensors[f"{getattr(layer, 'name', '')}.{name}"] = values

    def decide(self, where: str, source: str, made: str) -> None:
        """Add a softmax, which must be the last operation; raises AnnError as `add`."""
        self.add(where, source, made)
        self._decided = True

    def shift(self, where: str, source: str, made: str, bias: Tensor) -> None:
        """Add a bias to the layer that was added last; raises AnnError if it has one or cannot."""
        self.add(where, source, made)
        layer = self._layers[-1] if self._layers else None
        key = f"{getattr(layer, 'name', '')}.bias"
        if getattr(layer, "type", "") not in ("linear", "conv2d") or key in self._tensors:
            raise AnnError(f"{where} adds to what is no Linear without a bias")
        self._tensors[key] = bias

    def ann(self, output: str) -> Ann:
        """Return the network that makes `output`; raises AnnError if that is not the end."""
        if output != self._end:
            raise AnnError(f"output '{output}' is not what the last operation makes")
        values = {"input": self._shape, "layers": tuple(self._layers)}
        return ann_of(build(Architecture, values, "network", AnnError), self._tensors)
