"""Measure how well spikes keep the signal of real IMUs, and how many they are."""

from __future__ import annotations

import argparse
import itertools
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from reporting import Row, table

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.decoding.delta import decode_delta
from neuromorphic_ros.decoding.population import decode_population
from neuromorphic_ros.decoding.rate import decode_rates, decode_values
from neuromorphic_ros.encoding.imu import AXES
from neuromorphic_ros.encoding.population import centres
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.pipeline.auxiliary import Auxiliary
from neuromorphic_ros.pipeline.sensing import imu_of, magnetic_field_of
from neuromorphic_ros.pipeline.sensor_input import SensorInput
from neuromorphic_ros.report.style import BLUE, GREEN, INK, ORANGE, legend_above, png
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.snn.spec import Input
from neuromorphic_ros.spikes import SpikeBatch, TimesNs, merge

DATA = Path(os.environ.get("NEUROMORPHIC_DATA", share_directory().parent / "shared" / "data"))
Values = npt.NDArray[np.float64]

QUANTITIES = {"angular_velocity": "rad/s", "linear_acceleration": "m/s2", "magnetic_field": "T"}
CODES = (
    ("imu_delta", "regular"),
    ("imu_rate", "regular"),
    ("imu_rate", "poisson"),
    ("imu_population", "regular"),
    ("imu_population", "poisson"),
)
MAX_RATE_HZ = 500.0
FIELDS = 12
WINDOW_NS = 100_000_000
SHOWN_WINDOW_NS = 50_000_000
COLOURS = {"imu_delta": BLUE, "imu_rate": ORANGE, "imu_population": GREEN}


class Case(NamedTuple):
    """A recording, the ranges and steps of its quantities, and what the figure shows of it.

    hold_ms: a little more than the period of its IMU. axis: index into AXES.
    """

    name: str
    path: Path
    imu: str
    magnetometer: str
    hold_ms: float
    ranges: tuple[float, float, float]
    steps: tuple[float, float, float]
    axis: int
    shown_s: tuple[float, float]


CASES = (
    Case(
        "AR.Drone, 46 Hz",
        Path("bag_imu_ardrone/ardrone_imu.bag"),
        "/ardrone/imu",
        "/ardrone/mag",
        25.0,
        (25.0, 35.0, 1e-4),
        (0.05, 0.2, 1e-6),
        4,
        (38.0, 41.0),
    ),
    Case(
        "Phidgets, 248 Hz",
        Path("bag_imu_phidgets/phidgets_imu_upside_down.bag"),
        "/imu/data_raw",
        "/imu/mag",
        6.0,
        (1.0, 12.0, 5e-5),
        (0.01, 0.05, 5e-7),
        2,
        (21.0, 24.0),
    ),
)


class Signal(NamedTuple):
    """What was measured: float64[samples, 9] at int64[samples]."""

    values: Values
    stamp_ns: TimesNs

    def seconds(self, time_ns: TimesNs) -> Values:
        """Return times since the first sample."""
        return np.asarray((time_ns - self.stamp_ns[0]) * 1e-9)


def parameters_of(case: Case, encoder: str, spiking: str) -> dict[str, Any]:
    """Return the parameters of an encoder for a recording."""
    names = ("angular_rad_s", "linear_m_s2", "magnetic_t")
    if encoder == "imu_delta":
        steps = {f"step_{name}": step for name, step in zip(names, case.steps, strict=True)}
        return {"axes": 9, **steps}
    ranges = {f"range_{name}": value for name, value in zip(names, case.ranges, strict=True)}
    rate = {"max_rate_hz": MAX_RATE_HZ, "hold_ms": case.hold_ms, "spiking": spiking}
    fields = {"fields": FIELDS} if encoder == "imu_population" else {}
    return {"axes": 9, **ranges, **rate, **fields}


def encoded(case: Case, encoder: str, spiking: str = "regular") -> tuple[Signal, SpikeBatch]:
    """Encode a recording as a robot would; return the samples that were taken and their spikes."""
    shape = (9, FIELDS) if encoder == "imu_population" else (2, 9)
    source = Input("imu", shape, "imu", encoder, parameters_of(case, encoder, spiking))
    sensor = SensorInput(source, seed=0)
    sensors = {case.imu: "imu", case.magnetometer: "magnetometer"}
    magnetometer = Auxiliary("magnetometer", magnetic_field_of, "magnetic_field")
    values, stamps, batches = [], [], []
    with open_recording(DATA / case.path) as recording:
        for message in recording.messages(sensors):
            content = message.decode()
            try:
                found = sensor.receive(sensors[message.topic], content, message.log_ns)
                if found is None:
                    magnetometer.receive(content, message.log_ns)
            except SensorError:
                # The magnetometer of the Phidgets has a reading for every other message.
                continue
            if found is not None:
                sample = magnetometer.complete(imu_of(content), found.stamp_ns)
                values.append(np.concatenate(sample[:3]))
                stamps.append(found.stamp_ns)
                batches.append(found.spikes)
    return Signal(np.array(values), np.array(stamps)), merge(batches)


