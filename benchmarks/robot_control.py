"""Drive simulated robots by the robot control network, and time it on what a recording tells.

Rooms are drawn from seeds, the same for both networks; pictures are dark, which turns no wheel. The
recording is played through encoders, network and decoders on one thread; with --live through nodes.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from behaviour import OWN, ROBOT_REACH_M
from reporting import Row, table

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.energy.price import price
from neuromorphic_ros.pipeline.closed_loop import drive
from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.recorded_input import recorded_input
from neuromorphic_ros.simulation.sensor_sample import START_NS, SensorSample, image
from neuromorphic_ros.simulation.wheeled_robot import CAMERA_HEIGHT, CAMERA_WIDTH, WheeledRobot
from neuromorphic_ros.simulation.world import BALL_RADIUS_M, ball_pose
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

NETWORK, BESIDE = "robot_control", "obstacle_avoider"
TOPICS = {
    "camera": "/camera/image_raw",
    "imu": "/imu",
    "magnetometer": "/imu/mag",
    "scan": "/scan",
}
HARDWARE = "horowitz_45nm_fp32"
SECONDS, S = 120, 1_000_000_000
PICTURE_NS = 50_000_000
ROUNDS = 3


class InTheDark(WheeledRobot):
    """The robot with a camera that sees nothing, which needs no graphics library."""

    def __init__(self, seed: int) -> None:
        """Draw the room from a seed."""
        super().__init__(seed, camera=False)

    def sense(self, elapsed_ns: int) -> list[SensorSample]:
        """Read the sensors that are due, and a dark picture."""
        samples = super().sense(elapsed_ns)
        if elapsed_ns % PICTURE_NS == 0:
            dark = np.zeros((CAMERA_HEIGHT, CAMERA_WIDTH), np.uint8)
            samples.append(image(START_NS + elapsed_ns, dark))
        return samples


class Driven(NamedTuple):
    """What came of a drive: things hit, how often the ball hit the robot, path [m], operations."""

    hits: int
    hits_by_ball: int
    distance_m: float
    counts: Counts


def driven(network: str, seed: int, seconds: int) -> Driven:
    """Let a network drive for some time in the room of a seed."""
    pipeline, robot = Pipeline(StreamingNetwork(find_network(network))), InTheDark(seed)
    topics = {sensor: TOPICS[sensor] for sensor in pipeline.sensors}
    hits = hits_by_ball = 0
    touching = False
    path_m = []
    for moment in drive(pipeline, robot, topics, seconds * S):
        pose = robot.pose()
        path_m.append((pose.x_m, pose.y_m))
        if robot.in_collision and not touching:
            ball_m = ball_pose(moment.elapsed_ns / S).position_m[:2]
            by_ball = math.dist(path_m[-1], ball_m) < BALL_RADIUS_M + ROBOT_REACH_M
            hits += not by_ball
            hits_by_ball += by_ball
        touching = robot.in_collision
    steps_m = np.hypot(*np.diff(np.array(path_m), axis=0).T)
    return Driven(hits, hits_by_ball, float(steps_m.sum()), pipeline.core.runner.counts())


def drives(networks: Sequence[str], seeds: range, seconds: int, jobs: int) -> list[list[Driven]]:
    """Return the drives of each network, in the order of seeds."""
    work = list(product(networks, seeds))
    run = partial(driven, seconds=seconds)
    if jobs == 1:
        found = [run(*each) for each in work]
    else:
        with ProcessPoolExecutor(jobs) as pool:
            found = list(pool.map(run, *zip(*work, strict=True)))
    return [found[first : first + len(seeds)] for first in range(0, len(found), len(seeds))]


def summed_up(network: str, some: Sequence[Driven], seconds: int) -> Row:
    """Return what the drives of a network come to."""
    counts = some[0].counts
    for each in some[1:]:
        counts = counts.plus(each.counts)
    distance_m = sum(each.distance_m for each in some)
    priced = price(counts, len(some) * seconds, *priced_on(HARDWARE))
    return {
        "network": network,
        "drives": len(some),
        "seconds": seconds,
        "collisions": sum(each.hits for each in some),
        "drives_without": sum(not each.hits for each in some),
        "hits_by_ball": sum(each.hits_by_ball for each in some),
        "distance_m": distance_m,
        "synaptic_ops_per_s": int(counts.synaptic_events.sum()) / (len(some) * seconds),
        "pj_per_m": priced.dynamic_pj / distance_m if distance_m else math.nan,
    }


def measure(count: int, seed: int, seconds: int = SECONDS, jobs: int = 1) -> dict[str, Row]:
    """Return how both networks drive in `count` rooms, drawn from `seed` on."""
    networks, seeds = (NETWORK, BESIDE), range(seed, seed + count)
    found = drives(networks, seeds, seconds, jobs)
    return {
        name: summed_up(name, some, seconds) for name, some in zip(networks, found, strict=True)
    }


def timed_pipeline() -> Row:
    """Play the recording through the whole pipeline; the best of some rounds."""
    with open_recording(OWN) as recording:
        messages = [
            (message.topic, message.decode(), message.log_ns)
            for message in recording.messages(TOPICS.values())
        ]
        length_s = (recording.end_ns - recording.start_ns) / S
    sensors = {topic: sensor for sensor, topic in TOPICS.items()}
    taken_s = []
    for _ in range(ROUNDS):
        pipeline = Pipeline(StreamingNetwork(find_network(NETWORK)))
        begun_s = time.process_time()
        for topic, message, log_ns in messages:
            pipeline.receive(sensors[topic], message, log_ns)
            for _ in pipeline.advance(log_ns):
                pass
        taken_s.append(time.process_time() - begun_s)
    return {
        "what": "encoders, network, decoders",
        "us_per_tick": 1e6 * min(taken_s) / pipeline.core.runner.counts().ticks,
        "times_real_time": length_s / min(taken_s),
    }


def timed_network() -> Row:
    """Run the network alone on what the encoders make of the recording, one tick a call."""
    spec = find_network(NETWORK)
    with open_recording(OWN) as recording:
        pieces = recorded_input(spec, recording, TOPICS)
    ticks = [tick for piece in pieces for tick in single_ticks(piece)]
    network = StreamingNetwork(spec)
    rounds = []
    for _ in range(ROUNDS):
        network.reset()
        begun_s = time.process_time()
        for tick in ticks:
            network.run(tick)
        rounds.append((time.process_time() - begun_s) / len(ticks))
    return {
        "what": "network alone, one tick a call",
        "us_per_tick": 1e6 * min(rounds),
        "times_real_time": spec.dt_ms * 1e-3 / min(rounds),
    }


def single_ticks(spikes: TickSpikes) -> list[TickSpikes]:
    """Cut spikes into ticks."""
    one_by_one = spikes.one_by_one()
    return [
        TickSpikes(one_by_one.address[start:stop], np.array([0, stop - start]))
        for start, stop in pairwise(one_by_one.first)
    ]


def live() -> Row:
    """Play the recording to the pipeline node, and ask the system what the node's process took."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "test"))
    import psutil
    from harness import robot_domain

    from neuromorphic_ros.pipeline.outputs import JOINT_TRAJECTORY, TWIST_STAMPED

    with robot_domain() as robot:
        commands = robot.listener.collect("cmd_vel", TWIST_STAMPED)
        joints = robot.listener.collect("joint_trajectory", JOINT_TRAJECTORY)
        parameters = {"network": NETWORK, "use_sim_time": True}
        remap = {"image_raw": TOPICS["camera"]}
        node = psutil.Process(robot.start("pipeline", parameters, remap=remap).pid)
        player = {"path": OWN, "wait_for": list(TOPICS.values()), "exit_at_end": True}
        before, begun_s = node.cpu_times(), time.monotonic()
        robot.start("bag_player", player, until="").wait()
        after, taken_s = node.cpu_times(), time.monotonic() - begun_s
        twists = [received.message.twist for received in list(commands)]
        used_s = after.user + after.system - before.user - before.system
        return {
            "what": "pipeline node, live",
            "share_of_a_core": used_s / taken_s,
            "cmd_vel": len(twists),
            "moving": sum(twist.linear.x > 0 for twist in twists),
            "joint_trajectory": len(joints),
        }


def main() -> None:
    """Measure and print, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="number of rooms (default: 10)")
    parser.add_argument("--seed", type=int, default=0, help="the first of them (default: 0)")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of a drive (default: 120)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--live", action="store_true", help="also through nodes, which needs ROS")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    arguments = parser.parse_args()
    if min(arguments.seeds, arguments.seconds, arguments.jobs) < 1 or arguments.seed < 0:
        parser.error("it needs a room, a second and a process at least, and seeds from 0 on")
    driving = measure(arguments.seeds, arguments.seed, arguments.seconds, arguments.jobs)
    timing = [timed_pipeline(), timed_network()]
    lived = [live()] if arguments.live else []
    if arguments.json:
        print(json.dumps({"driving": driving, "timing": timing, "live": lived}))
    else:
        tables = [list(driving.values()), timing, *([lived] if lived else [])]
        print(*map(table, tables), sep="\n\n")


if __name__ == "__main__":
    main()
