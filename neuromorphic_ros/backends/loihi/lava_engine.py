"""Run a network of integers in Lava's own simulation of Loihi, beside this process."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.loihi.activity import Activity
from neuromorphic_ros.backends.loihi.blocks import Block, block
from neuromorphic_ros.backends.loihi.engine import FixedNetwork, payload
from neuromorphic_ros.backends.loihi.lava_import import require_lava
from neuromorphic_ros.backends.loihi.neuron import FixedLif
from neuromorphic_ros.errors import BackendError, NetworkError
from neuromorphic_ros.snn.array import as_numpy
from neuromorphic_ros.snn.tick_spikes import TickSpikes

HOST = "neuromorphic_ros.backends.loihi.lava_host"
MAX_TICKS = 50
"""Ticks that are run at once; Lava's buffers hold as many."""
PATIENCE_S = 60.0
"""Lava starts within seconds, and takes milliseconds for a tick."""
GRACE_S = 5.0


class LavaEngine:
    """Give what FixedPointEngine gives, from the processes of Lava.

    They end with this object, and with this process, however it ends. A tick takes milliseconds.
    """

    def __init__(self, network: FixedNetwork, names: Sequence[str] = ()) -> None:
        """Start Lava; names: of the populations, for errors.

        Raises BackendError if Lava is not installed or fails, NetworkError if a connection does not
        fit or neurons are none of Lava's.
        """
        _refuse(network, names or [str(index) for index in range(len(network.populations))])
        require_lava()
        self.network = network
        self._activity = Activity(network)
        described = (
            network.channels,
            [_lif(population) for population in network.populations],
            [
                _dense(block(network, index), network.message_bits)
                for index in range(len(network.connections))
            ],
            MAX_TICKS,
        )
        self._process, self._connection = _start()
        self._end = weakref.finalize(self, _end, self._process, self._connection)
        self._ask(*described)

    @property
    def ticks(self) -> int:
        """Ticks since construction."""
        return self._activity.ticks

    @property
    def spikes(self) -> npt.NDArray[np.int64]:
        """Copy of the spikes of each channel, then neuron, since construction; int64."""
        return np.array(self._activity.spikes)

    @property
    def active(self) -> npt.NDArray[np.int64]:
        """Copy of the ticks in which each neuron received input; int64[neurons]."""
        return np.array(self._activity.active)

    @property
    def synapses(self) -> npt.NDArray[np.int64]:
        """Number of synapses of each channel, then neuron; int64."""
        return self._activity.synapses

    @property
    def u(self) -> npt.NDArray[np.int32]:
        """Copy of the currents; int32[neurons]."""
        return np.asarray(self._ask("state")[0])

    @property
    def v(self) -> npt.NDArray[np.int32]:
        """Copy of the voltages; int32[neurons]."""
        return np.asarray(self._ask("state")[1])

    def reset(self) -> None:
        """Return to the start, with nothing under way; the counts go on."""
        self._activity.forget()
        # Where Lava has ended there is nothing to reset, and the next run tells.
        if self._end.alive:
            self._ask("reset")

    @property
    def rest(self) -> npt.NDArray[np.int32]:
        """Ticks for which neurons still rest: none, in Lava; int32[neurons]."""
        return np.zeros(self.network.neurons, np.int32)

    def put(
        self, first: int, u: npt.NDArray[Any], v: npt.NDArray[Any], rest: npt.NDArray[Any]
    ) -> None:
        """Set u and v, integers within 24 bits, of the neurons from `first` on, which rest not."""
        all_u, all_v = self._ask("state")
        all_u[first : first + u.size] = u
        all_v[first : first + v.size] = v
        self._ask("put", all_u, all_v)

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes` and return the spikes of the neurons.

        Of a channel that spikes more often in a tick than its message can tell, the rest is lost.
        Raises SpikeError, with the network unchanged, if the spikes do not fit, and BackendError if
        Lava fails.
        """
        self.network.check(spikes)
        starts = range(0, spikes.ticks, MAX_TICKS)
        parts = [
            self._run(spikes.between(start, min(start + MAX_TICKS, spikes.ticks)))
            for start in starts
        ]
        fired = np.concatenate([np.empty((0, self.network.neurons), np.bool_), *parts])
        first = np.concatenate(([0], np.cumsum(np.count_nonzero(fired, axis=1))))
        return TickSpikes(np.nonzero(fired)[1].astype(np.uint32), first)

    def close(self) -> None:
        """End Lava."""
        self._end()

    def _run(self, spikes: TickSpikes) -> npt.NDArray[np.bool_]:
        """Return the spikes of the neurons in a few ticks; bool[ticks, neurons]."""
        tick = np.repeat(np.arange(spikes.ticks), np.diff(spikes.first))
        amount = spikes.value if spikes.value.size else 1
        driven = np.zeros((spikes.ticks, self.network.channels))
        np.add.at(driven, (tick, spikes.address), amount)
        driven = np.minimum(driven, payload(self.network.message_bits))
        fired = np.asarray(self._ask("run", driven))
        self._activity.add(driven, fired)
        return fired

    def _ask(self, *request: Any) -> Any:
        try:
            self._connection.send(request)
            if self._connection.poll(PATIENCE_S):
                return self._connection.recv()
            failure = f"has not answered for {PATIENCE_S:g} s"
        except (EOFError, OSError):
            failure = "has ended; if it failed, it has printed why"
        except KeyboardInterrupt:
            # The next answer would be that to this request.
            self._end()
            raise
        self._end()
        raise BackendError(f"Lava {failure}: configure anew, or choose the engine `integer`")


def _start() -> tuple[subprocess.Popen[bytes], Connection]:
    here, there = socket.socketpair()
    path = os.pathsep.join(os.path.abspath(folder) for folder in sys.path)
    with there:
        process = subprocess.Popen(
            [sys.executable, "-m", HOST, str(there.fileno())],
            # Many small processes, each with as many threads as cores, would hinder each other.
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            pass_fds=(there.fileno(),),
            # A session of its own: the terminal's Ctrl-C ends it through the connection, once.
            start_new_session=True,
        )
    return process, Connection(here.detach())


def _end(process: subprocess.Popen[bytes], connection: Connection) -> None:
    connection.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _refuse(network: FixedNetwork, names: Sequence[str]) -> None:
    reasons = [
        f"population '{name}' has {' and '.join(population.beyond_lava)}, Lava's LIF has not"
        for name, population in zip(names, network.populations, strict=True)
        if population.beyond_lava
    ]
    if reasons:
        raise NetworkError(f"{'; '.join(reasons)}: choose the engine `integer`, which has")


def _lif(population: FixedLif) -> dict[str, Any]:
    """Return the arguments of Lava's LIF."""
    size = population.size
    mantissa, exponent = (
        np.broadcast_to(as_numpy(bias, np.int32), (size,))
        for bias in (population.bias_mant, population.bias_exp)
    )
    return {
        "shape": (size,),
        "du": int(as_numpy(population.du)),
        "dv": int(as_numpy(population.dv)),
        "vth": population.vth,
        "bias_mant": mantissa,
        "bias_exp": exponent,
        "v": population.start(),
    }


def _dense(given: Block, message_bits: int) -> dict[str, Any]:
    """Return the arguments of Lava's Dense, or DelayDense, and what it connects."""
    delays = {"delays": np.full_like(given.weights, given.delay, dtype=int)} if given.delay else {}
    return {
        "pre": given.pre,
        "post": given.post,
        "weights": given.weights,
        "weight_exp": given.exponent,
        "num_message_bits": 0 if given.pre else message_bits,
        **delays,
    }
