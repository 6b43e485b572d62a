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


def _room_robot(seed: int, camera: bool) -> Plant:
    from neuromorphic_ros.simulation.goal_plant import GoalPlant
    from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot
    from neuromorphic_ros.simulation.world import draw_goal

    robot = WheeledRobot(seed, camera=camera)
    return GoalPlant(robot, *draw_goal(seed, robot.obstacles))


def _course_robot(seed: int, camera: bool) -> Plant:
    from neuromorphic_ros.simulation.course_robot import CourseRobot
    from neuromorphic_ros.simulation.goal_plant import GoalPlant

    del camera
    robot = CourseRobot(seed)
    return GoalPlant(robot, robot.course.goal_x_m, robot.course.goal_y_m)


def _balancer(seed: int, camera: bool) -> Plant:
    from neuromorphic_ros.simulation.balancer import Balancer

    return Balancer(seed)


def _cart_pole(seed: int, camera: bool) -> Plant:
    from neuromorphic_ros.simulation.cart_pole import CartPole

    return CartPole(seed)


_ROOM_TOPICS = {
    "/odom": "nav_msgs/msg/Odometry",
    "/scan": "sensor_msgs/msg/LaserScan",
    "/imu": "sensor_msgs/msg/Imu",
    "/imu/mag": "sensor_msgs/msg/MagneticField",
    "/camera/image_raw": "sensor_msgs/msg/Image",
}

# Each imports its simulator when one is made: what it needs must not be needed for the others.
PLANTS = {
    "wheeled_robot": PlantKind(_ROOM_TOPICS, _wheeled_robot),
    "room": PlantKind({**_ROOM_TOPICS, "/goal_pose": "geometry_msgs/msg/PoseStamped"}, _room_robot),
    "course": PlantKind(
        {
            "/odom": "nav_msgs/msg/Odometry",
            "/scan": "sensor_msgs/msg/LaserScan",
            "/goal_pose": "geometry_msgs/msg/PoseStamped",
        },
        _course_robot,
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
