"""Open a recording of any format this package reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from neuromorphic_ros.bags import carmen, rosbag, video
from neuromorphic_ros.bags.recording import Recording, bag_errors
from neuromorphic_ros.errors import BagError

_FORMATS = (
    "a rosbag2 folder, .mcap, .db3, a ROS 1 .bag, a CARMEN .log or .log.gz, "
    f"or a video ({', '.join(sorted(video.SUFFIXES))})"
)


def open_recording(path: Path | str) -> Recording:
    """Open a recording; use it as a context manager.

    path: a rosbag2 folder; an .mcap, .db3, ROS 1 .bag, CARMEN .log or .log.gz or video file; or
    a folder holding one such file.
    Raises BagError naming the file, what is wrong and what to do.
    """
    path = Path(path)
    with bag_errors(path):
        if not path.exists():
            raise BagError(f"{path}: does not exist; check the path")
        file = _file_in(path) if path.is_dir() else path
        opener = rosbag.open_rosbag if file.is_dir() else _opener(file)
        if opener is None:
            raise BagError(f"{file}: is not a recording this package reads; give it {_FORMATS}")
        if file.is_file() and file.stat().st_size == 0:
            raise BagError(f"{file}: is empty; the recorder wrote nothing, record again")
        return opener(file)


def _file_in(folder: Path) -> Path:
    if (folder / rosbag.METADATA).is_file():
        return folder
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and _opener(file)]
    if len(files) == 1:
        return files[0]
    if not files:
        raise BagError(f"{folder}: holds no recording; give it {_FORMATS}")
    names = ", ".join(file.name for file in files)
    if all(file.suffix in (".mcap", ".db3") for file in files):
        raise BagError(
            f"{folder}: has no {rosbag.METADATA} to order {names}; run `ros2 bag reindex {folder}`"
        )
    raise BagError(f"{folder}: holds several recordings: {names}; choose one")


def _opener(file: Path) -> Callable[[Path], Recording] | None:
    name = file.name.lower()
    if file.suffix in rosbag.SUFFIXES:
        return rosbag.open_rosbag
    if name.endswith(carmen.SUFFIXES):
        return carmen.open_carmen
    if file.suffix.lower() in video.SUFFIXES:
        return video.open_video
    return None
