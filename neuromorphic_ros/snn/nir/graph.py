"""A NIR graph without nested graphs: nodes, edges, and the shapes between them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import nir
import numpy as np

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.nir.container import Tree
from neuromorphic_ros.snn.nir.linear import pattern_of
from neuromorphic_ros.snn.patterns import Pool2d
from neuromorphic_ros.spikes import Shape

NEURONS = (nir.IF, nir.LIF, nir.CubaLIF, nir.Threshold, nir.I, nir.LI, nir.CubaLI)
LINEAR = (nir.Affine, nir.Linear, nir.Scale, nir.Conv1d, nir.Conv2d)
POOLS = (nir.SumPool2d, nir.AvgPool2d)
# What looks at the dimensions of what it gets.
SHAPED = (nir.Conv1d, nir.Conv2d, *POOLS)
PORTS = (nir.Input, nir.Output)
KNOWN = sorted(
    kind.__name__ for kind in (*NEURONS, *LINEAR, *POOLS, nir.Delay, nir.Flatten, *PORTS)
)
# Dimensions of what a node takes.
RANKS = {nir.Affine: 1, nir.Linear: 1, nir.Conv1d: 2, nir.Conv2d: 3}
# Linear nodes in a row, and ways through them: more is no network but an attack.
MAX_CHAIN = 100
MAX_PATHS = 10_000
MAX_EXTENT = 2**31


class Pass(NamedTuple):
    """A linear node on a path; its bias is counted on one of the paths through it only."""

    name: str
    biased: bool


class Route(NamedTuple):
    """A way from a neuron node or an input to another without neurons between: its nodes."""

    source: str
    passes: tuple[Pass, ...]


class Graph:
    """Nodes by name (`outer.inner` if nested) and what drives each, in the order of the file."""

    def __init__(self, tree: Tree, where: str) -> None:
        """Flatten a NIRGraph; raises NetworkError naming the node that is wrong."""
        self.where = where
        self.nodes: dict[str, Any] = {}
        self.before: dict[str, list[str]] = {}
        self._shapes: dict[str, Shape] = {}
        self._ports: dict[tuple[str, type], list[str]] = {}
        self._collect(tree, "")
        self.inputs = self._ports[("", nir.Input)]
        self.outputs = self._ports[("", nir.Output)]
        if not self.inputs or not self.outputs:
            raise NetworkError(f"{where}: the graph needs an Input and an Output node")
        for name in self.nodes:
            if not self.before[name] and name not in self.inputs:
                raise self.refuse(name, "has nothing that drives it")

    def refuse(self, name: str, reason: object) -> NetworkError:
        """Return an error about a node."""
        return NetworkError(f"{self.where}: node '{name}' {reason}")

    def neurons(self) -> list[str]:
        """Return the names of the neuron nodes."""
        return [name for name, node in self.nodes.items() if isinstance(node, NEURONS)]

    def shape(self, name: str) -> Shape:
        """Return the shape that a node gives out."""
        if name not in self._shapes:
            shape = self._infer(name, frozenset((name,)))
            if shape is None:
                raise self.refuse(name, "has no shape of its own and is on a cycle")
            self._shapes[name] = shape
        return self._shapes[name]

    def check_shapes(self) -> None:
        """Raise NetworkError naming the first node that gets another shape than it takes."""
        for name, node in self.nodes.items():
            got = {self.shape(source) for source in self.before[name]}
            if len(got) > 1:
                raise self.refuse(name, f"gets different shapes: {_listed(got)}")
            for shape in got:
                self._check(name, node, shape)

    def paths(self, target: str) -> list[Route]:
        """Return the paths that end in a node; raises NetworkError for a cycle without neurons."""
        found = []
        for path in self._walk(target, ()):
            found.append(path)
            if len(found) > MAX_PATHS:
                raise self.refuse(target, f"is reached on more than {MAX_PATHS} paths")
        return found

    def _collect(self, tree: Tree, prefix: str) -> None:
        inner = self._children(tree, prefix)
        for name, part in inner.items():
            full = prefix + name
            if part["type"] == "NIRGraph":
                self._collect(part, f"{full}.")
            elif full in self.nodes:
                raise self.refuse(full, "is there twice")
            else:
                self.nodes[full] = self._node(part, full)
                self.before[full] = []
        for kind in PORTS:
            ports = [prefix + name for name, part in inner.items() if part["type"] == kind.__name__]
            self._ports[(prefix, kind)] = ports
        edges = tree.get("edges")
        if isinstance(edges, np.ndarray) and edges.size == 0:
            return
        if not isinstance(edges, np.ndarray) or edges.ndim != 2 or edges.shape[1] != 2:
            raise NetworkError(f"{self.where}: edges of graph '{prefix}' are no pairs of names")
        for source, target in dict.fromkeys((str(a), str(b)) for a, b in edges):
            for end in (source, target):
                if end not in inner:
                    raise NetworkError(
                        f"{self.where}: edge {prefix}{source} -> {prefix}{target}: there is no "
                        f"node '{end}'"
                    )
            driven = self._port(prefix + target, inner[target], nir.Input)
            self.before[driven].append(self._port(prefix + source, inner[source], nir.Output))

    def _children(self, tree: Tree, prefix: str) -> dict[str, Tree]:
        nodes = tree.get("nodes")
        if not isinstance(nodes, dict):
            raise NetworkError(f"{self.where}: graph '{prefix}' has no nodes")
        for name, part in nodes.items():
            if not isinstance(part, dict) or not isinstance(part.get("type"), str):
                raise self.refuse(prefix + name, "has no type")
            if part["type"] != "NIRGraph" and part["type"] not in KNOWN:
                known = ", ".join(KNOWN)
                raise self.refuse(prefix + name, f"is a {part['type']}; known are {known}")
        return nodes

    def _port(self, name: str, part: Tree, kind: type) -> str:
        if part["type"] != "NIRGraph":
            return name
        ports = self._ports[(f"{name}.", kind)]
        if len(ports) != 1:
            raise self.refuse(
                name, f"is a graph with {len(ports)} {kind.__name__} nodes; an edge needs one"
            )
        return ports[0]

    def _node(self, part: Tree, name: str) -> Any:
        for field, values in part.items():
            numbers = isinstance(values, (np.ndarray, np.generic)) and values.dtype.kind == "f"
            if numbers and not np.all(np.isfinite(values)):
                raise self.refuse(name, f"holds NaN or infinity in {field}")
        try:
            with np.errstate(all="ignore"):
                return nir.dict2NIRNode(dict(part))
        except Exception as wrong:  # whatever a constructor of nir stumbles over
            raise self.refuse(name, f"({part['type']}) is incomplete or wrong: {wrong}") from None

    def _walk(self, name: str, after: tuple[str, ...]) -> Iterator[Route]:
        for source in self.before[name]:
            if isinstance(self.nodes[source], NEURONS) or source in self.inputs:
                yield Route(source, ())
                continue
            if source in after:
                raise self.refuse(source, "is on a cycle without neurons")
            if len(after) > MAX_CHAIN:
                raise self.refuse(source, f"is one of over {MAX_CHAIN} linear nodes in a row")
            for place, path in enumerate(self._walk(source, (*after, source))):
                yield Route(path.source, (*path.passes, Pass(source, place == 0)))

    def _infer(self, name: str, asking: frozenset[str]) -> Shape | None:
        """Return the shape of a node; none if only those who ask could tell."""
        if name in self._shapes:
            return self._shapes[name]
        node = self.nodes[name]
        if name in self.inputs:
            return self._input_shape(name)
        if isinstance(node, (nir.Affine, nir.Linear)):
            return (int(node.weight.shape[0]),)
        own = _elementwise(node)
        if own is not None and 1 not in own and own:
            return own
        arriving = None
        for source in self.before[name]:
            if source not in asking:
                arriving = self._infer(source, asking | {source})
                if arriving is not None:
                    break
        if arriving is None:
            return own or None
        if own is not None:
            return self._broadcast(name, own, arriving)
        try:
            return _made(node, arriving)
        except (NetworkError, LookupError, TypeError, ValueError) as wrong:
            raise self.refuse(name, f"does not fit what it gets, {arriving}: {wrong}") from None

    def _input_shape(self, name: str) -> Shape:
        shape = self._extents(name, self.nodes[name].input_type["input"])
        driven = [self.nodes[target] for target in self.before if name in self.before[target]]
        ranks = [rank for kind, rank in RANKS.items() for node in driven if isinstance(node, kind)]
        # Some exporters leave the batch of the sample in the shape.
        while ranks and len(shape) > ranks[0] and shape[0] == 1:
            shape = shape[1:]
        return shape

    def _broadcast(self, name: str, own: Shape, arriving: Shape) -> Shape:
        try:
            fits = np.broadcast_shapes(own, arriving) == arriving
        except ValueError:
            fits = False
        if not fits:
            raise self.refuse(name, f"has shape {own} and gets {arriving}")
        return arriving

    def _check(self, name: str, node: Any, got: Shape) -> None:
        if isinstance(node, (nir.Affine, nir.Linear)):
            if node.weight.ndim != 2 or node.weight.shape[1] != math.prod(got):
                raise self.refuse(name, f"has weights {node.weight.shape} and gets {got}")
        elif _elementwise(node) is not None and self.shape(name) != got:
            raise self.refuse(name, f"has shape {self.shape(name)} and gets {got}")
        elif name in self.outputs:
            # Batches and time were left in the shapes of some files: only the size counts.
            declared = self._extents(name, node.output_type["output"])
            if math.prod(declared) != math.prod(got):
                raise self.refuse(name, f"has shape {declared} and gets {got}")

    def _extents(self, name: str, shape: Any) -> Shape:
        extents = np.ravel(np.asarray(shape))
        whole = extents.size > 0 and extents.dtype.kind in "iu"
        if not whole or extents.min() < 1 or extents.max() > MAX_EXTENT:
            raise self.refuse(name, f"has shape {shape}; extents are 1 to {MAX_EXTENT}")
        return tuple(extents.tolist())


def _elementwise(node: Any) -> Shape | None:
    """Return the shape of the parameters of a node that treats every element for itself."""
    if isinstance(node, (nir.IF, nir.LIF, nir.LI, nir.I, nir.CubaLIF, nir.CubaLI)):
        return tuple(np.shape(node.r))
    if isinstance(node, nir.Threshold):
        return tuple(np.shape(node.threshold))
    if isinstance(node, nir.Scale):
        return tuple(np.shape(node.scale))
    if isinstance(node, nir.Delay):
        return tuple(np.shape(node.delay))
    return None


def _made(node: Any, arriving: Shape) -> Shape:
    """Return the shape that a convolution, pooling, flatten or port makes of another."""
    if isinstance(node, nir.Flatten):
        start, end = (int(dim) % len(arriving) for dim in (node.start_dim, node.end_dim))
        middle = math.prod(arriving[start : end + 1])
        return (*arriving[:start], middle, *arriving[end + 1 :])
    if isinstance(node, PORTS):
        return arriving
    pattern = pattern_of(node)
    channels = arriving[0] if isinstance(pattern, Pool2d) else int(node.weight.shape[0])
    return pattern.shape(arriving, channels)


def _listed(shapes: set[Shape]) -> str:
    return " and ".join(str(shape) for shape in sorted(shapes))
