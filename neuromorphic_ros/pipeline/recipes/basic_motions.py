"""Four motions of a person, told from a smart watch by a liquid with a trained readout."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.bags.time_series import read_time_series
from neuromorphic_ros.encoding.imu import (
    ImuPopulationEncoder,
    ImuPopulationParameters,
    ImuSample,
)
from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.learning.samples import LearningError, Samples, binned
from neuromorphic_ros.pipeline.liquid_readout import traces_of, with_readout
from neuromorphic_ros.pipeline.measurement import Measurement, of_classes, pooled
from neuromorphic_ros.pipeline.recipes.files import files_of
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Made, Source, Training
from neuromorphic_ros.snn.reservoir import ReservoirParameters, reservoir
from neuromorphic_ros.snn.spec import Input, NetworkSpec
from neuromorphic_ros.spikes import SpikeBatch, merge

CLASSES = ("Standing", "Running", "Walking", "Badminton")
CHANNELS, ROWS = 6, 100
PERIOD_MS, TICKS = 100.0, 20
DT_MS = PERIOD_MS / TICKS
FOLDS = 10
# The readout learns to decide after 4, 6, 8 and 10 s.
MOMENTS = tuple(rows * TICKS for rows in (40, 60, 80, ROWS))
# Of most motions; what is beyond is clipped.
ENCODER: dict[str, Any] = {
    "range_linear_m_s2": 20.0,
    "range_angular_rad_s": 8.0,
    "fields": 12,
    "max_rate_hz": 100.0,
    "hold_ms": PERIOD_MS,
}
IMU = Input("imu", (CHANNELS, ENCODER["fields"]), "imu", "imu_population", parameters=ENCODER)
RESERVOIR = ReservoirParameters(
    shape=(5, 5, 8),
    reach=4.0,
    bias=0.0,
    tau_mem_ms=(50.0, 500.0),
    delay_ticks=(TICKS, 2 * TICKS),
    input_weights="graded",
    input_probability=0.5,
    input_scale=0.8,
    tau_trace_ms=4000.0,
)


def liquid(seed: int) -> NetworkSpec:
    """Return the liquid without its readout, in real time."""
    parts = reservoir(RESERVOIR, (IMU,), seed)
    return NetworkSpec("basic_motions", DT_MS, (IMU,), *parts, seed=seed)


def read(path: Path) -> Labelled:
    """Read series of a watch (.ts), float64[n, 6, 100], acceleration before angular velocity.

    Raises BagError, or LearningError if they are of another shape or class.
    """
    content, label = [], []
    for file in files_of(path, ".ts"):
        series = read_time_series(file)
        unknown = sorted(set(series.classes) - set(CLASSES))
        if series.values.shape[1:] != (CHANNELS, ROWS) or unknown:
            raise LearningError(
                f"{file}: has series of {series.values.shape[1:]} and classes "
                f"{', '.join(series.classes)}, not ({CHANNELS}, {ROWS}) and {', '.join(CLASSES)}"
            )
        content.append(series.values)
        label.append([CLASSES.index(series.classes[each]) for each in series.label])
    labels = np.concatenate(label)
    return Labelled(np.concatenate(content), labels, np.zeros_like(labels))


def folds(label: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Return the fold of each series, each with as equal a share of every class as can be."""
    generator, fold = np.random.default_rng(seed), np.empty(label.size, np.int64)
    for one in np.unique(label):
        mine = generator.permutation(np.flatnonzero(label == one))
        fold[mine] = np.arange(mine.size) % FOLDS
    return fold


def encode(labelled: Labelled) -> Samples:
    """Encode each series from rest, as the encoder of the network does on a robot."""
    encoder = ImuPopulationEncoder(ImuPopulationParameters(**ENCODER))
    batches = [_spikes(encoder, series) for series in labelled.content]
    return Samples(binned(batches, ROWS * TICKS, round(DT_MS * 1e6)), labelled.label)


def _spikes(encoder: ImuPopulationEncoder, series: npt.NDArray[np.float64]) -> SpikeBatch:
    encoder.reset()
    period_ns = round(PERIOD_MS * 1e6)
    return merge(
        [
            encoder.encode(ImuSample(row[3:], row[:3]), place * period_ns)
            for place, row in enumerate(series.T)
        ]
    )


class BasicMotions(NamedTuple):
    """The recipe."""

    name: str = "basic_motions"
    task: str = "standing, running, walking, badminton: from a smart watch, in 10 s"
    classes: tuple[str, ...] = CLASSES
    source: Source = Source(
        name="BasicMotions, the training split (40 series of four students)",
        citation="Bagnall et al., The UEA multivariate time series classification archive, "
        "arXiv:1811.00075, 2018",
        licence="BSD-3-Clause (as in aeon)",
        file="imu_basicmotions/BasicMotions_TRAIN.ts",
        ships=True,
        licence_of_weights="Apache-2.0",
    )
    split: str = (
        "ten-fold cross-validation, by which settings were chosen too; the one shipped has seen all"
    )

    def make(self, path: Path, training: Training) -> Made:
        """Fit the readout to each fold and to everything."""
        if training.epochs is not None:
            raise LearningError(f"recipe '{self.name}' is solved at once and has no epochs")
        samples = encode(read(path))
        fold = folds(samples.label, training.seed)
        if np.unique(fold).size < 2 or np.unique(samples.label).size < len(CLASSES):
            raise LearningError(f"{path}: {samples.size} series are too few to hold some out")
        network = liquid(training.seed)
        traces = traces_of(network, samples, MOMENTS)
        found = []
        for done, one in enumerate(np.unique(fold)):
            training.progress("cross-validation", done, FOLDS)
            mine = fold == one
            spec = with_readout(network, traces[~mine], samples.label[~mine], len(CLASSES))
            found.append(evaluate(spec, samples.take(mine)))
        training.progress("cross-validation", FOLDS, FOLDS)
        spec = with_readout(network, traces, samples.label, len(CLASSES))
        return Made(spec, of_classes(pooled(found), ROWS * PERIOD_MS))

    def measure(self, spec: NetworkSpec, path: Path) -> Measurement:
        """Measure on all series."""
        return of_classes(evaluate(spec, encode(read(path))), ROWS * PERIOD_MS)


RECIPE = BasicMotions()
