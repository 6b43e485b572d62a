"""Play a recording into a network, until its end or in a loop."""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Include the bringup; all of its other arguments can be given."""
    bringup = str(Path(__file__).with_name("bringup.launch.py"))
    preset = {"use_sim_time": "true"}
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "bag", description="Recording to play: rosbag2, ROS 1 bag, CARMEN log or video"
            ),
            IncludeLaunchDescription(bringup, launch_arguments=preset.items()),
        ]
    )
