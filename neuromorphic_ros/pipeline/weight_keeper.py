"""Learned weights on disk: restored at start, written while the robot goes on."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.health import Health
from neuromorphic_ros.pipeline.online_learning import OnlineLearning
from neuromorphic_ros.snn.learned_weights import LearnedWeights, load_learned, save_learned
from neuromorphic_ros.snn.weights import Values


class WeightKeeper:
    """Keep what is learned in a file, which is written beside the network's thread.

    A storage that is slow delays the next writing and nothing else; what could not be written is
    tried again. The file is the last one that was complete, whatever stops the process.
    """

    def __init__(self, learning: OnlineLearning, path: Path) -> None:
        """Restore what the file holds; without one, begin it.

        Raises NetworkError if it cannot be read, does not fit the network, or cannot be made.
        """
        self._learning = learning
        self._path = path
        if path.exists():
            self._kept = load_learned(path)
            try:
                learning.restore(self._kept)
            except NetworkError as unfit:
                raise NetworkError(
                    f"{path}: {unfit}; name another file, or remove it to learn anew"
                ) from None
        else:
            self._kept = learning.learned()
            save_learned(path, self._kept)
        self._writer = ThreadPoolExecutor(1, "learned_weights")
        self._writing: Future[LearnedWeights] | None = None
        self._written_ns: int | None = None
        self._problem = ""

    def keep(self, steady_ns: int, period_s: float) -> None:
        """Begin to write what has been learned, unless that was done less than a period ago."""
        self._collect()
        written_ns = self._written_ns
        if self._writing or (written_ns is not None and steady_ns < written_ns + period_s * 1e9):
            return
        self._written_ns = steady_ns
        if (learned := self._news()) is not None:
            self._writing = self._writer.submit(_write, self._path, learned)

    def close(self) -> None:
        """Write what has been learned up to now, and wait for it."""
        if self._writing:
            self._writing.exception()
        self._collect()
        if (learned := self._news()) is not None:
            self._writing = self._writer.submit(_write, self._path, learned)
            self._writing.exception()
            self._collect()

    def health(self) -> Health:
        """Return what the diagnostics should say."""
        if self._problem:
            return Health("error", self._problem, {})
        return Health("ok", f"kept in {self._path}", {})

    def _news(self) -> LearnedWeights | None:
        learned = self._learning.learned()
        if _same(learned.weights, self._kept.weights):
            return None
        if not all(np.isfinite(weight).all() for weight in learned.weights.values()):
            self._problem = f"learned weights are not finite: {self._path} stays as it was"
            return None
        return learned

    def _collect(self) -> None:
        if self._writing is None or not self._writing.done():
            return
        try:
            self._kept, self._problem = self._writing.result(), ""
        except Exception as failure:
            self._problem = str(failure)
        self._writing = None


def _write(path: Path, learned: LearnedWeights) -> LearnedWeights:
    save_learned(path, learned)
    return learned


def _same(some: Mapping[str, Values], others: Mapping[str, Values]) -> bool:
    return all(np.array_equal(weight, others[name]) for name, weight in some.items())
