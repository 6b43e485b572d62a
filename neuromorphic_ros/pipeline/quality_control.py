"""The quality that power allows, put into force."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorphic_ros.backends.base import Compile, Runner
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.core import SpikingCore
from neuromorphic_ros.pipeline.sample_rate import SampleRates
from neuromorphic_ros.pipeline.sensor_input import SensorInput
from neuromorphic_ros.power.quality import Quality
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.variant import vary


def compile_lower(spec: NetworkSpec, compile_network: Compile) -> dict[Quality, Runner]:
    """Compile the variants of a network for lower qualities, named as these.

    Where there is none, the next better one runs. Raises NetworkError if one is wrong, or changes
    encoders or decoders, which go on while networks take turns.
    """
    runners: dict[Quality, Runner] = {}
    for quality in (Quality.MEDIUM, Quality.LOW):
        name = quality.name.lower()
        if variant := spec.variants.get(name):
            if changed := [*variant.encoders, *variant.decoders]:
                raise NetworkError(
                    f"variant '{name}' of network '{spec.name}' changes '{changed[0]}': a lower "
                    "quality can change neurons, weights and the tick alone"
                )
            runners[quality] = compile_network(vary(spec, name))
        elif quality + 1 in runners:
            runners[quality] = runners[Quality(quality + 1)]
    return runners


class QualityControl:
    """Thin the samples of camera inputs, and decisions, by the quality that power allows."""

    def __init__(self, inputs: Iterable[SensorInput], core: SpikingCore | None = None) -> None:
        """Begin at high quality; core: whose decisions are made more rarely."""
        self._core = core
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
        if self._core:
            self._core.decisions_hz = self._rates.decisions_hz(quality)