def driven(signal: Signal, hold_ms: float, edges_ns: TimesNs) -> tuple[Values, npt.NDArray[Any]]:
    """Return the mean of the sample that drives the spikes in each window.

    The second array, bool[windows], tells in which windows some sample does so all the time.
    """
    hold_ns = round(hold_ms * 1e6)
    end_ns = signal.stamp_ns + hold_ns
    start_ns = np.maximum(signal.stamp_ns, np.concatenate(([0], end_ns[:-1])))
    zero_ns = signal.stamp_ns[0]
    # Integral of the signal, and of one, up to the ends of all spans.
    times = np.stack((start_ns - zero_ns, end_ns - zero_ns), axis=1).ravel() * 1e-9
    span = (end_ns - start_ns)[:, None] * 1e-9
    parts = np.concatenate((signal.values, np.ones((len(signal.values), 1))), axis=1) * span
    after = np.cumsum(parts, axis=0)
    integral = np.stack((after - parts, after), axis=1).reshape(-1, parts.shape[1])
    edges = (edges_ns - zero_ns) * 1e-9
    at = np.stack([np.interp(edges, times, column) for column in integral.T], axis=1)
    mean = np.diff(at, axis=0) / np.diff(edges)[:, None]
    return mean[:, :-1], mean[:, -1] > 1.0 - 1e-9


def windows_of(signal: Signal, window_ns: int) -> TimesNs:
    """Return the edges of windows over a whole recording."""
    return np.arange(signal.stamp_ns[0], signal.stamp_ns[-1], window_ns, dtype=np.int64)


def decoded(
    case: Case, encoder: str, signal: Signal, spikes: SpikeBatch, times_ns: TimesNs
) -> Values:
    """Return the signal of the spikes: at times, of rates in the windows between them."""
    if encoder == "imu_delta":
        return decode_delta(spikes, np.repeat(case.steps, 3), signal.values[0], times_ns)
    ranges = np.repeat(case.ranges, 3)
    rates_hz = decode_rates(spikes, times_ns)
    if encoder == "imu_rate":
        return decode_values(rates_hz[:, 1] - rates_hz[:, 0], 0.0, ranges, MAX_RATE_HZ)
    return decode_population(rates_hz, np.stack([centres(FIELDS, -end, end) for end in ranges]))


def errors(case: Case, encoder: str, signal: Signal, spikes: SpikeBatch) -> Values:
    """Return the errors, float64[..., 9]: of steps at the samples, of rates in whole windows."""
    if encoder == "imu_delta":
        return decoded(case, encoder, signal, spikes, signal.stamp_ns) - signal.values
    edges_ns = windows_of(signal, WINDOW_NS)
    mean, whole = driven(signal, case.hold_ms, edges_ns)
    return np.asarray((decoded(case, encoder, signal, spikes, edges_ns) - mean)[whole])


def bound(case: Case, encoder: str, spiking: str, quantity: int) -> float | None:
    """Return what no error may exceed: one step, or one spike more or less of either sign."""
    if encoder == "imu_delta":
        return case.steps[quantity]
    if encoder == "imu_rate" and spiking == "regular":
        return 2.0 * case.ranges[quantity] / (MAX_RATE_HZ * WINDOW_NS * 1e-9)
    return None


def rows() -> Iterator[Row]:
    """Measure every code on every recording that is there."""
    for case, (encoder, spiking) in itertools.product(filter(present, CASES), CODES):
        signal, spikes = encoded(case, encoder, spiking)
        duration_s = (signal.stamp_ns[-1] - signal.stamp_ns[0]) * 1e-9
        error = np.abs(errors(case, encoder, signal, spikes)).reshape(-1, 3, 3)
        for index, (quantity, unit) in enumerate(QUANTITIES.items()):
            yield {
                "imu": case.name,
                "code": encoder if encoder == "imu_delta" else f"{encoder} {spiking}",
                "spikes_per_s": len(spikes) / duration_s,
                "quantity": quantity,
                "unit": unit,
                "rms_error": float(np.sqrt(np.mean(error[:, index] ** 2))),
                "max_error": float(error[:, index].max()),
                "bound": bound(case, encoder, spiking, index),
            }


