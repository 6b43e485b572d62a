"""The quality that power allows, put into force."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorphic_ros.pipeline.sample_rate import SampleRates
from neuromorphic_ros.pipeline.sensor_input import SensorInput
from neuromorphic_ros.power.quality import Quality


class QualityControl:
    """Thin the samples of camera inputs by the quality that power allows."""

    def __init__(self, inputs: Iterable[SensorInput]) -> None:
        """Begin at high quality."""
        self._inputs = [item for item in inputs if item.camera]
        self._rates = SampleRates()
        self.quality = Quality.HIGH

    @property
    def rates(self) -> SampleRates:
        """Rates of each quality; assign to change them at once."""
        return self._rates

    @rates.setter
    def rates(self, rates: SampleRates) -> None:
        self._rates = rates
        self.apply(self.quality)

    def apply(self, quality: Quality) -> None:
        """Put a quality into force."""
        self.quality = quality
        for item in self._inputs:
            item.limit.rate_hz = self._rates.camera_hz(quality)
