"""Run a network on BrainScaleS-2."""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Include the bringup; all of its other arguments can be given."""
    bringup = str(Path(__file__).with_name("bringup.launch.py"))
    preset = {"profile": "brainscales"}
    return LaunchDescription([IncludeLaunchDescription(bringup, launch_arguments=preset.items())])
