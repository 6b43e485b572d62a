"""Write a network as a NIR file that other frameworks can read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import Array, as_numpy
from neuromorphic_ros.snn.neurons.adex import AdEx
from neuromorphic_ros.snn.neurons.cuba import CubaLi, CubaLif, exact_gain
from neuromorphic_ros.snn.neurons.firing import Firing
from neuromorphic_ros.snn.neurons.leaky import If, Integration, Li, Membrane, decay_of
from neuromorphic_ros.snn.neurons.model import Neuron
from neuromorphic_ros.snn.nir.metadata import Block, record, unused
from neuromorphic_ros.snn.patterns import AllToAll, Conv1d, Conv2d, OneToOne, Pool2d
from neuromorphic_ros.snn.spec import Link, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.synapses import bias, connect
from neuromorphic_ros.spikes import Shape

# NIR has no sparse weights: what is drawn or cut out of a population becomes a matrix.
MAX_ELEMENTS = 2**26

Values = npt.NDArray[Any]


def write_nir(spec: NetworkSpec, path: Path) -> None:
    """Write a network as a NIR file; `read_nir` returns the same network.

    The graph says what NIR can: alif, adex and dendritic_lif appear as the nearest LIF or CubaLIF,
    drawn weights as a matrix, populations flat where NIR has no way to shape what they get. All
    else is in its metadata, as text and arrays.
    Raises NetworkError if the file cannot be written or a matrix would be too large.
    """
    spec.execution_order()
    if spec.graphs:
        raise NetworkError(
            f"{path}: NIR has no node for '{spec.graphs[0].name}', a graph of events; write the "
            "network as a folder instead (snn.network_folder)"
        )
    graph = _Writing(spec).graph()
    try:
        nir.write(str(path), graph)
    except OSError as unwritable:
        raise NetworkError(f"{path}: cannot be written: {unwritable}") from None


def output_populations(spec: NetworkSpec) -> list[Population]:
    """Return the populations that readouts read; without any, those that drive nothing; or all."""
    read = {readout.population for readout in spec.readouts}
    drive = {spec.end(projection.pre).name for projection in spec.projections}
    chosen = [each for each in spec.populations if each.name in read]
    ends = [each for each in spec.populations if each.name not in drive]
    return chosen or ends or list(spec.populations)


class _Writing:
    def __init__(self, spec: NetworkSpec) -> None:
        self._spec = spec
        self._shapes = _graph_shapes(spec)
        self._nodes: dict[str, Any] = {}
        self._edges: list[tuple[str, str]] = []
        self._taken = {node.name for node in spec.nodes}
        self._stored: dict[int, str | Block] = {}

    def graph(self) -> Any:
        spec = self._spec
        for source in spec.inputs:
            self._nodes[source.name] = nir.Input(np.array(source.shape))
        for population in spec.populations:
            shape = self._shapes[population.name]
            self._nodes[population.name] = neuron_node(population.neuron, shape, spec.dt_ms)
        for index in range(len(spec.projections)):
            self._projection(index)
        outputs = {}
        for population in output_populations(spec):
            name = unused("output", self._taken)
            self._nodes[name] = nir.Output(np.array(self._shapes[population.name]))
            self._edges.append((population.name, name))
            outputs[name] = population.name
        metadata = record(spec, outputs, self._stored)
        return nir.NIRGraph(self._nodes, self._edges, metadata=metadata, type_check=False)

    def _projection(self, index: int) -> None:
        projection = self._spec.projections[index]
        pre, post = self._spec.end(projection.pre).name, self._spec.end(projection.post).name
        links = self._spec.stages(projection)
        chain = _Chain(self, pre, f"{pre}_to_{post}", self._shapes[pre])
        # Whoever reads a population that drives itself delays that by a tick.
        if projection.delay_ticks > (pre == post):
            delay_s = projection.delay_ticks * self._spec.dt_ms * 1e-3
            chain.add("delay", nir.Delay(np.full(chain.shape, delay_s)), chain.shape)
        if _is_whole(self._spec, projection) and _followed(links, chain.shape) is not None:
            for link in links:
                chain.follow(link)
        else:
            self._matrix(chain, index, links)
        if chain.shape != self._shapes[post]:
            chain.flatten()
        self._edges.append((chain.end, post))

    def _matrix(self, chain: _Chain, index: int, links: tuple[Link, ...]) -> None:
        spec, projection = self._spec, self._spec.projections[index]
        pre, post = spec.end(projection.pre), spec.end(projection.post)
        sources, targets = (math.prod(spec.shapes[end.name]) for end in (pre, post))
        if sources * targets > MAX_ELEMENTS:
            raise NetworkError(
                f"projection {projection} needs a matrix of {sources} x "
                f"{targets} in a NIR file, more than {MAX_ELEMENTS} elements"
            )
        rows, columns = slice(post.start, post.stop), slice(pre.start, pre.stop)
        given = links[0].weights if len(links) == 1 else None
        if not isinstance(given, Array) or not isinstance(links[0].pattern, AllToAll):
            given = None
        block = connect(spec, index).dense() if given is None else given.values
        weight = np.zeros((targets, sources), block.dtype)
        weight[rows, columns] = block.T
        constant = np.zeros(targets, np.float32)
        constant[rows] = bias(spec, index)
        chain.flatten()
        name = chain.add("weights", _affine(weight, constant), (targets,))
        if given is not None:
            place = Block(name, (post.start, post.stop), (pre.start, pre.stop))
            self.store(given, place)

    def store(self, weights: Array, place: str | Block) -> None:
        self._stored[id(weights)] = place

    def add(self, name: str, node: Any, after: str) -> str:
        name = unused(name, self._taken)
        self._nodes[name] = node
        self._edges.append((after, name))
        return name


class _Chain:
    """The nodes of one projection, one after the other; end: the last, shape: what it gives."""

    def __init__(self, writing: _Writing, start: str, label: str, shape: Shape) -> None:
        self._writing, self.end, self._label, self.shape = writing, start, label, shape

    def add(self, what: str, node: Any, shape: Shape) -> str:
        self.end = self._writing.add(f"{self._label}_{what}", node, self.end)
        self.shape = shape
        return self.end

    def flatten(self) -> None:
        if len(self.shape) > 1:
            node = nir.Flatten({"input": np.array(self.shape)}, start_dim=0, end_dim=-1)
            self.add("flatten", node, (math.prod(self.shape),))

    def follow(self, link: Link) -> None:
        """Add a map that `_followed` accepts."""
        place: str | Block
        if isinstance(link.pattern, AllToAll):
            self.flatten()
            sources, targets = math.prod(link.pre), math.prod(link.post)
            weight = _filled(link.weights, (sources, targets)).T
            name = self.add("weights", _affine(weight, _each(link)), (targets,))
            place = Block(name, (0, targets), (0, sources))
        elif isinstance(link.pattern, OneToOne):
            scale = _filled(link.weights, (math.prod(link.pre),))
            place = self.add("scale", nir.Scale(scale.reshape(self.shape)), self.shape)
        elif isinstance(link.pattern, Pool2d):
            place = self.add("pool", _pool_node(link.pattern), link.post)
        else:
            place = self.add("conv", _conv_node(link), link.post)
        if isinstance(link.weights, Array):
            self._writing.store(link.weights, place)


def neuron_node(neuron: Neuron, shape: Shape, dt_ms: float) -> Any:
    """Return the NIR node nearest to a neuron model; times in s."""

    def each(quantity: Any) -> Values:
        values = as_numpy(quantity)
        return np.array(np.broadcast_to(values.reshape(shape) if values.ndim else values, shape))

    if isinstance(neuron, Integration):
        r = 1e3 / dt_ms if neuron.resistance_per_s is None else neuron.resistance_per_s
        if isinstance(neuron, If):
            return nir.IF(each(r), each(neuron.threshold), each(neuron.reset_value))
        return nir.I(each(r))
    if isinstance(neuron, AdEx):
        leak = as_numpy(neuron.leak_ns)
        fields = {
            "r": each(1.0 / leak),
            "v_leak": each(neuron.rest_mv),
            "v_threshold": each(neuron.threshold_mv),
            "v_reset": each(neuron.reset_mv),
        }
        tau = each(as_numpy(neuron.capacitance_pf) / leak * 1e-3)
        if neuron.tau_syn_ms is None:
            return nir.LIF(tau=tau, **fields)
        share = 1.0 - decay_of(neuron.tau_syn_ms, dt_ms, "exact")
        tau_syn = each(as_numpy(neuron.tau_syn_ms) * 1e-3)
        return nir.CubaLIF(tau_syn, tau, w_in=each(1.0 / share), **fields)
    share = 1.0 - neuron.decay(dt_ms)
    fields = {
        "r": each(_resistance(neuron, dt_ms)),
        "v_leak": each(as_numpy(neuron.rest) + as_numpy(neuron.bias) / share),
    }
    if isinstance(neuron, Firing):
        fields |= {"v_threshold": each(neuron.threshold), "v_reset": each(neuron.reset_value)}
    tau = each(as_numpy(neuron.tau_mem_ms) * 1e-3)
    if isinstance(neuron, (CubaLif, CubaLi)):
        entering = 1.0 - decay_of(neuron.tau_syn_ms, dt_ms, neuron.integrator)
        fields["tau_syn"] = each(as_numpy(neuron.tau_syn_ms) * 1e-3)
        fields["w_in"] = each(as_numpy(neuron.input_gain) / entering)
        kind = nir.CubaLIF if isinstance(neuron, CubaLif) else nir.CubaLI
        return kind(tau_mem=tau, **fields)
    return nir.LI(tau=tau, **fields) if isinstance(neuron, Li) else nir.LIF(tau=tau, **fields)


def _resistance(neuron: Membrane, dt_ms: float) -> Any:
    """Return the resistance, of weights that are jumps the one that makes them so."""
    if neuron.resistance is not None:
        return neuron.resistance
    if isinstance(neuron, (CubaLif, CubaLi)) and neuron.integrator == "exact":
        return 1.0 / exact_gain(neuron.tau_mem_ms, neuron.tau_syn_ms, dt_ms)
    return 1.0 / (1.0 - neuron.decay(dt_ms))


def _graph_shapes(spec: NetworkSpec) -> dict[str, Shape]:
    """Return the shapes that inputs and populations have in the graph.

    A population keeps its shape if all that it gets has that shape; NIR can flatten, not unflatten.
    """
    shapes = dict(spec.shapes)
    arriving = [(projection, spec.end(projection.post).name) for projection in spec.projections]
    flattened = True
    while flattened:
        flattened = False
        for projection, name in arriving:
            if len(shapes[name]) == 1:
                continue
            followed = None
            if _is_whole(spec, projection):
                links = spec.stages(projection)
                followed = _followed(links, shapes[spec.end(projection.pre).name])
            if followed != shapes[name]:
                shapes[name] = (math.prod(shapes[name]),)
                flattened = True
    return shapes


def _is_whole(spec: NetworkSpec, projection: Projection) -> bool:
    ends = (spec.end(projection.pre), spec.end(projection.post))
    return all(end.size == math.prod(spec.shapes[end.name]) for end in ends)


def _followed(links: tuple[Link, ...], shape: Shape) -> Shape | None:
    """Return the shape after maps that the graph can hold one by one; none: it cannot."""
    for link in links:
        if not isinstance(link.weights, (Array, float)):
            return None
        if isinstance(link.pattern, AllToAll):
            shape = (math.prod(link.post),)
        elif isinstance(link.pattern, (Conv1d, Conv2d, Pool2d)):
            if shape != link.pre or not _is_understood(link):
                return None
            shape = link.post
        elif not isinstance(link.pattern, OneToOne) or link.bias is not None:
            return None
    return shape


def _is_understood(link: Link) -> bool:
    """Whether `nir` itself infers the shapes of a convolution or pooling: it misses groups, kernels
    that are not square, and every bias but that of channels."""
    if isinstance(link.pattern, Pool2d):
        return link.weights == 1.0 and link.bias is None
    if isinstance(link.bias, Array) and link.bias.shape != link.post[:1]:
        return False
    node = _conv_node(link)
    made = tuple(node.output_type["output"])
    return tuple(node.input_type["input"]) == link.pre and made == link.post


def _affine(weight: Values, constant: Values | None) -> Any:
    if constant is None or not np.any(constant):
        return nir.Linear(weight)
    return nir.Affine(weight, constant)


def _each(link: Link) -> Values | None:
    if link.bias is None:
        return None
    values = as_numpy(link.bias, np.float32).ravel()
    return np.array(np.broadcast_to(values, (math.prod(link.post),)))


def _filled(weights: Any, shape: Shape) -> Values:
    if isinstance(weights, Array):
        return weights.values.reshape(shape)
    return np.full(shape, weights, np.float32)


def _conv_node(link: Link) -> Any:
    pattern, channels = link.pattern, link.post[0]
    assert isinstance(pattern, (Conv1d, Conv2d))
    taps = (pattern.kernel,) if isinstance(pattern, Conv1d) else pattern.kernel
    constant = as_numpy(0.0 if link.bias is None else link.bias, np.float32)
    fields = {
        "weight": _filled(link.weights, (channels, link.pre[0] // pattern.groups, *taps)),
        "stride": pattern.stride,
        "padding": pattern.padding,
        "dilation": pattern.dilation,
        "groups": pattern.groups,
        "bias": np.broadcast_to(constant, (channels,)).copy(),
    }
    if isinstance(pattern, Conv1d):
        return nir.Conv1d(input_shape=link.pre[1], **fields)
    return nir.Conv2d(input_shape=link.pre[1:], **fields)


def _pool_node(pattern: Pool2d) -> Any:
    kind = nir.SumPool2d if pattern.type == "sum_pool2d" else nir.AvgPool2d
    return kind(
        kernel_size=np.array(pattern.kernel),
        stride=np.array(pattern.step),
        padding=np.array(pattern.padding),
    )
