"""The process that runs a network in PyNN, as simulators are one to a process."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.brainscales.pynn_network import Fired, Network
from neuromorphic_ros.backends.brainscales.script import NETWORK, write_script
from neuromorphic_ros.errors import BackendError

_RESET = -1.0


class SimulatorProcess:
    """A network on one of PyNN's simulators, or on a chip, in a process of its own."""

    def __init__(self, network: Network, engine: str) -> None:
        """Start it; raises BackendError with what it said if it fails."""
        self._folder = tempfile.TemporaryDirectory(prefix="neuromorphic_pynn_")
        # From a folder of its own: modules beside a script come before those of Python's.
        script = write_script(network, Path(self._folder.name))
        self._engine = engine
        self._said = (Path(self._folder.name) / "said.txt").open("w+b")
        self._process = subprocess.Popen(
            [sys.executable, str(script), NETWORK, engine],
            cwd=self._folder.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            # Ctrl-C is for the node, which stops the robot first.
            start_new_session=True,
        )
        self.close = weakref.finalize(self, _end, self._process, self._said, self._folder)
        self._answer()

    def run(
        self, source: npt.NDArray[np.int64], time_us: npt.NDArray[np.float64], stop_us: float
    ) -> Fired:
        """Play spikes of sources up to a time, and return what has fired since the last run.

        Raises BackendError if the process has failed.
        """
        return self._ask(stop_us, source, time_us)

    def reset(self) -> None:
        """Return to rest at time 0; raises BackendError if the process has failed."""
        self._ask(_RESET, np.empty(0, np.int64), np.empty(0))

    def _ask(
        self, stop_us: float, source: npt.NDArray[np.int64], time_us: npt.NDArray[np.float64]
    ) -> Fired:
        assert self._process.stdin
        head = np.float64(stop_us).tobytes() + np.int64(source.size).tobytes()
        try:
            self._process.stdin.write(head + source.tobytes() + time_us.tobytes())
            self._process.stdin.flush()
        except OSError:
            raise self._failure() from None
        return self._answer()

    def _answer(self) -> Fired:
        count = int(np.frombuffer(self._read(8), np.int64)[0])
        neuron = np.frombuffer(self._read(8 * count), np.int64)
        return Fired(neuron, np.frombuffer(self._read(8 * count), np.float64))

    def _read(self, size: int) -> bytes:
        assert self._process.stdout
        content = self._process.stdout.read(size)
        if len(content) < size:
            raise self._failure()
        return content

    def _failure(self) -> BackendError:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        last = lines[-1] if lines else f"it ended with {self._process.poll()}"
        return BackendError(f"PyNN's simulator '{self._engine}' has failed: {last}")


def _end(process: Any, said: Any, folder: Any) -> None:
    process.kill()
    process.wait()
    with contextlib.suppress(OSError):
        process.stdin.close()
    process.stdout.close()
    said.close()
    folder.cleanup()
