"""Notice faults of a machine: a liquid that learns online to foresee what is normal."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.learning import force
from neuromorphic_ros.learning.force import ForceParameters
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.pipeline.liquid import Drive, Liquid
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.spec import NetworkSpec

# Half ranges from the middle of its range at which a value counts no more: one glitch must neither
# spoil the readout nor be heard in the smoothed error for long.
BEYOND = 10.0

Values = npt.NDArray[np.float64]
Alarms = npt.NDArray[np.bool_]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class FaultParameters:
    """When a detector learns, and when it gives alarm.

    The first `learn_samples` train the readout, the next `calibrate_samples` tell how far off it is
    without a fault; both must be free of faults. From then on it gives alarm where it is further
    off than `margin` times the most in those.
    """

    drive: Drive
    readout: ForceParameters
    washout_samples: Annotated[int, Field(ge=0, description="Not learned [1]")] = 20
    learn_samples: Annotated[int, Field(ge=1, description="Learned, washout included [1]")] = 280
    calibrate_samples: Annotated[int, Field(ge=2, description="Calibrated on [1]")] = 120
    smoothing_samples: Annotated[
        float, Field(ge=1, le=1e5, description="Time constant of the error's mean [samples]")
    ] = 15.0
    margin: Annotated[float, Field(ge=0.01, le=1e3, description="Of the threshold [1]")] = 1.0

    def __post_init__(self) -> None:
        if self.washout_samples >= self.learn_samples:
            raise ValueError(
                f"washout_samples {self.washout_samples} leave nothing of learn_samples "
                f"{self.learn_samples}"
            )


class Verdict(NamedTuple):
    """What a detector makes of one sample; score: above 1 it gives alarm; nan while it learns."""

    score: float
    alarm: bool


class FaultDetector:
    """Foresee each sample from the ones before it, and watch the smoothed error of that.

    score: root mean square over channels of the mean error, in deviations that it had while
    calibrating, over the threshold.
    """

    def __init__(self, network: NetworkSpec, parameters: FaultParameters) -> None:
        """Take a liquid; raises NetworkError if it is none for these parameters."""
        self.parameters = parameters
        self._liquid = Liquid(network, parameters.drive)
        low, high = np.array(parameters.drive.low), np.array(parameters.drive.high)
        self._centre, self._scale = (low + high) / 2, (high - low) / 2
        self._readout = force.start(parameters.readout, self._liquid.size + 1, low.size)
        self._features: npt.NDArray[np.float32] | None = None
        self._error = np.zeros(low.size)
        self._calibration: list[Values] = []
        self._deviation, self._threshold = np.ones(low.size), np.nan
        self._samples = 0

    def step(self, values: npt.ArrayLike) -> Verdict:
        """Take a sample; raises SensorError, with the detector as before, if it does not fit."""
        p = self.parameters
        traces = self._liquid.step(values)
        relative = (np.asarray(values, np.float64) - self._centre) / self._scale
        target = np.clip(relative, -BEYOND, BEYOND).astype(np.float32)
        foreseen = np.zeros_like(target)
        if self._features is not None:
            if p.washout_samples <= self._samples < p.learn_samples:
                foreseen, _ = force.step(p.readout, self._readout, self._features, target)
            else:
                foreseen = force.predict(self._readout, self._features)
        self._features = np.append(traces, np.float32(1.0))
        self._error += (target - foreseen - self._error) / p.smoothing_samples
        self._samples += 1
        calibrated = p.learn_samples + p.calibrate_samples
        if p.learn_samples < self._samples <= calibrated:
            self._calibration.append(self._error.copy())
        if self._samples == calibrated:
            # What never moved while calibrating counts from a thousandth of its range on.
            self._deviation = np.maximum(np.std(self._calibration, axis=0), 1e-3)
            most = max(map(self._distance, self._calibration))
            self._threshold = p.margin * max(most, float(np.finfo(np.float32).tiny))
        score = self._distance(self._error) / self._threshold
        return Verdict(score, score > 1.0)

    def run(self, values: npt.ArrayLike) -> tuple[Values, Alarms]:
        """Take samples, [steps, channels]; returns scores, float64[steps], and alarms."""
        verdicts = [self.step(sample) for sample in np.asarray(values, np.float64)]
        scores = np.array([verdict.score for verdict in verdicts], np.float64)
        return scores, np.array([verdict.alarm for verdict in verdicts], np.bool_)

    def counts(self) -> Counts:
        """Return what the liquid did since construction; the readout is not part of it."""
        return self._liquid.counts()

    def _distance(self, error: Values) -> float:
        return float(np.sqrt(np.mean((error / self._deviation) ** 2)))


class AlarmRates(NamedTuple):
    """False alarms among samples without a fault, and missed ones among those with, 0 to 1."""

    false_alarm: float
    missed_alarm: float


def alarm_rates(alarm: Alarms, faulty: Alarms) -> AlarmRates:
    """Return FAR and MAR as the leaderboard of SKAB counts them, sample by sample; nan of none."""
    normal = ~faulty
    false = np.count_nonzero(alarm & normal) / normal.sum() if normal.any() else np.nan
    missed = np.count_nonzero(~alarm & faulty) / faulty.sum() if faulty.any() else np.nan
    return AlarmRates(float(false), float(missed))
