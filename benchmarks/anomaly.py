"""Count the alerts of novelty filters that know only what is normal, beside Hotelling's T-squared.

Office: days of a simulated one, not of a real one, on which something goes wrong, and normal days.
The shipped model and the baseline learned from the same normal days, of other seeds. SKAB: logs of
a pump, of which the first 400 rows are learned, as the leaderboard counts; NEUROMORPHIC_DATA.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import faults
import numpy as np
import numpy.typing as npt
from reporting import Row, table
from scipy.signal import lfilter

from neuromorphic_ros.bags.fault_log import FaultLog
from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.decoding.alert import AlertParameters, Level
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.parameters import build, read_mapping
from neuromorphic_ros.pipeline.fault_detector import alarm_rates
from neuromorphic_ros.pipeline.habituation import Heard, Stretch, decisions, raised, used_to
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline
from neuromorphic_ros.pipeline.recipes import pump_faults
from neuromorphic_ros.pipeline.recipes.environment_monitor import (
    DECISIONS_HZ,
    RECIPE,
    OfficeDays,
    OfficePlan,
)
from neuromorphic_ros.pipeline.recipes.pump_faults import NORMAL_ROWS, SENSORS, f1
from neuromorphic_ros.pipeline.recipes.registry import data_path
from neuromorphic_ros.simulation.office import (
    DAY_S,
    KINDS,
    PERIOD_S,
    Reading,
    incident,
    readings,
    span_ns,
)
from neuromorphic_ros.snn.novelty import NOVELTY, Channels, Pairs, novelty_filter
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Readout
from neuromorphic_ros.snn.streaming import StreamingNetwork

NORMAL_DAYS, WRONG_DAYS = 3, 2
# Of the baseline, as the alert has them.
TAU_S, BEFORE_S, HYSTERESIS = 600.0, 1800, 0.5

Floats = npt.NDArray[np.float64]
Alarms = npt.NDArray[np.bool_]
# From days to when it gives alarm [ns].
Detector = Callable[[OfficeDays], list[int]]


class Outcome(NamedTuple):
    """Of one detector: the delays of alarms by kind [min], nan: none; false alarms, normal days."""

    delay_min: dict[str, list[float]]
    false_alarms: int
    normal_days: int

    def figures(self) -> dict[str, Any]:
        """Return shares of what was noticed, median delays, and false alarms per day."""
        told = {kind: np.array(delays) for kind, delays in self.delay_min.items()}
        noticed = {kind: each[~np.isnan(each)] for kind, each in told.items()}
        return {
            "detected": {kind: noticed[kind].size / told[kind].size for kind in told},
            "delay_min": {
                kind: float(np.median(each)) if each.size else None
                for kind, each in noticed.items()
            },
            "false_alarms_per_day": self.false_alarms / self.normal_days,
            "normal_days": self.normal_days,
        }


def spiking_alarms(spec: NetworkSpec, days: OfficeDays) -> list[int]:
    """Return when the network raises alerts [ns]."""
    return [*raised(watched(spec, days))]


def watched(spec: NetworkSpec, days: OfficeDays) -> Iterator[Decision]:
    """Yield what the network decides."""
    return decisions(Pipeline(StreamingNetwork(spec)), days.stretch().hear(), DECISIONS_HZ)


class Distance:
    """Hotelling's T-squared of values, their changes in half an hour, motion and the time of day.

    Smoothed as the alert is; it gives alarm above the most of the days that it learned.
    """

    def __init__(self, learned: Sequence[OfficeDays]) -> None:
        """Learn from normal days."""
        told = [_features(readings(each.seed, each.days)) for each in learned]
        values = np.concatenate([each for _, each in told])
        self._mean = values.mean(0)
        self._whiten = np.linalg.inv(np.linalg.cholesky(np.cov(values.T)))
        self._threshold = max(float(self._score(each).max()) for _, each in told)

    def alarms(self, days: OfficeDays) -> list[int]:
        """Return when it gives alarm [ns]."""
        wrong = incident(days.incident, days.seed, 0) if days.incident else None
        stamp_s, values = _features(readings(days.seed, days.days, wrong))
        found, on = [], False
        for at, score in zip(stamp_s, self._score(values), strict=True):
            was, on = on, score > self._threshold * (HYSTERESIS if on else 1.0)
            if on and not was:
                found.append(int(at) * 10**9)
        return found

    def _score(self, values: Floats) -> Floats:
        squared = np.square((values - self._mean) @ self._whiten.T).sum(1)
        return _smoothed(squared)


def _features(told: Iterator[Reading]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return stamps [s], and float64[readings, 7]."""
    stamp_s, celsius, humidity, motion = np.array(list(told), np.float64).T
    before = BEFORE_S // PERIOD_S
    changes = [
        each - np.concatenate([np.full(before, each[0]), each])[: each.size]
        for each in (celsius, humidity)
    ]
    turn = stamp_s % DAY_S / DAY_S * 2 * np.pi
    values = [celsius, humidity, *changes, _smoothed(motion), np.sin(turn), np.cos(turn)]
    return stamp_s.astype(np.int64), np.stack(values, axis=1)