def present(case: Case) -> bool:
    """Tell whether a recording is on this machine."""
    return (DATA / case.path).exists()


def draw(cases: Sequence[Case]) -> Figure:
    """Draw one axis of each recording, its spikes in three codes, and what is decoded from them."""
    figure = Figure(figsize=(11.0, 8.4), layout="constrained")
    heights = [2.4, 0.7, 0.7, 1.9, 1.5]
    panels = figure.subplots(
        len(heights), len(cases), sharex="col", squeeze=False, height_ratios=heights
    )
    for column, case in zip(panels.T, cases, strict=True):
        draw_case(column, case)
    figure.align_ylabels()
    return figure


def draw_case(panels: Sequence[Axes], case: Case) -> None:
    """Draw one recording into its column."""
    above, steps, rates, fields, below = panels
    quantity, axis = AXES[case.axis].split(".")
    unit = QUANTITIES[quantity].replace("2", "\u00b2")
    trains = {}
    for encoder, colour in COLOURS.items():
        signal, spikes = encoded(case, encoder)
        trains[encoder] = trains_of(case, signal, spikes)
        if encoder == "imu_delta":
            times_ns = signal.stamp_ns
            truth = signal.values
            seconds = signal.seconds(times_ns)
            draw_shown(above, case, seconds, truth, color=INK, label="signal", linewidth=2.0)
        else:
            times_ns = windows_of(signal, SHOWN_WINDOW_NS)
            truth, _ = driven(signal, case.hold_ms, times_ns)
            seconds = signal.seconds((times_ns[:-1] + times_ns[1:]) // 2)
        value = decoded(case, encoder, signal, spikes, times_ns)
        name = encoder.removeprefix("imu_")
        draw_shown(above, case, seconds, value, color=colour, label=name, linewidth=1.0)
        draw_shown(below, case, seconds, value - truth, color=colour, linewidth=1.0)
    step = float(np.repeat(case.steps, 3)[case.axis])
    below.axhspan(-step, step, color=BLUE, alpha=0.15, linewidth=0.0, label="one step of delta")
    above.set_title(case.name)
    above.set_ylabel(f"{quantity.replace('_', ' ')} {axis}\n[{unit}]")
    legend_above(above)
    draw_trains(steps, trains["imu_delta"], BLUE, ["down", "up"])
    steps.set_ylabel("delta")
    draw_trains(rates, trains["imu_rate"], ORANGE, ["minus", "plus"])
    rates.set_ylabel("rate")
    draw_trains(fields, trains["imu_population"], GREEN, list(map(str, range(FIELDS))))
    fields.set_ylabel("field of population")
    below.set_ylabel(f"error [{unit}]")
    legend_above(below)
    below.set_xlim(*case.shown_s)
    below.set_xlabel("time [s]")


def draw_shown(axes: Axes, case: Case, seconds: Values, values: Values, **look: Any) -> None:
    """Draw the axis that the figure shows, as long as it does."""
    start_s, stop_s = case.shown_s
    shown = (seconds >= start_s - 0.1) & (seconds <= stop_s + 0.1)
    axes.plot(seconds[shown], values[shown, case.axis], **look)


def trains_of(case: Case, signal: Signal, spikes: SpikeBatch) -> list[Values]:
    """Return the times of the spikes of the shown axis for each of its addresses [s]."""
    addresses = np.arange(spikes.size).reshape(spikes.shape)
    own = addresses[case.axis] if spikes.shape[0] == 9 else addresses[:, case.axis]
    return [signal.seconds(spikes.time_ns[spikes.address == address]) for address in own]


def draw_trains(axes: Axes, trains: Sequence[Values], colour: str, names: Sequence[str]) -> None:
    """Draw spike trains from below to above."""
    axes.eventplot(trains, linelengths=0.8, linewidths=0.5, colors=colour)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelsize=7.5, length=0.0)
    axes.grid(False)


def main() -> None:
    """Print the rows and draw the figure that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="also draw spikes as PNG there")
    arguments = parser.parse_args()
    measured = list(rows())
    print(json.dumps(measured) if arguments.json else table(measured))
    if arguments.figure:
        cases = list(filter(present, CASES))
        arguments.figure.write_bytes(png(lambda: draw(cases)))


if __name__ == "__main__":
    main()
