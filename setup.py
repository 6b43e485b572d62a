"""Metadata is in setup.cfg; this adds the data folders, which setup.cfg cannot list recursively."""

from pathlib import Path

from setuptools import setup

FOLDERS = ("config", "launch", "models", "msg", "recordings", "srv")


def data_files() -> list[tuple[str, list[str]]]:
    """Files by destination, the same layout as below the share/ folder of a ROS 2 prefix."""
    root = Path(__file__).parent
    destinations: dict[str, list[str]] = {}
    for folder in FOLDERS:
        for path in sorted(root.joinpath(folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                file = path.relative_to(root)
                destination = Path("share", "neuromorphic_ros", file.parent).as_posix()
                destinations.setdefault(destination, []).append(file.as_posix())
    return list(destinations.items())


setup(data_files=data_files())