def _smoothed(values: Floats) -> Floats:
    keeps = np.exp(-PERIOD_S / TAU_S)
    return np.asarray(lfilter([1 - keeps], [1, -keeps], values, zi=keeps * values[:1])[0])


class World(NamedTuple):
    """Of one detector: false alarms, and the delay of its alarm by kind [min], nan: none."""

    false_alarms: int
    delay_min: dict[str, float]


def world(alarms: Detector, seed: int) -> World:
    """Return what a detector makes of normal days and of each kind of wrong ones."""
    delay_min: dict[str, float] = {}
    for kind in KINDS:
        first, last = span_ns(seed, incident(kind, seed, 0))
        days = OfficeDays(seed, WRONG_DAYS, kind)
        found = [at for at in alarms(days) if first <= at <= last]
        delay_min[kind] = (found[0] - first) / 60e9 if found else float("nan")
    return World(len(alarms(OfficeDays(seed, NORMAL_DAYS))), delay_min)


def office(count: int, seed: int, jobs: int = 1) -> dict[str, Any]:
    """Return what both notice in `count` worlds, seeds from `seed` on; jobs: processes."""
    where = data_path(RECIPE)
    values = read_mapping(where, str(where), LearningError)
    plan = build(OfficePlan, values, str(where), LearningError)
    spec = find_model("environment_monitor").spec()
    detectors: dict[str, Detector] = {
        "ours": functools.partial(spiking_alarms, spec),
        "T2": Distance(plan.normal).alarms,
    }
    figures = {}
    with ProcessPoolExecutor(jobs) if jobs > 1 else nullcontext() as pool:
        for name, alarms in detectors.items():
            seeds, each = range(seed, seed + count), functools.partial(world, alarms)
            found = list(pool.map(each, seeds) if pool else map(each, seeds))
            delay_min: dict[str, list[float]] = {
                kind: [one.delay_min[kind] for one in found] for kind in KINDS
            }
            false = sum(one.false_alarms for one in found)
            figures[name] = Outcome(delay_min, false, count * NORMAL_DAYS).figures()
    return {"worlds": count, **figures["ours"], "baseline": figures["T2"]}


# Of the filter for the pump: a sample lasts a second.
PUMP_TICKS, PUMP_FIELDS, PUMP_DEVIATIONS = 10, 8, 4.0
LEARN_ROWS, PUMP_SHARE, PUMP_TAU_MS = 280, 0.3, 15_000.0


