"""Let a robot drive at things, past them and turn before them, and watch recordings of cameras.

The network `looming` drives in closed loop, beside a brake by the divergence of dense optical flow
(OpenCV, Farneback 2003) on the same worlds. `in_time` stops without contact. Passed at 0.15 to
0.6 m and turning at 0.4 to 1.5 rad/s, nothing should be braked for. `ttc_error_ms` is of what is
told 0.4 to 2 s before contact, without brakes. `critical` counts alerts of recordings of
`NEUROMORPHIC_DATA`, of cameras that stand, but for one on a slider.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from reporting import Row, table

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.decoding.alert import Level
from neuromorphic_ros.energy.price import price
from neuromorphic_ros.pipeline.closed_loop import drive
from neuromorphic_ros.pipeline.networks import find_hardware, find_network
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.sensors.camera import frames
from neuromorphic_ros.simulation.approach import CAMERA_HEIGHT, CAMERA_WIDTH, Approach
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.sensor_sample import START_NS, SensorSample, image
from neuromorphic_ros.snn.streaming import StreamingNetwork

DATA = Path(os.environ.get("NEUROMORPHIC_DATA", share_directory().parent / "shared" / "data"))
VIDEOS = (
    *(Path(f"videos/{name}") for name in ("bikes.mp4", "car-detection.mp4", "cup.mp4", "tree.avi")),
    *(
        Path(f"videos_asl_gestures/{name}.mkv")
        for name in ("again", "book", "no", "walk", "want", "yes")
    ),
)
BAGS = (
    (Path("bag_camera_slider_depth_ros2"), "/camera/image_raw"),
    (Path("bag_events_evt3_vga_ros2"), "/event_camera/events"),
)
HARDWARE = "horowitz_45nm_fp32"
CAMERA = "/camera/image_raw"
SPEED_M_S, MAX_SPEED_M_S = (0.25, 0.8), 1.0
CLEARANCE_M, TURN_RAD_S = (0.15, 0.6), (0.4, 1.5)
TOLD_S = (0.4, 2.0)
MOVING_NS, DRIVE_NS, TURN_NS = 1_000_000_000, 15_000_000_000, 3_000_000_000
STOPPED_M_S = 0.01
TAIL_NS = 500_000_000
# Of the flow: how fast things must grow, in how many pictures one after the other.
GROWTH_PER_S, GROWING_PICTURES = 0.8, 3

Picture = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float64]


class Trial(NamedTuple):
    """One drive in one world.

    braked: before the end. hit: it touched something. gap_m: left at last. told: true time to
    contact and what the network told [s], float64[n, 2].
    """

    braked: bool
    hit: bool
    gap_m: float
    told: Values


class Course(NamedTuple):
    """How a world is driven through, drawn from its seed."""

    speed_m_s: float
    clearance_m: float
    turn_rad_s: float


def course(seed: int) -> Course:
    """Draw speed, clearance and turning rate."""
    generator = np.random.default_rng((seed, 1))
    turn_rad_s = generator.uniform(*TURN_RAD_S) * generator.choice((-1.0, 1.0))
    return Course(generator.uniform(*SPEED_M_S), generator.uniform(*CLEARANCE_M), turn_rad_s)


def pipeline_of(network: StreamingNetwork, speed_m_s: float) -> Pipeline:
    """Return a pipeline that drives at a speed, from rest."""
    pipeline = Pipeline(network)
    pipeline.reset()
    assert pipeline.motor is not None
    pipeline.motor.drive = dataclasses.replace(pipeline.motor.drive, linear_gain_m_s=speed_m_s)
    pipeline.motor.limits = dataclasses.replace(pipeline.motor.limits, max_linear_m_s=MAX_SPEED_M_S)
    return pipeline


def true_s(robot: Approach) -> float:
    """Return the true time to contact."""
    speed_m_s = robot.velocity.linear_m_s
    return robot.gap_m / speed_m_s if speed_m_s > STOPPED_M_S else math.inf


def told_s(decision: Decision) -> float:
    """Return the time to contact as the network tells it; nan: it does not."""
    return decision.contact.time_s if decision.contact else math.nan


def ended(robot: Approach, elapsed_ns: int) -> bool:
    """Tell whether it hit something, stands, or is past what it passes."""
    thing = robot.scene.thing
    passed = thing is not None and robot.pose.x_m > thing.x_m
    stands = elapsed_ns > MOVING_NS and robot.velocity.linear_m_s < STOPPED_M_S
    return robot.in_collision or passed or stands


def trial_of(robot: Approach, told: Sequence[tuple[float, float]] = ()) -> Trial:
    """Return how a drive straight on ended."""
    stands = robot.velocity.linear_m_s < STOPPED_M_S
    return Trial(
        stands and not robot.in_collision,
        robot.in_collision,
        robot.gap_m,
        np.array(told, np.float64).reshape(-1, 2),
    )


def run(
    network: StreamingNetwork, seed: int, *, passes: bool = False, brakes: bool = True
) -> Trial:
    """Let the network drive at what is in the way, or past it; without brakes it only watches."""
    drawn = course(seed)
    robot = Approach(seed, clearance_m=drawn.clearance_m if passes else None)
    pipeline = pipeline_of(network, drawn.speed_m_s)
    told = []
    for moment in drive(pipeline, robot, {"camera": CAMERA}, DRIVE_NS):
        for decision in moment.decisions:
            told.append((true_s(robot), told_s(decision)))
        if not brakes:
            robot.command(drawn.speed_m_s, 0.0)
        if ended(robot, moment.elapsed_ns):
            break
    return trial_of(robot, told)


def turned(network: StreamingNetwork, seed: int) -> Trial:
    """Turn the robot on the spot, whatever the network commands; braked: it saw an approach."""
    drawn = course(seed)
    robot, pipeline = Approach(seed), pipeline_of(network, drawn.speed_m_s)
    bursts = 0
    for moment in drive(pipeline, robot, {"camera": CAMERA}, TURN_NS):
        robot.command(0.0, drawn.turn_rad_s)
        bursts += sum(len(decision.step.spikes["looming"]) for decision in moment.decisions)
    return Trial(bursts > 0, robot.in_collision, robot.gap_m, np.empty((0, 2)))


class FlowBrake:
    """Brake when dense optical flow diverges: its least-squares fit to growth about the middle."""

    def __init__(self) -> None:
        """Start without a picture."""
        rows, columns = np.indices((CAMERA_HEIGHT, CAMERA_WIDTH), np.float64)
        x, y = columns - 0.5 * CAMERA_WIDTH, rows - 0.5 * CAMERA_HEIGHT
        # As the network: a disc, above the floor.
        seen = (np.hypot(x, y) < 0.5 * CAMERA_HEIGHT) & (y < 0.2 * CAMERA_HEIGHT)
        self._seen, self._x, self._y = seen, x[seen], y[seen]
        self._before: Picture | None = None
        self._before_ns = self._growing = 0

    def brakes(self, picture: Picture, stamp_ns: int) -> bool:
        """Take a picture and tell whether to brake."""
        before, self._before = self._before, picture
        elapsed_s, self._before_ns = (stamp_ns - self._before_ns) * 1e-9, stamp_ns
        if before is None:
            return False
        flow = cv2.calcOpticalFlowFarneback(before, picture, np.empty(0), 0.5, 3, 15, 3, 5, 1.2, 0)[
            self._seen
        ]
        u, v = flow[:, 0] - flow[:, 0].mean(), flow[:, 1] - flow[:, 1].mean()
        x, y = self._x - self._x.mean(), self._y - self._y.mean()
        growth_per_s = (x @ u + y @ v) / (x @ x + y @ y) / elapsed_s
        self._growing = self._growing + 1 if growth_per_s > GROWTH_PER_S else 0
        return self._growing >= GROWING_PICTURES


def pictures(samples: Sequence[SensorSample]) -> Iterator[tuple[Picture, int]]:
    """Yield the pictures among samples, uint8[height, width], with their stamps."""
    for sample in samples:
        if sample.topic == CAMERA:
            fields = sample.fields
            yield fields["data"].reshape(fields["height"], fields["width"]), sample.log_ns


def run_flow(seed: int, *, passes: bool = False) -> Trial:
    """Let optical flow brake before what is in the way, or passed by."""
    drawn = course(seed)
    robot, brake = Approach(seed, clearance_m=drawn.clearance_m if passes else None), FlowBrake()
    robot.command(drawn.speed_m_s, 0.0)
    for elapsed_ns in range(0, DRIVE_NS, TICK_NS):
        robot.step(elapsed_ns)
        for picture, stamp_ns in pictures(robot.sense(elapsed_ns)):
            if brake.brakes(picture, stamp_ns):
                robot.command(0.0, 0.0)
        if ended(robot, elapsed_ns):
            break
    return trial_of(robot)


def turned_flow(seed: int) -> Trial:
    """Turn the robot on the spot; braked: optical flow would have."""
    robot, brake, braked = Approach(seed), FlowBrake(), False
    robot.command(0.0, course(seed).turn_rad_s)
    for elapsed_ns in range(0, TURN_NS, TICK_NS):
        robot.step(elapsed_ns)
        for picture, stamp_ns in pictures(robot.sense(elapsed_ns)):
            braked |= brake.brakes(picture, stamp_ns)
    return Trial(braked, robot.in_collision, robot.gap_m, np.empty((0, 2)))


def summary(hit: Sequence[Trial], passed: Sequence[Trial], spun: Sequence[Trial]) -> Row:
    """Return what drives at things, past them and turns came to."""
    gaps_m = [trial.gap_m for trial in hit if trial.braked]
    return {
        "brakes_in_time": float(np.mean([trial.braked for trial in hit])),
        "collisions": sum(trial.hit for trial in hit),
        "gap_m_median": float(np.median(gaps_m)) if gaps_m else None,
        "stops_when_passing": sum(trial.braked for trial in passed),
        "stops_when_turning": sum(trial.braked for trial in spun),
        "worlds": len(hit),
    }


def ttc_error_ms(trials: Sequence[Trial]) -> float | None:
    """Return the median error of the time to contact that is told in time; none: never is."""
    told = np.concatenate([trial.told for trial in trials])
    low_s, high_s = TOLD_S
    told = told[(told[:, 0] >= low_s) & (told[:, 0] <= high_s) & np.isfinite(told[:, 1])]
    return float(1e3 * np.median(np.abs(told[:, 1] - told[:, 0]))) if len(told) else None


def messages(path: Path, topic: str) -> Iterator[tuple[Any, int]]:
    """Yield the messages of a camera, from a bag or a video, and when they arrive [ns]."""
    if topic:
        with open_recording(path) as recording:
            for item in recording.messages([topic]):
                yield item.decode(), item.log_ns
        return
    for frame in frames(str(path)):
        grey = np.asarray(cv2.cvtColor(frame.picture, cv2.COLOR_BGR2GRAY), np.uint8)
        sample = image(START_NS + frame.position_ns, grey)
        yield to_message(sample.type_name, sample.fields), sample.log_ns


def watch(network: StreamingNetwork, path: Path, topic: str) -> list[Decision]:
    """Return what the network decides on a recording."""
    pipeline = pipeline_of(network, 0.0)
    made, arrival_ns = [], 0
    for message, arrival_ns in messages(path, topic):
        pipeline.receive("camera", message, arrival_ns)
        made += list(pipeline.advance(arrival_ns))
    return made + list(pipeline.advance(arrival_ns + TAIL_NS))


def recordings() -> list[tuple[Path, str]]:
    """Return those of the data folder that are there, each with its topic, none of a video."""
    known = [*((path, "") for path in VIDEOS), *BAGS]
    return [(DATA / path, topic) for path, topic in known if (DATA / path).exists()]


def alert_rows(network: StreamingNetwork) -> list[Row]:
    """Return how often each recording raises a warning, and a critical alert."""
    rows = []
    for path, topic in recordings():
        made = watch(network, path, topic)
        levels = [Level.NORMAL, *(decision.alert.level for decision in made if decision.alert)]
        rises = [now for before, now in itertools.pairwise(levels) if now > before]
        rows.append(
            {
                "recording": path.name,
                "seconds": (made[-1].step.stop_ns - made[0].step.start_ns) * 1e-9,
                "warnings": rises.count(Level.WARNING),
                "critical": rises.count(Level.CRITICAL),
            }
        )
    return rows


def measure(count: int, seed: int) -> dict[str, Any]:
    """Return the figures of `count` worlds from `seed` on, and of the recordings.

    false_alarms: critical alerts on all recordings, none without any.
    """
    network, seeds = StreamingNetwork(find_network("looming")), range(seed, seed + count)
    hit = [run(network, each) for each in seeds]
    ticks = network.counts().ticks
    model = find_hardware(HARDWARE)
    seconds = ticks * network.spec.dt_ms / 1e3
    pj_per_s = price(network.counts(), seconds, model, model).dynamic_pj / seconds
    ours = summary(
        hit,
        [run(network, each, passes=True) for each in seeds],
        [turned(network, each) for each in seeds],
    )
    watched = [run(network, each, brakes=False) for each in seeds]
    baseline = summary(
        [run_flow(each) for each in seeds],
        [run_flow(each, passes=True) for each in seeds],
        [turned_flow(each) for each in seeds],
    )
    alerts = alert_rows(network)
    return {
        **ours,
        "ttc_error_ms_median": ttc_error_ms(watched),
        "pj_per_s": pj_per_s,
        "false_alarms": sum(row["critical"] for row in alerts) if alerts else None,
        "warnings": sum(row["warnings"] for row in alerts) if alerts else None,
        "recordings": len(alerts),
        "alerts": alerts,
        "baseline": baseline,
    }


def main() -> None:
    """Measure and print, or draw, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20, help="number of worlds (default: 20)")
    parser.add_argument("--seed", type=int, default=0, help="of the first world (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--figure", type=Path, help="only draw the first drive there")
    arguments = parser.parse_args()
    if arguments.worlds < 1 or arguments.seed < 0:
        parser.error("it needs a world at least, and no negative seed")
    if arguments.figure:
        draw(arguments.seed, arguments.figure)
        return
    found = measure(arguments.worlds, arguments.seed)
    if arguments.json:
        print(json.dumps(found))
        return
    alerts, baseline = found.pop("alerts"), found.pop("baseline")
    shared = list(baseline)
    rows = [
        {"brakes": name} | {key: each[key] for key in shared}
        for name, each in (("looming", found), ("optical flow", baseline))
    ]
    print(table(rows), table([{key: found[key] for key in found if key not in shared}]), sep="\n\n")
    print("", table(alerts), sep="\n")


