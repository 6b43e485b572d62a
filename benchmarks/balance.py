"""Let spiking networks balance a pole on a cart and a robot on two wheels, beside regulators.

The same episodes for both: the seed gives start, noise, biases of the sensors and pushes.
`cartpole` is measured in CartPole-v1, for 500 steps of 20 ms, `balancer` on the robot in mujoco,
for 60 s with pushes. Commands act 20 ms late, beside what the networks take to answer.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from linear_balance import CartRegulator, RobotRegulator
from reporting import Row, table

from neuromorphic_ros.energy.price import price
from neuromorphic_ros.pipeline.closed_loop import drive
from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.recipes import cartpole
from neuromorphic_ros.simulation.balancer import Balancer
from neuromorphic_ros.simulation.cart_pole import FULL_STEPS, STEP_NS, CartPole
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.sensor_sample import START_NS
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.streaming import StreamingNetwork

TOPICS = {"imu": "/imu", "joints": "/joint_states"}
HARDWARE = "horowitz_45nm_fp32"
MINUTE_NS = 60_000_000_000
PUSH_N_S = 0.15
# Around the first push of a drawn run.
BEFORE_NS, AFTER_NS = 1_000_000_000, 2_500_000_000
NEURONS = {
    "wheels back": ("motor", 3),
    "wheels forward": ("motor", 0),
    "tilted back": ("tilt", 1),
    "tilted forward": ("tilt", 0),
}

Values = npt.NDArray[np.float64]
Found = TypeVar("Found")


class Stand(NamedTuple):
    """One run of the robot.

    upright: it was on its own and did not fall. travel_m: farthest from its start. tilt_rad: its
    largest tilt. counts: none of a regulator.
    """

    upright: bool
    travel_m: float
    tilt_rad: float
    counts: Counts | None


def regulated_steps(seed: int) -> int:
    """Return how many steps the regulator balances an episode of CartPole."""
    plant, regulator = CartPole(seed), CartRegulator()
    for elapsed_ns in range(0, (FULL_STEPS + 1) * STEP_NS, TICK_NS):
        plant.step(elapsed_ns)
        speed_m_s = regulator.speed(plant.sense(elapsed_ns))
        if speed_m_s is not None:
            plant.command(speed_m_s, 0.0)
    plant.close()
    return plant.steps


def stand(seed: int, duration_ns: int, push_n_s: float) -> Stand:
    """Let the network balance the robot."""
    runner = StreamingNetwork(dataclasses.replace(find_network("balancer"), seed=seed))
    robot = Balancer(seed, push_n_s)
    moments = drive(Pipeline(runner), robot, TOPICS, duration_ns)
    return _watched(robot, moments)._replace(counts=runner.counts())


def regulated_stand(seed: int, duration_ns: int, push_n_s: float) -> Stand:
    """Let the regulator balance the robot."""
    robot, regulator = Balancer(seed, push_n_s), RobotRegulator()

    def moments() -> Iterator[None]:
        for elapsed_ns in range(0, duration_ns, TICK_NS):
            robot.step(elapsed_ns)
            robot.command(regulator.speed(robot.sense(elapsed_ns)), 0.0)
            yield None

    return _watched(robot, moments())


def _watched(robot: Balancer, moments: Iterator[Any]) -> Stand:
    travel_m = tilt_rad = 0.0
    for _ in moments:
        travel_m = max(travel_m, robot.travel_m)
        tilt_rad = max(tilt_rad, abs(robot.tilt_rad))
        if robot.in_collision:
            break
    robot.close()
    return Stand(robot.released and not robot.in_collision, travel_m, tilt_rad, None)


def measure(
    count: int,
    seed: int,
    duration_ns: int = MINUTE_NS,
    push_n_s: float = PUSH_N_S,
    jobs: int | None = None,
) -> dict[str, Any]:
    """Return what the networks and the regulators did in `count` episodes of each task.

    jobs: processes; none: as many as there are processors.
    """
    seeds = range(seed, seed + count)
    each_of = partial(_by_seed, seeds=seeds, jobs=jobs or os.cpu_count() or 1)
    spec = find_model("cartpole").spec()
    episodes = each_of(partial(cartpole.episode, spec))
    stood = each_of(partial(stand, duration_ns=duration_ns, push_n_s=push_n_s))
    steps = each_of(regulated_steps)
    held = each_of(partial(regulated_stand, duration_ns=duration_ns, push_n_s=push_n_s))
    cart_operations, cart_pj = _per_second([each.counts for each in episodes])
    operations, pj = _per_second([each.counts for each in stood if each.counts])
    return {
        "episodes": count,
        "robot_episodes": count,
        "robot_s": duration_ns / 1e9,
        "push_n_s": push_n_s,
        **_told([each.steps for each in episodes], stood),
        "cartpole_synaptic_ops_per_s": cart_operations,
        "cartpole_pj_per_s": cart_pj,
        "synaptic_ops_per_s": operations,
        "pj_per_s": pj,
        "hardware": HARDWARE,
        "baseline": _told(steps, held),
    }


def _by_seed(work: Callable[[int], Found], *, seeds: Sequence[int], jobs: int) -> list[Found]:
    if jobs == 1:
        return [work(seed) for seed in seeds]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(work, seeds))


def _told(steps: Sequence[int], stood: Sequence[Stand]) -> Row:
    return {
        "cartpole_full_episodes": sum(each == FULL_STEPS for each in steps),
        "cartpole_mean_steps": float(np.mean(steps)),
        "robot_upright": sum(each.upright for each in stood),
        "travel_m_max": max(each.travel_m for each in stood),
        "travel_m_median": float(np.median([each.travel_m for each in stood])),
        "tilt_deg_max": float(np.degrees(max(each.tilt_rad for each in stood))),
    }


def _per_second(spent: Sequence[Counts]) -> tuple[float, float]:
    """Return synaptic operations and energy [pJ] per simulated second."""
    total = spent[0]
    for each in spent[1:]:
        total = total.plus(each)
    # Both networks have ticks of 1 ms.
    seconds = total.ticks * 1e-3
    priced = price(total, seconds, *priced_on(HARDWARE))
    return float(total.synaptic_events.sum()) / seconds, priced.dynamic_pj / seconds


class Course(NamedTuple):
    """A run of the robot, by time [s] since its first push began.

    spikes: of each neuron in NEURONS, when it fired [s].
    """

    time_s: Values
    tilt_deg: Values
    command_m_s: Values
    spikes: dict[str, Values]
    impulse_n_s: float


def course(seed: int, push_n_s: float = PUSH_N_S) -> Course:
    """Let the network balance the robot until it has answered the first push."""
    spec = dataclasses.replace(find_network("balancer"), seed=seed)
    pipeline, robot = Pipeline(StreamingNetwork(spec)), Balancer(seed, push_n_s)
    push, rows = None, []
    fired: dict[str, list[Values]] = {name: [] for name in NEURONS}
    for moment in drive(pipeline, robot, TOPICS, MINUTE_NS):
        if robot.released and push is None:
            push = robot.push
        for decision in moment.decisions:
            if decision.command and decision.command.velocity:
                speed_m_s = decision.command.velocity.linear_m_s
                rows.append((moment.elapsed_ns, np.degrees(robot.tilt_rad), speed_m_s))
            for name, (population, address) in NEURONS.items():
                spikes = decision.step.spikes[population]
                fired[name].append(spikes.time_ns[spikes.address == address] - START_NS)
        if push and moment.elapsed_ns >= push.start_ns + AFTER_NS:
            break
    assert push
    time_ns, tilt_deg, command_m_s = np.array(rows).T
    return Course(
        (time_ns - push.start_ns) * 1e-9,
        tilt_deg,
        command_m_s,
        {name: (np.concatenate(each) - push.start_ns) * 1e-9 for name, each in fired.items()},
        push.impulse_n_s,
    )


def draw(run: Course, path: Path) -> None:
    """Draw tilt, command and spikes around the push."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (tilt, command, raster) = plt.subplots(
        3, 1, sharex=True, figsize=(8.0, 5.5), layout="constrained"
    )
    tilt.plot(run.time_s, run.tilt_deg, color="tab:blue")
    tilt.set(ylabel="true tilt [degrees]", xlim=(-BEFORE_NS * 1e-9, AFTER_NS * 1e-9))
    tilt.set_title(f"a push of {run.impulse_n_s:.2f} N s at 0 s", fontsize=9)
    command.plot(run.time_s, run.command_m_s, color="tab:red")
    command.set(ylabel="commanded speed [m/s]")
    raster.eventplot(list(run.spikes.values()), colors="k", linewidths=0.5, linelengths=0.8)
    raster.set_yticks(range(len(run.spikes)), list(run.spikes))
    raster.set(xlabel="time [s]")
    for axes in (tilt, command, raster):
        axes.axvline(0.0, color="0.6", linewidth=0.8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def rows(found: dict[str, Any]) -> list[Row]:
    """Return what `measure` found as a row for each side."""
    baseline = found["baseline"]
    ours = {name: found[name] for name in baseline}
    return [{"controller": "spikes", **ours}, {"controller": "regulator", **baseline}]


def main() -> None:
    """Measure and print, or draw, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=100, help="of each task (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the first one (default: 0)")
    parser.add_argument(
        "--push", type=float, default=PUSH_N_S, help=f"largest push [N s] (default: {PUSH_N_S})"
    )
    parser.add_argument("--jobs", type=int, help="processes (default: one per processor)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--figure", type=Path, help="only draw a push there")
    arguments = parser.parse_args()
    if arguments.episodes < 1 or arguments.seed < 0:
        parser.error("it needs an episode at least, and seeds from 0 on")
    if arguments.figure:
        draw(course(arguments.seed, arguments.push), arguments.figure)
        return
    found = measure(
        arguments.episodes, arguments.seed, push_n_s=arguments.push, jobs=arguments.jobs
    )
    if arguments.json:
        print(json.dumps(found))
        return
    print(table(rows(found)))
    spent = [name for name in found if name.endswith("_per_s")]
    print("\n".join(f"{name}: {found[name]:.4g}" for name in spent))


if __name__ == "__main__":
    main()