def pump_network() -> NetworkSpec:
    """Return a filter of all pairs of sensors, to which all is new."""
    tick_ms = 1000.0 / PUMP_TICKS

    def fields(sensor: int) -> Channels:
        first = sensor * PUMP_FIELDS
        return Channels(f"values[{first}:{first + PUMP_FIELDS}]", PUMP_FIELDS)

    pairs = [
        Pairs(f"pair_{one}_{other}", fields(one), fields(other), 0, 3000.0)
        for one in range(SENSORS)
        for other in range(one)
    ]
    parts = novelty_filter(pairs, {}, rows=1, tau_novelty_ms=PUMP_TAU_MS)
    coding = {
        "low": -PUMP_DEVIATIONS,
        "high": PUMP_DEVIATIONS,
        "fields": PUMP_FIELDS,
        "max_rate_hz": 1e3 / tick_ms,
        "hold_ms": 1000.0,
    }
    source = Input(
        "values", (SENSORS, PUMP_FIELDS), "array", "environment_population", coding, trigger=False
    )
    return NetworkSpec(
        name="pump_monitor",
        dt_ms=tick_ms,
        inputs=(source,),
        populations=parts.populations,
        projections=parts.projections,
        readouts=(Readout("pump", "alert", NOVELTY, {"tau_ms": PUMP_TAU_MS}),),
    )


