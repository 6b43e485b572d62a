"""Measure what the shipped networks make a robot do, on recordings and in simulation."""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.patches import Circle, Rectangle
from reporting import Row, table
from scipy import stats

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.typestore import stamp_ns, to_message
from neuromorphic_ros.decoding.detection import Box, Detections
from neuromorphic_ros.encoding.event_image import render
from neuromorphic_ros.encoding.scan import Scan
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.sensors.camera import frames
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.sensor_sample import START_NS
from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot
from neuromorphic_ros.simulation.world import BALL_RADIUS_M, ROOM_LENGTH_M, ROOM_WIDTH_M, ball_pose
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.spikes import SpikeBatch, merge

DATA = Path(os.environ.get("NEUROMORPHIC_DATA", share_directory().parent / "shared" / "data"))
OWN = share_directory() / "recordings" / "wheeled_robot"
DUAL_HOKUYO = Path("bag_scan_dual_hokuyo/scans_demo.bag")
SCAN_TOPICS = (
    (DUAL_HOKUYO, "/rear_scan"),
    (DUAL_HOKUYO, "/front_scan"),
    (Path("lidar_carmen/intel-corrected.log.gz"), "/scan"),
    (Path("lidar_carmen/freiburg-101-corrected.log.gz"), "/scan"),
)
STATIC_SCANS = Path("bag_scan_ydlidar_ros2")
CARS = Path("videos/car-detection.mp4")
VIDEOS = (
    CARS,
    *(Path(f"videos/{name}") for name in ("cup.mp4", "bikes.mp4", "tree.avi")),
    *(
        Path(f"videos_asl_gestures/{name}.mkv")
        for name in ("again", "book", "no", "walk", "want", "yes")
    ),
)
IMU_TOPICS = (
    (Path("bag_imu_ardrone/ardrone_imu.bag"), "/ardrone/imu"),
    (Path("bag_imu_phidgets/phidgets_imu_upside_down.bag"), "/imu/data_raw"),
)

REACTION_NS = 60_000_000
SCAN_PERIOD_NS = 100_000_000
TAIL_NS = 1_000_000_000
SIDE_RAD = (0.1, 1.2)
AHEAD_RAD = 0.35
NEAR_M = 1.5
CLEARLY_NEARER_M = 0.5
FAR_M = 2.0
AHEAD_BINS_M = (0.0, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, math.inf)
SEEDS = range(10)
DRIVE_S = 60
ROBOT_REACH_M = 0.2

MOTION_DN = 12.0
CLEAR_MOTION = 0.01
BOX_MOTION = 0.05
JOLT_M_S2 = 10.0
AFTERMATH_NS = 100_000_000
IMU_PERIOD_NS = 20_000_000
HALT_NS = 500_000_000
STILL_FRAMES = 60
CAR_FRAMES = 75
COLOURS = {"left": "tab:red", "ahead": "tab:gray", "right": "tab:blue"}

LASER_SCAN = "sensor_msgs/msg/LaserScan"
IMU = "sensor_msgs/msg/Imu"
IMAGE = "sensor_msgs/msg/Image"
Grey = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]
Metres = npt.NDArray[np.float64]


class Message(NamedTuple):
    """A sensor message and when it arrived [ns]."""

    content: Any
    arrival_ns: int

    @property
    def stamp_ns(self) -> int:
        """When it was taken [ns]."""
        taken_ns = stamp_ns(self.content)
        return self.arrival_ns if taken_ns is None else taken_ns


class Commands(NamedTuple):
    """Commands in order of time: int64[n] in ns, float64[n] in m/s and in rad/s."""

    stamp_ns: Times
    linear_m_s: Metres
    angular_rad_s: Metres

    def at(self, time_ns: Times) -> Commands:
        """Return the last command up to each time, standstill before the first."""
        last = np.searchsorted(self.stamp_ns, time_ns, "right") - 1
        begun = last >= 0
        return Commands(
            time_ns,
            np.where(begun, self.linear_m_s[last], 0.0),
            np.where(begun, self.angular_rad_s[last], 0.0),
        )

    def after(self, time_ns: int) -> Commands:
        """Return the commands from a time on."""
        first = np.searchsorted(self.stamp_ns, time_ns)
        return Commands(self.stamp_ns[first:], self.linear_m_s[first:], self.angular_rad_s[first:])

    @property
    def sign_changes(self) -> int:
        """Number of times that the turn goes from one side to the other; zeros do not count."""
        turns = np.sign(self.angular_rad_s[self.angular_rad_s != 0.0])
        return int(np.count_nonzero(np.diff(turns)))


