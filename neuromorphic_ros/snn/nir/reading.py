"""Read a NIR file as a network."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import nir
import numpy as np
import pydantic
from scipy.special import lambertw

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import explain
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.nir.container import read_container
from neuromorphic_ros.snn.nir.conventions import Assumed, Conventions, Preset, preset
from neuromorphic_ros.snn.nir.graph import NEURONS, SHAPED, Graph, Pass
from neuromorphic_ros.snn.nir.linear import reshaped, stage
from neuromorphic_ros.snn.nir.metadata import KEY, recorded_spec, unused
from neuromorphic_ros.snn.nir.neurons import memoryless, neuron
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection, Stage

MAX_SYNAPSES = 20_000_000
# A file may declare more elements than synapses: biases, parameters of neurons.
ELEMENTS_PER_SYNAPSE = 4


class NirModel(NamedTuple):
    """A network from a NIR file.

    outputs: population of each Output node, by its name. assumed: one line for each convention,
    with its source. delayed: projections `pre -> post` that close a cycle and were given a delay.
    """

    spec: NetworkSpec
    outputs: dict[str, str]
    assumed: tuple[str, ...]
    delayed: tuple[str, ...]


def read_nir(
    path: Path,
    preset_name: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    max_synapses: int = MAX_SYNAPSES,
) -> NirModel:
    """Read a NIR file.

    preset_name: of `conventions.PRESETS`: the framework that wrote the file. overrides: fields of
    `Conventions`. A file of `write_nir` says everything itself and takes neither.
    Raises NetworkError naming the file and the node that is wrong.
    """
    tree = read_container(path, ELEMENTS_PER_SYNAPSE * max_synapses)
    root = tree.get("node")
    if not isinstance(root, dict) or str(root.get("type")) != "NIRGraph":
        raise NetworkError(f"{path}: holds no NIR graph")
    metadata = root.pop("metadata", {})
    if not isinstance(metadata, dict):
        raise NetworkError(f"{path}: metadata is no group")
    if KEY in metadata:
        if preset_name is not None or overrides:
            raise NetworkError(f"{path}: says its conventions itself; leave out preset and fields")
        spec, outputs = recorded_spec(root, metadata[KEY], str(path))
        return NirModel(spec, outputs, ("all conventions are in the file",), ())
    try:
        return _Reading(Graph(root, str(path)), metadata, preset_name, overrides or {}).model(
            path.stem, max_synapses
        )
    except RecursionError:
        raise NetworkError(f"{path}: its nodes form too long a chain") from None


class _Drive(NamedTuple):
    """What one node sends to another over one path."""

    source: str
    target: str
    delay_ticks: int
    stages: tuple[Stage, ...]


class _Reading:
    def __init__(
        self,
        graph: Graph,
        metadata: Mapping[str, Any],
        preset_name: str | None,
        overrides: Mapping[str, Any],
    ) -> None:
        self._graph = graph
        assumed, chosen = preset(preset_name)
        self._lif_resets_first = chosen.lif_resets_first
        self._assumed = self._adapted(assumed, chosen, metadata, overrides)
        self._c: Conventions = self._assumed.conventions

    def model(self, stem: str, max_synapses: int) -> NirModel:
        graph = self._graph
        graph.check_shapes()
        # An Output that one neuron node alone drives is that node.
        outputs = {name: self._node_at(name) or name for name in graph.outputs}
        readouts = [name for name in graph.outputs if outputs[name] == name]
        targets = [*graph.neurons(), *readouts]
        drives = [drive for target in targets for drive in self._drives(target)]
        closing = _closing(graph.inputs, drives)
        recurrent = {drive.source for drive in drives if drive.source == drive.target}
        delay = self._c.recurrent_delay_ticks
        names = _valid_names(graph, [*graph.inputs, *targets])
        projections = tuple(
            _projection(drive, names, max(drive.delay_ticks, delay * (index in closing)))
            for index, drive in enumerate(drives)
        )
        try:
            spec = NetworkSpec(
                name=_valid(stem, "network"),
                dt_ms=self._c.dt_ms,
                inputs=tuple(Input(names[name], graph.shape(name)) for name in graph.inputs),
                populations=tuple(
                    self._population(name, names[name], name in recurrent) for name in targets
                ),
                projections=projections,
                max_synapses=max_synapses,
            )
            spec.execution_order()
        except pydantic.ValidationError as invalid:
            raise NetworkError(f"{graph.where}: {explain(invalid)}") from None
        except NetworkError as wrong:
            raise NetworkError(f"{graph.where}: {wrong}") from None
        return NirModel(
            spec,
            {name: names[population] for name, population in outputs.items()},
            tuple(self._assumed.lines()),
            tuple(f"{projections[i].pre} -> {projections[i].post}" for i in sorted(closing)),
        )

    def _adapted(
        self,
        assumed: Assumed,
        chosen: Preset,
        metadata: Mapping[str, Any],
        overrides: Mapping[str, Any],
    ) -> Assumed:
        where = self._graph.where
        dt_ms = _dt_in(metadata) or self._dt_from_r(chosen)
        if dt_ms is not None and "dt_ms" not in overrides:
            source = "metadata of the file" if _dt_in(metadata) else "r of its neurons"
            assumed = assumed.changed({"dt_ms": dt_ms}, source, where)
        assumed = assumed.changed(overrides, "set", where)
        dt_s = assumed.conventions.dt_ms * 1e-3
        if chosen.scales_times and "time_scale" not in overrides and self._shortest_s() < dt_s / 2:
            # Euler would not be stable: the framework wrote tau dt for tau.
            scale = {"time_scale": 1.0 / dt_s}
            assumed = assumed.changed(scale, "time constants below half a tick", where)
        return assumed

    def _dt_from_r(self, chosen: Preset) -> float | None:
        """Return the tick [ms] that the r of all nodes say, if they say the same."""
        said = []
        for node in self._graph.nodes.values():
            if isinstance(node, (nir.LIF, nir.LI)):
                tau = np.asarray(node.tau, np.float64)
            elif isinstance(node, (nir.CubaLIF, nir.CubaLI)):
                tau = np.asarray(node.tau_mem, np.float64)
            elif isinstance(node, nir.IF):
                tau = np.ones(np.shape(node.r))
            else:
                continue
            r = np.asarray(node.r, np.float64)
            if chosen.dt_from_r is None or np.any(r <= 0) or np.all(r == 1):
                continue
            # r = exp(-x) / x is solved by x = W(1 / r), Lambert's function.
            decayed = chosen.dt_from_r == "decayed_tau_by_dt"
            ratio = np.real(lambertw(1 / r)) if decayed else 1 / r  # type: ignore[call-overload]
            said.append(np.ravel(tau * ratio))
        if not said:
            return None
        dt_s = np.concatenate(said)
        if np.ptp(dt_s) > 1e-4 * dt_s.max():
            return None
        # Digits beyond those of float32 are rounding.
        return float(f"{1e3 * np.median(dt_s):.6g}")

    def _shortest_s(self) -> float:
        taus = [
            np.min(getattr(node, field))
            for node in self._graph.nodes.values()
            for field in ("tau", "tau_mem", "tau_syn")
            if hasattr(node, field)
        ]
        return float(min(taus, default=math.inf))

    def _node_at(self, output: str) -> str | None:
        paths = self._graph.paths(output)
        if len(paths) == 1 and isinstance(self._graph.nodes[paths[0].source], NEURONS):
            kept = (nir.Flatten, nir.Input, nir.Output)
            if all(isinstance(self._graph.nodes[step.name], kept) for step in paths[0].passes):
                return paths[0].source
        return None

    def _population(self, name: str, valid: str, recurrent: bool) -> Population:
        node, shape = self._graph.nodes[name], self._graph.shape(name)
        conventions = self._c
        resets_first = self._lif_resets_first and isinstance(node, nir.LIF) and not recurrent
        if resets_first and conventions.reset == "hard":
            # A reset before the integration is one in the tick of the spike.
            conventions = dataclasses.replace(conventions, reset_in="same_tick")
        if isinstance(node, nir.Output):
            return Population(valid, shape, memoryless(self._c.dt_ms))
        try:
            return Population(valid, shape, neuron(node, shape, conventions))
        except pydantic.ValidationError as invalid:
            raise self._graph.refuse(name, explain(invalid)) from None
        except ValueError as wrong:
            raise self._graph.refuse(name, wrong) from None

    def _drives(self, target: str) -> list[_Drive]:
        drives = []
        for path in self._graph.paths(target):
            variants: list[tuple[int, tuple[Stage, ...]]] = [(0, ())]
            source = shape = self._graph.shape(path.source)
            for step in path.passes:
                if isinstance(self._graph.nodes[step.name], SHAPED):
                    variants = [
                        (delay, reshaped(stages, source, shape)) for delay, stages in variants
                    ]
                variants = self._passed(step, shape, variants)
                shape = self._graph.shape(step.name)
            drives += [
                _Drive(path.source, target, delay, reshaped(stages, shape, shape))
                for delay, stages in variants
            ]
        return drives

    def _passed(
        self, step: Pass, shape: tuple[int, ...], variants: list[tuple[int, tuple[Stage, ...]]]
    ) -> list[tuple[int, tuple[Stage, ...]]]:
        node = self._graph.nodes[step.name]
        if isinstance(node, (nir.Flatten, nir.Input, nir.Output)):
            return variants
        if isinstance(node, nir.Delay):
            return [
                (before + ticks, (*stages, *masks))
                for ticks, masks in self._delays(step.name, node, shape)
                for before, stages in variants
            ]
        try:
            made = stage(node, shape, self._graph.shape(step.name))
        except (NetworkError, ValueError, TypeError, LookupError) as wrong:
            raise self._graph.refuse(step.name, wrong) from None
        unbiased = Stage(made.pattern, made.weights, None, made.shape)
        return [
            (before, (*stages, made if step.biased and place == 0 else unbiased))
            for place, (before, stages) in enumerate(variants)
        ]

    def _delays(
        self, name: str, node: Any, shape: tuple[int, ...]
    ) -> list[tuple[int, tuple[Stage, ...]]]:
        """Return each delay that elements of a node have, and a mask of those that have it."""
        if np.any(np.asarray(node.delay) < 0):
            raise self._graph.refuse(name, "has a negative delay")
        tick_s = self._c.dt_ms * 1e-3
        ticks = np.rint(np.asarray(node.delay, np.float64) * self._c.time_scale / tick_s)
        ticks = np.broadcast_to(ticks, shape).ravel()
        distinct = np.unique(ticks)
        if distinct.size > 100 or distinct[-1] > 100_000:
            raise self._graph.refuse(
                name, f"has {distinct.size} delays of up to {distinct[-1]:g} ticks"
            )
        if distinct.size == 1:
            return [(int(distinct[0]), ())]
        return [
            (int(one), (Stage(OneToOne(), Array((ticks == one).astype(np.float32)), None, shape),))
            for one in distinct
        ]


def _projection(drive: _Drive, names: Mapping[str, str], delay_ticks: int) -> Projection:
    *before, last = drive.stages or (Stage(OneToOne()),)
    return Projection(
        pre=names[drive.source],
        post=names[drive.target],
        weights=last.weights,
        pattern=last.pattern,
        delay_ticks=delay_ticks,
        bias=last.bias,
        before=tuple(before),
    )


def _closing(inputs: list[str], drives: list[_Drive]) -> set[int]:
    """Return the drives without delay that lead back to a node on the way from the inputs."""
    out: dict[str, list[int]] = {}
    for index, drive in enumerate(drives):
        if drive.delay_ticks == 0:
            out.setdefault(drive.source, []).append(index)
    closing: set[int] = set()
    done: set[str] = set()
    for start in (*inputs, *out):
        if start in done:
            continue
        way = [(start, iter(out.get(start, ())))]
        on_way = {start}
        while way:
            node, rest = way[-1]
            for index in rest:
                target = drives[index].target
                if target in on_way:
                    closing.add(index)
                elif target not in done:
                    way.append((target, iter(out.get(target, ()))))
                    on_way.add(target)
                    break
            else:
                way.pop()
                on_way.discard(node)
                done.add(node)
    return closing


def _dt_in(metadata: Mapping[str, Any]) -> float | None:
    dt_s = metadata.get("dt")
    if isinstance(dt_s, (np.floating, np.integer)) and np.isfinite(dt_s) and dt_s > 0:
        return 1e3 * float(dt_s)
    return None


def _valid_names(graph: Graph, originals: list[str]) -> dict[str, str]:
    """Return a name of letters, digits and underscores for each node, all different."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for original in originals:
        kind = type(graph.nodes[original]).__name__.lower()
        names[original] = unused(_valid(original, kind), taken)
    return names


def _valid(original: str, kind: str) -> str:
    name = re.sub(r"\W", "_", original, flags=re.ASCII)
    return name if re.match(r"[A-Za-z]", name) else f"{kind}_{name.strip('_')}"
