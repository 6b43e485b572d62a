"""What a pipeline sends, as the fields of ROS messages; times are int [ns].

A message is anything with the fields of its ROS type: rclpy's classes and those of a recording
both fit, so live nodes and offline replay share every mapping.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.decoding.detection import Detections
from neuromorphic_ros.decoding.velocity import Velocity
from neuromorphic_ros.encoding.region import View
from neuromorphic_ros.energy.price import Price
from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.pipeline.alert_readout import Alert
from neuromorphic_ros.pipeline.joint_readout import JointCommand
from neuromorphic_ros.pipeline.sensing import nanoseconds
from neuromorphic_ros.pipeline.sensor_input import Encoded
from neuromorphic_ros.snn.counts import OF_NODES, OF_PROJECTIONS, Counts
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.spikes import SpikeBatch

Fields = dict[str, Any]

MAX_OFFSET_NS = 2**32 - 1


class ReceivedSpikes(NamedTuple):
    """The content of a SpikeArray.

    complete_ns: no later array of this population holds an earlier spike.
    input_stamp_ns: stamp of the oldest of the newest samples behind it; none: not all have come.
    """

    population: str
    spikes: SpikeBatch
    start_ns: int
    complete_ns: int
    input_stamp_ns: int | None


def spike_arrays(
    population: str,
    frame_id: str,
    spikes: SpikeBatch,
    start_ns: int,
    complete_ns: int,
    input_stamp_ns: int | None,
) -> list[Fields]:
    """Return the fields of the SpikeArrays that carry a batch: one, unless it spans over 4.29 s.

    start_ns: start of the span, not after the first spike.
    """
    pieces = [(int(piece.time_ns[0]), piece) for piece in spikes.windows(MAX_OFFSET_NS)]
    if pieces and pieces[-1][1].time_ns[-1] - start_ns <= MAX_OFFSET_NS:
        pieces = [(start_ns, spikes)]
    if not pieces or complete_ns - pieces[-1][0] > MAX_OFFSET_NS:
        pieces.append((max(start_ns, complete_ns - MAX_OFFSET_NS), SpikeBatch.empty(spikes.shape)))
    return [
        {
            "header": {"stamp": reference_ns, "frame_id": frame_id},
            "population": population,
            "shape": np.array(spikes.shape, np.uint32),
            "span_ns": max(0, min(complete_ns - reference_ns, MAX_OFFSET_NS)),
            "input_stamp": input_stamp_ns or 0,
            "address": piece.address,
            "offset_ns": (piece.time_ns - reference_ns).astype(np.uint32),
        }
        for reference_ns, piece in pieces
    ]


def sample_arrays(population: str, sample: Encoded) -> list[Fields]:
    """Return the fields of the SpikeArrays that carry the spikes of one sample."""
    spikes, stamp_ns, complete_ns = sample.spikes, sample.stamp_ns, sample.complete_ns
    start_ns = min(complete_ns, int(spikes.time_ns[0])) if len(spikes) else complete_ns
    return spike_arrays(population, sample.frame_id, spikes, start_ns, complete_ns, stamp_ns)


def spikes_of(message: Any) -> ReceivedSpikes:
    """Read a SpikeArray; raises SpikeError if addresses, offsets and shape do not fit together."""
    start_ns = nanoseconds(message.header.stamp)
    shape = tuple(int(extent) for extent in message.shape)
    if not shape or math.prod(shape) > 2**32:
        raise SpikeError(f"SpikeArray of '{message.population}' has shape {shape}")
    spikes = SpikeBatch.checked(
        shape,
        np.asarray(message.address, np.uint32),
        np.asarray(message.offset_ns, np.uint32).astype(np.int64) + start_ns,
    )
    return ReceivedSpikes(
        message.population,
        spikes,
        start_ns,
        start_ns + message.span_ns,
        nanoseconds(message.input_stamp) or None,
    )


def twist(velocity: Velocity) -> Fields:
    """Return the fields of a Twist."""
    return {
        "linear": {"x": velocity.linear_m_s},
        "angular": {"z": velocity.angular_rad_s},
    }


def twist_stamped(velocity: Velocity, stamp_ns: int, frame_id: str) -> Fields:
    """Return the fields of a TwistStamped."""
    return {"header": {"stamp": stamp_ns, "frame_id": frame_id}, "twist": twist(velocity)}


def joint_trajectory(command: JointCommand) -> Fields:
    """Return the fields of a JointTrajectory that begins when it arrives, as stamp zero asks."""
    return {
        "joint_names": list(command.names),
        "points": [
            {
                "positions": np.array(command.position_rad, np.float64),
                "time_from_start": command.duration_ns,
            }
        ],
    }


def detection_array(detections: Detections, frame_id: str, view: View) -> Fields:
    """Return the fields of a DetectionArray in pixels of the image whose region was seen."""
    x, y, width, height = view.region
    return {
        "header": {"stamp": detections.stamp_ns, "frame_id": frame_id},
        "image_width": view.width,
        "image_height": view.height,
        "detections": [
            {
                "class_name": box.class_name,
                "score": box.score,
                "center_x": x + box.center_x * width,
                "center_y": y + box.center_y * height,
                "size_x": box.size_x * width,
                "size_y": box.size_y * height,
            }
            for box in detections.boxes
        ],
    }


def alert(found: Alert, frame_id: str) -> Fields:
    """Return the fields of an Alert."""
    return {
        "header": {"stamp": found.stamp_ns, "frame_id": frame_id},
        "level": int(found.level),
        "source": found.source,
        "score": found.score,
        "message": found.message,
    }


def rgb_image(pixels: npt.NDArray[np.uint8], stamp_ns: int, frame_id: str) -> Fields:
    """Return the fields of an Image of uint8[height, width, 3]."""
    height, width, channels = pixels.shape
    return {
        "header": {"stamp": stamp_ns, "frame_id": frame_id},
        "height": height,
        "width": width,
        "encoding": "rgb8",
        "step": width * channels,
        "data": pixels.reshape(-1),
    }


# Three per decade, from what a small network takes to what no robot can wait for.
STEP_BOUNDS_US = tuple(
    mantissa * 10.0**exponent for exponent in range(6) for mantissa in (1.0, 2.0, 5.0)
)


class StepTimes(NamedTuple):
    """Time that one tick took [us].

    p50_us, p99_us: NaN: not measured. ticks: how many took up to each of STEP_BOUNDS_US and above
    the bound before, and how many took longer than the last.
    """

    p50_us: float = math.nan
    p99_us: float = math.nan
    ticks: tuple[int, ...] = (0,) * (len(STEP_BOUNDS_US) + 1)


def population_rates(
    spec: NetworkSpec,
    counts: Counts,
    window_s: float,
    stamp_ns: int,
    late_spikes: int,
    times: StepTimes,
) -> Fields:
    """Return the fields of a PopulationRates for the counts of one window."""
    neurons = counts.sizes * window_s
    return {
        "header": {"stamp": stamp_ns},
        "network": spec.name,
        "window_s": window_s,
        "ticks": counts.ticks,
        "name": list(counts.names),
        "size": counts.sizes.astype(np.uint32),
        "spikes": counts.spikes.astype(np.uint64),
        "rate_hz": np.divide(
            counts.spikes, neurons, out=np.zeros(neurons.size), where=neurons > 0
        ).astype(np.float32),
        "synaptic_events": counts.synaptic_events.astype(np.uint64),
        "neuron_updates": counts.neuron_updates.astype(np.uint64),
        "active_updates": counts.active_updates.astype(np.uint64),
        "projection": list(counts.projections),
        "projection_events": counts.projection_events.astype(np.uint64),
        "plasticity_updates": counts.plasticity_updates.astype(np.uint64),
        "memory_bytes": counts.memory_bytes.astype(np.uint64),
        "dense_macs": counts.dense_macs.astype(np.uint64),
        "dense_bytes": counts.dense_bytes.astype(np.uint64),
        "late_spikes": late_spikes,
        "step_us_p50": times.p50_us,
        "step_us_p99": times.p99_us,
        "step_us_bound": np.array(STEP_BOUNDS_US, np.float32),
        "step_us_count": np.array(times.ticks, np.uint64),
    }


def check_rates(message: Any) -> None:
    """Raise SpikeError if a PopulationRates has no time or lists that do not fit together."""
    if not 0 <= message.window_s < math.inf:
        raise SpikeError(f"PopulationRates of '{message.network}' over {message.window_s} s")
    for names, fields in (("name", ("size", *OF_NODES)), ("projection", OF_PROJECTIONS)):
        expected = len(getattr(message, names))
        for field in fields:
            if len(getattr(message, field)) != expected:
                raise SpikeError(
                    f"PopulationRates of '{message.network}' has {expected} of {names} and "
                    f"{len(getattr(message, field))} of {field}"
                )


def counts_of(message: Any) -> Counts:
    """Read the counts of a PopulationRates."""
    return Counts(
        names=tuple(message.name),
        sizes=np.asarray(message.size, np.int64),
        spikes=np.asarray(message.spikes, np.int64),
        synaptic_events=np.asarray(message.synaptic_events, np.int64),
        neuron_updates=np.asarray(message.neuron_updates, np.int64),
        active_updates=np.asarray(message.active_updates, np.int64),
        projections=tuple(message.projection),
        projection_events=np.asarray(message.projection_events, np.int64),
        plasticity_updates=np.asarray(message.plasticity_updates, np.int64),
        memory_bytes=np.asarray(message.memory_bytes, np.int64),
        dense_macs=np.asarray(message.dense_macs, np.int64),
        dense_bytes=np.asarray(message.dense_bytes, np.int64),
        ticks=int(message.ticks),
    )


class Measured(NamedTuple):
    """Energy by a meter [J] over a time [s], NaN: not known for a part of it; meter: its name.

    idle_w: power while the network rests [W]; NaN: not measured.
    """

    energy_j: float = math.nan
    seconds: float = math.nan
    idle_w: float = math.nan
    meter: str = "not measured"

    @property
    def idle_j(self) -> float:
        """What resting would have taken [J]."""
        return self.idle_w * self.seconds


def energy_report(
    network: str,
    counts: Counts,
    window_s: float,
    priced: Price,
    stamp_ns: int,
    measured: Measured,
) -> Fields:
    """Return the fields of an EnergyReport."""
    return {
        "header": {"stamp": stamp_ns},
        "network": network,
        "hardware": priced.hardware,
        "window_s": window_s,
        "ticks": counts.ticks,
        "spikes": int(counts.spikes.sum()),
        "synaptic_events": int(counts.synaptic_events.sum()),
        "neuron_updates": int(counts.neuron_updates.sum()),
        "active_updates": int(counts.active_updates.sum()),
        "plasticity_updates": int(counts.plasticity_updates.sum()),
        "memory_bytes": int(counts.memory_bytes.sum()),
        "dense_macs": int(counts.dense_macs.sum()),
        "dense_bytes": int(counts.dense_bytes.sum()),
        "dynamic_pj": priced.dynamic_pj,
        "static_pj": priced.static_pj,
        "total_pj": priced.total_pj,
        "lower_bound": priced.lower_bound,
        "missing": list(priced.missing),
        "grade": priced.grade,
        "baseline": priced.baseline,
        "baseline_pj": priced.baseline_pj,
        "baseline_static_pj": priced.baseline_static_pj,
        "baseline_grade": priced.baseline_grade,
        "ratio": priced.ratio,
        "ratio_with_static": priced.ratio_with_static,
        "measured_j": measured.energy_j,
        "measured_s": measured.seconds,
        "idle_w": measured.idle_w,
        "idle_j": measured.idle_j,
        "above_idle_j": measured.energy_j - measured.idle_j,
        "meter": measured.meter,
    }
