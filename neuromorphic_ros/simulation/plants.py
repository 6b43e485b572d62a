"""The simulated robots by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.plant import Plant


class PlantKind(NamedTuple):
    """A kind of robot: the type of every topic that it may sense on, and how one is made.

    make: from a seed, and whether it has its camera, if it knows one at all.
    """

    topics: Mapping[str, str]
    make: Callable[[int, bool], Plant]


def _wheeled_robot(seed: int, camera: bool) -> Plant:
    from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot

    return WheeledRobot(seed, camera=camera)


def _balancer(seed: int, camera: bool) -> Plant:
    from neuromorphic_ros.simulation.balancer import Balancer

    return Balancer(seed)


def _cart_pole(seed: int, camera: bool) -> Plant:
    from neuromorphic_ros.simulation.cart_pole import CartPole

    return CartPole(seed)


# Each imports its simulator when one is made: what it needs must not be needed for the others.
PLANTS = {
    "wheeled_robot": PlantKind(
        {
            "/odom": "nav_msgs/msg/Odometry",
            "/scan": "sensor_msgs/msg/LaserScan",
            "/imu": "sensor_msgs/msg/Imu",
            "/camera/image_raw": "sensor_msgs/msg/Image",
        },
        _wheeled_robot,
    ),
    "balancer": PlantKind(
        {"/imu": "sensor_msgs/msg/Imu", "/joint_states": "sensor_msgs/msg/JointState"}, _balancer
    ),
    "cart_pole": PlantKind({"/joint_states": "sensor_msgs/msg/JointState"}, _cart_pole),
}


def plant_kind(name: str) -> PlantKind:
    """Return a kind of robot by name; raises BackendError that lists the known ones."""
    if name not in PLANTS:
        raise BackendError(f"there is no simulated robot '{name}'; choose {', '.join(PLANTS)}")
    return PLANTS[name]
