"""A network of integers as processes of Lava, run in Lava's fixed-point simulation of Loihi."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy.sparse.csgraph import connected_components

from neuromorphic_ros.backends.loihi.lava_import import lava_imports

with lava_imports():
    from lava.magma.core.model.py.ports import PyOutPort
    from lava.magma.core.model.py.type import LavaPyType
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.dense.process import DelayDense, Dense
    from lava.proc.io.extractor import Extractor, PyLoihiExtractorModel
    from lava.proc.io.injector import Injector, PyLoihiInjectorModel
    from lava.proc.lif.process import LIF

Parameters = Mapping[str, Any]
Amounts = npt.NDArray[np.float64]
Raster = npt.NDArray[np.bool_]


class IntegerInjector(PyLoihiInjectorModel):
    """Inject integers, as graded spikes are; Lava's own model injects floats."""

    out_port: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)


class LavaProcesses:
    """Lava's neurons and synapses, driven and read out while they run.

    Lava starts operating-system processes, one for each of its own, by forking this one; `stop`
    ends them.
    """

    def __init__(
        self,
        channels: int,
        populations: Sequence[Parameters],
        connections: Sequence[Parameters],
        max_ticks: int,
    ) -> None:
        """Start the processes.

        populations: arguments of Lava's LIF. connections: arguments of Lava's Dense, or DelayDense
        if `delays` is among them, and beside them `pre` and `post`, of which 0 is the channels and
        1 the first population. max_ticks: what is run at once, at most.
        """
        self._neurons = [LIF(**parameters) for parameters in populations]
        self._start = [np.array(parameters["v"]) for parameters in populations]
        # Lava has no ports of size 0.
        self._injector: Any = None
        if channels:
            self._injector = Injector(shape=(channels,), buffer_size=max_ticks)
        self._synapses = [self._connect(**parameters) for parameters in connections]
        self._hold_together(channels, connections)
        self._extractors = [
            Extractor(shape=neurons.v.shape, buffer_size=max_ticks) for neurons in self._neurons
        ]
        for neurons, extractor in zip(self._neurons, self._extractors, strict=True):
            neurons.s_out.connect(extractor.in_port)
        models = {Injector: IntegerInjector, Extractor: PyLoihiExtractorModel}
        self._neurons[0].create_runtime(
            run_cfg=Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map=models)
        )
        # Lava sets no state, and ends nothing, before it has run.
        self.run(np.zeros((1, channels)))
        self.reset()

    def run(self, spikes: Amounts) -> Raster:
        """Run one tick per row: (ticks, channels) to (ticks, neurons)."""
        ticks = len(spikes)
        self._neurons[0].run(condition=RunSteps(num_steps=ticks, blocking=False))
        if self._injector:
            for row in spikes:
                self._injector.send(row)
        fired = [
            np.concatenate([extractor.receive() for extractor in self._extractors])
            for _ in range(ticks)
        ]
        self._neurons[0].wait()
        return np.array(fired, np.bool_)

    def reset(self) -> None:
        """Return to the start, with nothing under way."""
        for synapses in self._synapses:
            synapses.a_buff.set(np.zeros(synapses.a_buff.shape, np.int32))
        for neurons, start in zip(self._neurons, self._start, strict=True):
            neurons.u.set(np.zeros(neurons.v.shape, np.int32))
            neurons.v.set(start)

    def state(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Return u and v of all neurons."""
        u, v = (
            np.concatenate([getattr(neurons, name).get() for neurons in self._neurons])
            for name in ("u", "v")
        )
        return u.astype(np.int32), v.astype(np.int32)

    def put(self, u: npt.NDArray[np.int32], v: npt.NDArray[np.int32]) -> None:
        """Set u and v of all neurons."""
        ends = np.cumsum([neurons.v.shape[0] for neurons in self._neurons])[:-1]
        parts = zip(self._neurons, np.split(u, ends), np.split(v, ends), strict=True)
        for neurons, own_u, own_v in parts:
            neurons.u.set(own_u)
            neurons.v.set(own_v)

    def stop(self) -> None:
        """End the processes."""
        self._neurons[0].stop()

    def _connect(self, pre: int, post: int, **parameters: Any) -> Any:
        synapses = (DelayDense if "delays" in parameters else Dense)(**parameters)
        source = self._neurons[pre - 1].s_out if pre else self._injector.out_port
        source.connect(synapses.s_in)
        synapses.a_out.connect(self._neurons[post - 1].a_in)
        return synapses

    def _hold_together(self, channels: int, connections: Sequence[Parameters]) -> None:
        """Let Lava find everything, as it runs only what is connected with what it is told to."""
        hub, width = (0, channels) if self._injector else (1, self._neurons[0].v.shape[0])
        links = [(each["pre"], each["post"]) for each in connections]
        pre, post = np.array([*links, (hub, hub)]).T
        size = 1 + len(self._neurons)
        graph = scipy.sparse.coo_array((np.ones(pre.size), (pre, post)), shape=(size, size))
        _, island = connected_components(graph, directed=False)
        for apart in sorted(set(island[1:]) - {island[hub]}):
            node = int(np.flatnonzero(island == apart)[0])
            none = np.zeros((self._neurons[node - 1].v.shape[0], width), np.int32)
            self._synapses.append(self._connect(hub, node, weights=none))