def draw(seed: int, path: Path) -> None:
    """Draw what is seen, the spikes of the arms and of `looming`, and the time to contact."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import Circle

    drawn, robot = course(seed), Approach(seed)
    pipeline = pipeline_of(StreamingNetwork(find_network("looming")), drawn.speed_m_s)
    seen: list[tuple[float, Picture]] = []
    told, arms, bursts, speed = [], [], [], []
    for moment in drive(pipeline, robot, {"camera": CAMERA}, DRIVE_NS):
        now_s = moment.elapsed_ns * 1e-9
        seen += [(now_s, picture) for picture, _ in pictures(moment.samples)]
        speed.append((now_s, robot.velocity.linear_m_s))
        for decision in moment.decisions:
            step = decision.step
            told.append((now_s, true_s(robot), told_s(decision)))
            arms += [
                ((time_ns - START_NS) * 1e-9, int(arm))
                for time_ns, arm in zip(
                    step.spikes["arm"].time_ns, step.spikes["arm"].address, strict=True
                )
            ]
            bursts += [(time_ns - START_NS) * 1e-9 for time_ns in step.spikes["looming"].time_ns]
        if ended(robot, moment.elapsed_ns):
            break
    end_s = speed[-1][0]
    figure = plt.figure(figsize=(9.0, 5.2), layout="constrained")
    grid = figure.add_gridspec(3, 5, height_ratios=(1.0, 0.8, 1.2))
    chosen = np.linspace(0, len(seen) - 1, 5).astype(int)
    for place, index in enumerate(chosen):
        time_s, picture = seen[index]
        axes = figure.add_subplot(grid[0, place])
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        middle = (CAMERA_WIDTH / 2, CAMERA_HEIGHT / 2)
        axes.add_patch(Circle(middle, CAMERA_HEIGHT / 2, fill=False, edgecolor="tab:red"))
        axes.set_title(f"{time_s:.1f} s", fontsize=9)
        axes.set_axis_off()
    raster = figure.add_subplot(grid[1, :])
    times = figure.add_subplot(grid[2, :], sharex=raster)
    raster.eventplot(
        [bursts, *([at for at, arm in arms if arm == each] for each in (0, 1, 2, 3))],
        colors=["tab:red", "0.2", "0.2", "0.2", "0.7"],
        linelengths=0.8,
    )
    raster.set_yticks(range(5), ["looming", "right", "up", "left", "down"])
    moments = np.array(told)
    times.plot(moments[:, 0], moments[:, 1], color="0.5", label="true")
    times.plot(moments[:, 0], moments[:, 2], color="tab:blue", label="told")
    times.set(xlabel="time [s]", ylabel="time to contact [s]", ylim=(0.0, 5.0), xlim=(0.0, end_s))
    times.legend(loc="upper left", fontsize=8)
    drives = times.twinx()
    drives.plot(*np.array(speed).T, color="tab:green", linestyle="--")
    drives.set_ylabel("speed [m/s]", color="tab:green")
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