def by_novelty(log: FaultLog) -> Alarms:
    """Return the alarms of a filter that learned the normal run of a log.

    The rows after those that it learned tell how much is new without a fault.
    """
    normal = log.values[:NORMAL_ROWS]
    values = (log.values - normal.mean(0)) / (normal.std(0) + 1e-9)

    def hear(rows: Floats) -> Iterator[Heard]:
        for row, sample in enumerate(rows, 1):
            fields = {"data": sample.astype(np.float32)}
            yield Heard("array", to_message("std_msgs/msg/Float32MultiArray", fields), row * 10**9)

    learned = Stretch(lambda: hear(values[:LEARN_ROWS]))
    pipeline = Pipeline(StreamingNetwork(used_to(pump_network(), [learned], PUMP_SHARE, 1.0)))
    assert pipeline.alert
    level, score = np.zeros(len(values), np.int64), np.zeros(len(values))
    watching = AlertParameters(
        warning_hz=1e4, critical_hz=1e4, tau_ms=PUMP_TAU_MS, min_duration_ms=0.0, hysteresis=0.0
    )
    pipeline.alert.parameters = watching
    for decision in decisions(pipeline, hear(values), 1.0):
        if not decision.alert:
            continue
        row = min(decision.alert.stamp_ns // 10**9, len(values)) - 1
        level[row:], score[row:] = decision.alert.level, decision.alert.score
        if row == NORMAL_ROWS - 1:
            # Above the most that is no fault, and never at silence.
            above = float(score[LEARN_ROWS:NORMAL_ROWS].max()) + 1e-6
            pipeline.alert.parameters = dataclasses.replace(
                watching, warning_hz=above, critical_hz=2 * above
            )
    return np.asarray(level > Level.NORMAL)


def skab() -> dict[str, Any]:
    """Return what the filter, the shipped liquid and T-squared make of the logs; empty: no data."""
    try:
        logs = pump_faults.read(data_path(pump_faults.RECIPE))
    except LearningError as missing:
        print(missing, file=sys.stderr)
        return {}
    faulty = np.concatenate([log.faulty for log in logs])
    methods = {"ours": by_novelty, "liquid": faults.by_liquid, "T2": faults.by_distance}
    figures = {}
    for name, alarms_of in methods.items():
        alarm = np.concatenate([alarms_of(log) for log in logs])
        figures[name] = {"f1": f1(alarm, faulty), **alarm_rates(alarm, faulty)._asdict()}
    return {**figures["ours"], "liquid": figures["liquid"], "baseline": figures["T2"]}


def measure(count: int, seed: int, jobs: int = 1) -> dict[str, Any]:
    """Return the figures of the office, in `count` worlds of each kind, and of the pump."""
    return {"office": office(count, seed, jobs), "skab": skab()}


def draw(seed: int, path: Path) -> None:
    """Draw what the sensors tell and the score of the alert, in a world of each kind."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    spec = find_model("environment_monitor").spec()
    limits = AlertParameters(**spec.readouts[0].parameters)
    figure, axes = plt.subplots(
        3, len(KINDS), figsize=(13.0, 5.0), sharex="col", layout="constrained"
    )
    for (climate, damp, alert), kind in zip(axes.T, KINDS, strict=True):
        wrong = incident(kind, seed, 0)
        told = readings(seed, WRONG_DAYS, wrong)
        stamp_s, celsius, humidity, motion = np.array(list(told), np.float64).T
        hour = (stamp_s - stamp_s[0]) / 3600
        shown = hour * 3600 <= wrong.stop_s
        days = OfficeDays(seed, WRONG_DAYS, kind)
        found = [each.alert for each in watched(spec, days) if each.alert]
        climate.plot(hour[shown], celsius[shown], color="tab:red")
        climate.set_title(kind.replace("_", " "), fontsize=9)
        damp.plot(hour[shown], 100 * humidity[shown], color="tab:blue")
        moved = shown & (motion > 0)
        damp.plot(hour[moved], np.full(moved.sum(), 5.0), "|", color="0.4", label="motion")
        damp.set(ylim=(0, 100))
        at = np.array([each.stamp_ns / 3.6e12 - stamp_s[0] / 3600 for each in found])
        score = np.array([max(each.score, 1e-4) for each in found])
        alert.semilogy(at, score, color="tab:purple")
        alert.axhline(limits.warning_hz, ls="--", color="tab:orange", label="warning")
        alert.axhline(limits.critical_hz, ls="--", color="tab:red", label="critical")
        alert.set(xlabel="time [h]", ylim=(1e-4, 1.0))
        for each in (climate, damp, alert):
            each.axvspan(wrong.start_s / 3600, wrong.stop_s / 3600, color="0.9")
    for each, label in zip(
        axes[:, 0], ("temperature [°C]", "humidity [%]", "score [Hz]"), strict=True
    ):
        each.set_ylabel(label)
    axes[1, 0].legend(fontsize=7)
    axes[2, 0].legend(fontsize=7)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def rows(found: dict[str, Any]) -> tuple[list[Row], list[Row]]:
    """Return the figures of the office and of the pump as tables."""
    room, pump = found["office"], found["skab"]
    offices: list[Row] = []
    for name, each in (("novelty filter", room), ("T-squared", room["baseline"])):
        shown: Row = {"method": name}
        for kind in KINDS:
            delay = each["delay_min"][kind]
            after = "" if delay is None else f" after {delay:.0f} min"
            shown[kind] = f"{each['detected'][kind]:.0%}{after}"
        offices.append(shown | {"false_alarms_per_day": each["false_alarms_per_day"]})
    logs: list[Row] = []
    if pump:
        named = {"novelty filter": pump, "liquid": pump["liquid"], "T-squared": pump["baseline"]}
        names = ("f1", "false_alarm", "missed_alarm")
        logs = [
            {"method": name, **{key: each[key] for key in names}} for name, each in named.items()
        ]
    return offices, logs


def main() -> None:
    """Measure and print, or draw, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=5, help="of each kind (default: 5)")
    parser.add_argument("--seed", type=int, default=0, help="of the first world (default: 0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--figure", type=Path, help="only draw days with alerts there")
    arguments = parser.parse_args()
    if arguments.worlds < 1 or arguments.jobs < 1 or arguments.seed < 0:
        parser.error("it needs a world and a process at least, and no negative seed")
    if arguments.figure:
        draw(arguments.seed, arguments.figure)
        return
    found = measure(arguments.worlds, arguments.seed, arguments.jobs)
    print(json.dumps(found) if arguments.json else "\n\n".join(map(table, rows(found))))


if __name__ == "__main__":
    main()