class Nearest(NamedTuple):
    """Nearest valid return of each scan: float64[n] in m, inf without one."""

    right_m: Metres
    ahead_m: Metres
    left_m: Metres


class Turns(NamedTuple):
    """How many scans clearly ask for a turn, and the share in which the command obeys."""

    cases: int
    to_freer_side: float


class MotionScore(NamedTuple):
    """Boxes against the reference motion of all windows.

    precise: share of boxes with motion in at least `BOX_MOTION` of their area. covered: share of
    the moving area inside of boxes, in the windows of clear motion; noticed: share of those windows
    with a box. quiet: windows without any motion; false_boxes: boxes in them.
    """

    windows: int
    boxes: int
    precise: float
    covered: float
    noticed: float
    quiet: int
    false_boxes: int


class Drive(NamedTuple):
    """One drive in the simulator: collisions by what was hit, distance [m], path float64[n, 2]."""

    hits: int
    hits_by_ball: int
    distance_m: float
    path_m: Metres


def pipeline_of(network: str) -> Pipeline:
    """Build a pipeline around a shipped network."""
    return Pipeline(StreamingNetwork(find_network(network)))


def recorded(path: Path, topic: str) -> list[Message]:
    """Read all messages of one topic."""
    with open_recording(path) as recording:
        return [Message(item.decode(), item.log_ns) for item in recording.messages([topic])]


def run(pipeline: Pipeline, sensor: str, messages: Iterable[Message]) -> Iterator[Decision]:
    """Yield the decisions of a pipeline as a replay makes them; unusable messages are skipped."""
    end_ns = 0
    for message in messages:
        end_ns = message.arrival_ns
        yield from pipeline.advance(end_ns)
        try:
            pipeline.receive(sensor, message.content, end_ns)
        except SensorError:
            continue
        yield from pipeline.advance(end_ns)
    yield from pipeline.advance(end_ns + TAIL_NS)


def drive_by(messages: Iterable[Message], network: str = "obstacle_avoider") -> Commands:
    """Return what a network commands on scans."""
    commands = [
        (decision.command.stamp_ns, *decision.command.velocity)
        for decision in run(pipeline_of(network), "scan", messages)
        if decision.command and decision.command.velocity
    ]
    stamps = np.array([command[0] for command in commands], np.int64)
    velocities = np.array([command[1:] for command in commands], np.float64).reshape(-1, 2)
    return Commands(stamps, velocities[:, 0], velocities[:, 1])


def laser_scan(scan: Scan, taken_ns: int) -> Message:
    """Make a message of a scan that arrives at once."""
    fields = {
        "header": {"stamp": taken_ns, "frame_id": "base_scan"},
        "angle_min": scan.angle_min,
        "angle_increment": scan.angle_increment,
        "angle_max": scan.angle_min + scan.angle_increment * (len(scan.ranges) - 1),
        "range_min": scan.range_min,
        "range_max": scan.range_max,
        "ranges": scan.ranges,
    }
    return Message(to_message(LASER_SCAN, fields), taken_ns)


def nearest(messages: Sequence[Message]) -> Nearest:
    """Return the nearest valid returns of scans, read independently of the encoder."""
    return Nearest(*np.array([_nearest(message.content) for message in messages]).T)


def _nearest(scan: Any) -> tuple[float, float, float]:
    ranges = np.asarray(scan.ranges, np.float64)
    angle_rad = scan.angle_min + scan.angle_increment * np.arange(ranges.size)
    angle_rad = np.mod(angle_rad + math.pi, 2.0 * math.pi) - math.pi
    valid = np.isfinite(ranges) & (ranges >= scan.range_min) & (ranges <= scan.range_max)

    def within(low_rad: float, high_rad: float) -> float:
        chosen = valid & (angle_rad >= low_rad) & (angle_rad <= high_rad)
        return float(ranges[chosen].min(initial=math.inf))

    low_rad, high_rad = SIDE_RAD
    return (
        within(-high_rad, -low_rad),
        within(-AHEAD_RAD, AHEAD_RAD),
        within(low_rad, high_rad),
    )


