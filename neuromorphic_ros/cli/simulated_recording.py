"""What a simulation tells as a recording."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.simulation.sensor_sample import SensorSample


def write_samples(out: Path, samples: Iterable[SensorSample], *, overwrite: bool) -> int:
    """Write samples as a compressed rosbag2 and return how many there were.

    Raises BagError if the folder cannot be written.
    """
    written = 0
    with RecordingWriter(out, overwrite=overwrite, compressed=True) as writer:
        for sample in samples:
            writer.write(sample.topic, sample.type_name, sample.fields, sample.log_ns)
            written += 1
    return written