def turns(commands: Commands, near: Nearest, scan_ns: Times) -> Turns:
    """Compare the turn `REACTION_NS` after each scan with the side that is clearly nearer."""
    clear = np.minimum(near.left_m, near.right_m) < NEAR_M
    clear &= np.abs(near.left_m - near.right_m) >= CLEARLY_NEARER_M
    wanted = np.where(near.left_m < near.right_m, -1.0, 1.0)
    obeyed = np.sign(commands.at(scan_ns + REACTION_NS).angular_rad_s) == wanted
    return Turns(int(clear.sum()), float(obeyed[clear].mean()) if clear.any() else math.nan)


def held(messages: Sequence[Message], repeats: int, period_ns: int) -> list[Message]:
    """Show each scan `repeats` times, at a period, without pauses."""
    return [
        laser_scan(message.content, START_NS + index * period_ns)
        for index, message in enumerate(
            itertools.chain.from_iterable(itertools.repeat(item, repeats) for item in messages)
        )
    ]


def resampled(messages: Sequence[Message], per_scan: int) -> list[Message]:
    """Repeat each scan until the next one, as a lidar does that is `per_scan` times as fast."""
    stamps = [message.stamp_ns for message in messages]
    return [
        laser_scan(message.content, start + part * (stop - start) // per_scan)
        for message, start, stop in zip(messages, stamps, stamps[1:], strict=False)
        for part in range(per_scan)
    ]


def steady_speeds(messages: Sequence[Message]) -> Metres:
    """Return the speed that each scan leads to when it is held for a second [m/s]."""
    repeats = 10
    commands = drive_by(held(messages, repeats, SCAN_PERIOD_NS))
    ends_ns = START_NS + SCAN_PERIOD_NS * repeats * (1 + np.arange(len(messages)))
    return commands.at(ends_ns).linear_m_s


def drive_simulated(seed: int, rate_hz: int, duration_s: int = DRIVE_S) -> Drive:
    """Let the obstacle avoider drive the simulated robot, scans at a rate, in one process."""
    pipeline = pipeline_of("obstacle_avoider")
    robot = WheeledRobot(seed, camera=False)
    tick_ns = 5_000_000
    hits = hits_by_ball = 0
    touching = False
    path = []
    for elapsed_ns in range(0, duration_s * 1_000_000_000, tick_ns):
        robot.step(elapsed_ns)
        now_ns = START_NS + elapsed_ns
        pose = robot.pose()
        path.append((pose.x_m, pose.y_m))
        if robot.in_collision and not touching:
            ball_x_m, ball_y_m, _ = ball_pose(elapsed_ns * 1e-9).position_m
            by_ball = math.dist(path[-1], (ball_x_m, ball_y_m)) < BALL_RADIUS_M + ROBOT_REACH_M
            hits += not by_ball
            hits_by_ball += by_ball
        touching = robot.in_collision
        if elapsed_ns % (1_000_000_000 // rate_hz) == 0:
            pipeline.receive("scan", laser_scan(Scan(*robot.scan()), now_ns).content, now_ns)
        for decision in pipeline.advance(now_ns):
            if decision.command and decision.command.velocity:
                robot.command(*decision.command.velocity)
    steps_m = np.diff(np.array(path), axis=0)
    return Drive(hits, hits_by_ball, float(np.hypot(*steps_m.T).sum()), np.array(path))


def video(path: Path) -> Iterator[Message]:
    """Yield the frames of a video as images."""
    for frame in frames(str(path)):
        yield image(frame.picture, START_NS + frame.position_ns)


def still(picture: npt.NDArray[np.uint8], noise_dn: float, count: int) -> Iterator[Message]:
    """Yield one picture again and again at 30 Hz, with fresh Gaussian noise in every channel."""
    generator = np.random.default_rng(0)
    for index in range(count):
        noisy = picture + generator.normal(0.0, noise_dn, picture.shape)
        pixels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        yield image(pixels, START_NS + index * 1_000_000_000 // 30)


def image(picture: npt.NDArray[np.uint8], taken_ns: int) -> Message:
    """Make a message of a BGR picture that arrives at once."""
    height, width, _ = picture.shape
    fields = {
        "header": {"stamp": taken_ns, "frame_id": "camera"},
        "height": height,
        "width": width,
        "encoding": "bgr8",
        "step": 3 * width,
        "data": picture.reshape(-1),
    }
    return Message(to_message(IMAGE, fields), taken_ns)


def grey(message: Message) -> Grey:
    """Return the picture of an image as uint8[height, width]."""
    content = message.content
    picture = np.asarray(content.data).reshape(content.height, content.width, 3)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def detections(messages: Iterable[Message]) -> list[Detections]:
    """Return what the motion detector finds in images, window by window."""
    decisions = run(pipeline_of("motion_detector"), "camera", messages)
    return [found for decision in decisions for found in decision.detections]


def moved(before: Grey, after: Grey) -> Mask:
    """Return the pixels that changed between two full frames: the reference, without events."""
    difference = cv2.absdiff(
        cv2.GaussianBlur(before, (0, 0), 1.5), cv2.GaussianBlur(after, (0, 0), 1.5)
    )
    changed = (difference > MOTION_DN).astype(np.uint8)
    opened = cv2.morphologyEx(changed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.dilate(opened, np.ones((5, 5), np.uint8)), bool)


def pixels_of(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns of a box in an image of shape (height, width)."""
    height, width = shape
    return (
        slice(
            round((box.center_y - box.size_y / 2) * height),
            round((box.center_y + box.size_y / 2) * height),
        ),
        slice(
            round((box.center_x - box.size_x / 2) * width),
            round((box.center_x + box.size_x / 2) * width),
        ),
    )


def motion_score(messages: Sequence[Message], found: Sequence[Detections]) -> MotionScore:
    """Compare boxes with the reference motion of the same windows."""
    stamps = np.array([message.stamp_ns for message in messages])
    pictures = [grey(message) for message in messages]
    changes = [moved(*pair) for pair in itertools.pairwise(pictures)]
    boxes = precise = covered = moving = clear = noticed = quiet = false_boxes = 0
    # A window shows all changes between frames that it overlaps.
    windows = [window for window in found if window.stamp_ns <= stamps[-1]]
    for window in windows:
        first = max(int(np.searchsorted(stamps, window.stamp_ns - 100_000_000, "right")) - 1, 0)
        last = int(np.searchsorted(stamps, window.stamp_ns))
        motion = np.zeros(pictures[0].shape, bool)
        for change in changes[first:last]:
            motion |= change
        inside = np.zeros_like(motion)
        for box in window.boxes:
            area = pixels_of(box, motion.shape)
            inside[area] = True
            precise += bool(motion[area].mean() >= BOX_MOTION)
        boxes += len(window.boxes)
        if motion.mean() >= CLEAR_MOTION:
            clear += 1
            noticed += bool(window.boxes)
            covered += int(np.count_nonzero(motion & inside))
            moving += int(np.count_nonzero(motion))
        if not motion.any():
            quiet += 1
            false_boxes += len(window.boxes)
    return MotionScore(
        len(windows),
        boxes,
        _share(precise, boxes),
        _share(covered, moving),
        _share(noticed, clear),
        quiet,
        false_boxes,
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def shock_times(messages: Iterable[Message]) -> Times:
    """Return when the robot network feels a shock [ns]."""
    decisions = run(pipeline_of("robot"), "imu", messages)
    spikes: SpikeBatch = merge([decision.step.spikes["shock"] for decision in decisions])
    return spikes.time_ns


def jolt_times(messages: Sequence[Message]) -> Times:
    """Return when acceleration changes by `JOLT_M_S2` or more between two samples [ns]."""
    vectors = [message.content.linear_acceleration for message in messages]
    acceleration = np.array([(vector.x, vector.y, vector.z) for vector in vectors])
    jolted = np.flatnonzero(np.abs(np.diff(acceleration, axis=0)).sum(axis=1) >= JOLT_M_S2)
    return np.array([messages[index + 1].stamp_ns for index in jolted], np.int64)


def crash(speed_m_s: float) -> tuple[list[Message], int]:
    """Drive the simulated robot straight into something; return its IMU and the time of the hit."""
    robot = WheeledRobot(0, camera=False)
    robot.command(speed_m_s, 0.0)
    messages: list[Message] = []
    hit_ns = 0
    elapsed_ns = 0
    while not hit_ns or START_NS + elapsed_ns < hit_ns + AFTERMATH_NS:
        robot.step(elapsed_ns)
        if robot.in_collision and not hit_ns:
            hit_ns = START_NS + elapsed_ns
        for sample in robot.sense(elapsed_ns):
            if sample.type_name == IMU:
                messages.append(Message(to_message(IMU, sample.fields), sample.log_ns))
        elapsed_ns += TICK_NS
    return messages, hit_ns


def scan_rows() -> Iterator[Row]:
    """Measure the obstacle avoider on recorded scans."""
    for name, topic in SCAN_TOPICS:
        if not present(name):
            continue
        messages = recorded(DATA / name, topic)
        near = nearest(messages)
        where = f"{name.name} {topic}"
        stamps = np.array([message.stamp_ns for message in messages])
        arrivals = np.array([message.arrival_ns for message in messages])
        commands = drive_by(messages)
        yield row(where, "turns to freer side, by stamp", *turns(commands, near, stamps))
        yield row(where, "turns to freer side, by log time", *turns(commands, near, arrivals))
        yield row(where, "changes of the turn's sign", len(messages), commands.sign_changes)
        for per_scan in (2, 4):
            faster = resampled(messages, per_scan)
            faster_ns = np.array([message.stamp_ns for message in faster])
            obeyed = turns(drive_by(faster), nearest(faster), faster_ns)
            yield row(where, f"turns to freer side, {per_scan} times the rate", *obeyed)
        speed_m_s = steady_speeds(messages)
        sensed = near.ahead_m < FAR_M
        if np.ptp(near.ahead_m[sensed]) > 1.0:
            correlation = float(stats.spearmanr(near.ahead_m[sensed], speed_m_s[sensed])[0])
            what = f"rank correlation of speed and return ahead, below {FAR_M:g} m"
            yield row(where, what, int(sensed.sum()), correlation)
        for low_m, high_m in itertools.pairwise(AHEAD_BINS_M):
            inside = (near.ahead_m >= low_m) & (near.ahead_m < high_m)
            if inside.any():
                what = f"mean speed [m/s], return ahead {low_m:g} to {high_m:g} m"
                yield row(where, what, int(inside.sum()), float(speed_m_s[inside].mean()))
    if present(STATIC_SCANS):
        messages = recorded(DATA / STATIC_SCANS, "/scan")
        commands = drive_by(messages).after(messages[0].stamp_ns + 1_000_000_000)
        # After the last scan the command fades, which is no ripple.
        steady = commands.stamp_ns <= messages[-1].stamp_ns
        turn_rad_s = commands.angular_rad_s[steady]
        where = f"{STATIC_SCANS} /scan"
        yield row(where, "changes of the turn's sign", turn_rad_s.size, commands.sign_changes)
        yield row(where, "mean turn [rad/s]", turn_rad_s.size, float(turn_rad_s.mean()))
        yield row(where, "ripple of the turn, rms [rad/s]", turn_rad_s.size, turn_rad_s.std())
        speed_m_s = commands.linear_m_s[steady]
        yield row(where, "largest speed [m/s]", speed_m_s.size, speed_m_s.max())


def drive_rows() -> Iterator[Row]:
    """Measure the obstacle avoider in closed loop with the simulated robot."""
    for rate_hz in (5, 10, 20, 40):
        drives = [drive_simulated(seed, rate_hz) for seed in SEEDS]
        where = f"simulated room, lidar at {rate_hz} Hz"
        count = len(drives)
        yield row(where, "collisions", count, sum(drive.hits for drive in drives))
        yield row(where, "hits by the ball", count, sum(drive.hits_by_ball for drive in drives))
        yield row(where, "distance driven [m]", count, sum(drive.distance_m for drive in drives))
        yield row(where, "shortest drive [m]", count, min(drive.distance_m for drive in drives))


def motion_rows() -> Iterator[Row]:
    """Measure the motion detector on videos and on pictures that stand still."""
    for name in VIDEOS:
        if not present(name):
            continue
        messages = list(video(DATA / name))
        score = motion_score(messages, detections(messages))
        yield row(name.name, "boxes on motion", score.boxes, score.precise)
        yield row(name.name, "moving area inside boxes", score.windows, score.covered)
        yield row(name.name, "clear motion noticed", score.windows, score.noticed)
        yield row(name.name, "boxes in quiet windows", score.quiet, score.false_boxes)
    scenes = [np.full((480, 640, 3), 10, np.uint8)]
    for name in VIDEOS:
        if (DATA / name).exists():
            picture = next(frames(str(DATA / name))).picture
            scenes.append(np.asarray(cv2.resize(picture, (640, 480)), np.uint8))
    for noise_dn in (0.0, 1.0, 2.0, 3.0):
        found = [
            window
            for picture in scenes
            for window in detections(still(picture, noise_dn, STILL_FRAMES))
            if window.stamp_ns <= START_NS + STILL_FRAMES * 1_000_000_000 // 30
        ]
        boxes = sum(len(window.boxes) for window in found)
        yield row(f"{len(scenes)} stills", f"boxes, noise {noise_dn:g} DN", len(found), boxes)


def robot_rows() -> Iterator[Row]:
    """Measure the shock reflex of the robot."""
    for path, topic in ((OWN, "/imu"), *((DATA / name, topic) for name, topic in IMU_TOPICS)):
        if not present(path):
            continue
        messages = recorded(path, topic)
        jolts, shocks = jolt_times(messages), shock_times(messages)
        yield row(path.name, f"jolts above {JOLT_M_S2:g} m/s2", len(messages), jolts.size)
        yield row(path.name, "shocks felt", len(messages), shocks.size)
        if jolts.size:
            yield row(path.name, "jolts that halt", jolts.size, halting(jolts, shocks))
    for speed_m_s in (0.2, 0.3, 0.5):
        messages, hit_ns = crash(speed_m_s)
        shocks = shock_times(messages)
        where = f"simulated crash at {speed_m_s:g} m/s"
        # Steps are spread over the time between two samples, of which the hit is in the last one.
        early = int(np.count_nonzero(shocks < hit_ns - IMU_PERIOD_NS))
        yield row(where, "shocks before the hit", len(messages), early)
        yield row(where, "shocks at the hit", len(messages), shocks.size - early)


def halting(jolts: Times, shocks: Times) -> float:
    """Return the share of jolts that a shock answers at once or that fall into its halt."""
    since_ns = jolts[:, None] - shocks[None, :]
    answered = (since_ns > -AFTERMATH_NS) & (since_ns < HALT_NS)
    return float(answered.any(axis=1).mean())


def row(where: str, what: str, cases: int, value: float) -> Row:
    """Make a row of the table; cases: how many scans, boxes, windows, samples or drives."""
    return {"where": where, "what": what, "cases": cases, "value": float(value)}


def present(name: Path) -> bool:
    """Tell whether a recording is there, and say so if it is not."""
    if (DATA / name).exists():
        return True
    print(f"skipped: no {DATA / name}; set NEUROMORPHIC_DATA to its folder", file=sys.stderr)
    return False


def draw_commands(folder: Path) -> None:
    """Draw the command on real scans against the nearest returns of the sides."""
    if not present(DUAL_HOKUYO):
        return
    messages = recorded(DATA / DUAL_HOKUYO, "/rear_scan")
    near, commands = nearest(messages), drive_by(messages)
    begin_ns = messages[0].stamp_ns
    scan_s = (np.array([message.stamp_ns for message in messages]) - begin_ns) / 1e9
    command_s = (commands.stamp_ns - begin_ns) / 1e9
    figure, (returns, turn, speed) = plt.subplots(3, 1, figsize=(9, 6), sharex=True)
    for side_m, label in ((near.left_m, "left"), (near.ahead_m, "ahead"), (near.right_m, "right")):
        returns.plot(scan_s, side_m, label=label, color=COLOURS[label])
    returns.set_ylabel("nearest return [m]")
    returns.legend(loc="upper right", ncols=3)
    left = np.maximum(commands.angular_rad_s, 0.0)
    right = np.minimum(commands.angular_rad_s, 0.0)
    turn.fill_between(command_s, left, color=COLOURS["left"], label="to the left")
    turn.fill_between(command_s, right, color=COLOURS["right"], label="to the right")
    turn.set_ylabel("turn [rad/s]")
    turn.legend(loc="upper right", ncols=2)
    speed.plot(command_s, commands.linear_m_s, color=COLOURS["ahead"])
    speed.set_ylabel("speed [m/s]")
    speed.set_xlabel("time [s]")
    figure.tight_layout()
    figure.savefig(folder / "behaviour_commands.png", dpi=100)


def draw_boxes(folder: Path) -> None:
    """Draw boxes on a frame of the video of cars, next to the events of their window."""
    if not present(CARS):
        return
    messages = list(itertools.islice(video(DATA / CARS), CAR_FRAMES))
    pipeline = pipeline_of("motion_detector")
    dvs = pipeline.inputs["dvs"]
    found = []
    events: list[SpikeBatch] = []
    for message in messages:
        events += [item.spikes for item in pipeline.receive("camera", *message).values()]
        decisions = pipeline.advance(message.arrival_ns)
        found += [item for decision in decisions for item in decision.detections]
    window = found[-1]
    seen = merge(events).between(window.stamp_ns - 100_000_000, window.stamp_ns)
    _, height, width = dvs.source.shape
    last = messages[-1].content
    picture = np.asarray(last.data).reshape(last.height, last.width, 3)
    figure, panels = plt.subplots(1, 2, figsize=(9, 3))
    panels[0].imshow(picture[..., ::-1], extent=(0, 1, 1, 0), aspect="auto")
    panels[0].set_title("frame: Intel sample-videos, CC BY 4.0", fontsize=9)
    panels[1].imshow(render(seen, height, width), extent=(0, 1, 1, 0), aspect="auto")
    panels[1].set_title("events of 100 ms: blue brighter, red darker", fontsize=9)
    for panel in panels:
        panel.set_axis_off()
        for box in window.boxes:
            corner = (box.center_x - box.size_x / 2, box.center_y - box.size_y / 2)
            outline = Rectangle(corner, box.size_x, box.size_y, fill=False, ec="lime", lw=2)
            panel.add_patch(outline)
    figure.tight_layout()
    figure.savefig(folder / "behaviour_motion.png", dpi=100)


def draw_drives(folder: Path) -> None:
    """Draw the paths through the simulated rooms."""
    figure, panels = plt.subplots(2, 5, figsize=(10, 3.6), sharex=True, sharey=True)
    for seed, panel in zip(SEEDS, panels.flat, strict=True):
        for obstacle in WheeledRobot(seed, camera=False).obstacles:
            centre = (obstacle.x_m, obstacle.y_m)
            panel.add_patch(Circle(centre, obstacle.reach_m, color="0.6"))
        panel.plot(*drive_simulated(seed, 10).path_m.T, linewidth=0.8)
        panel.set_xlim(-ROOM_LENGTH_M / 2, ROOM_LENGTH_M / 2)
        panel.set_ylim(-ROOM_WIDTH_M / 2, ROOM_WIDTH_M / 2)
        panel.set_aspect("equal")
        panel.set_title(f"seed {seed}", fontsize=8)
        panel.tick_params(labelsize=7)
    figure.supxlabel("x [m]", fontsize=8)
    figure.supylabel("y [m]", fontsize=8)
    figure.tight_layout()
    figure.savefig(folder / "behaviour_drives.png", dpi=110)


def main() -> None:
    """Measure and print, or draw, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="also draw figures there")
    arguments = parser.parse_args()
    parts: tuple[Callable[[], Iterator[Row]], ...] = (
        scan_rows,
        drive_rows,
        motion_rows,
        robot_rows,
    )
    rows = [measured for part in parts for measured in part()]
    print(json.dumps(rows) if arguments.json else table(rows))
    if arguments.figures:
        arguments.figures.mkdir(parents=True, exist_ok=True)
        for draw in (draw_commands, draw_boxes, draw_drives):
            draw(arguments.figures)


if __name__ == "__main__":
    main()
