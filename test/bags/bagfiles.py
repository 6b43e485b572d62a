"""Small bags of every format, made here so that the tests need no recordings."""

from __future__ import annotations

from pathlib import Path

from rosbags import rosbag1, rosbag2
from rosbags.rosbag2 import StoragePlugin
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.recording import RecordedMessage
from neuromorphic_ros.bags.typestore import serialize, to_message, typestore
from neuromorphic_ros.errors import BagError

SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS
SCAN = "sensor_msgs/msg/LaserScan"
IMU = "sensor_msgs/msg/Imu"


def scan_raw(stamp_ns: int, beams: int = 5) -> bytes:
    fields = {
        "header": {"stamp": stamp_ns, "frame_id": "laser"},
        "angle_increment": 0.1,
        "range_max": 10.0,
        "ranges": [float(i) for i in range(beams)],
    }
    return serialize(SCAN, to_message(SCAN, fields))


def write_rosbag2(
    path: Path,
    plugin: StoragePlugin = StoragePlugin.MCAP,
    count: int = 6,
    beams: int = 5,
    start_ns: int = START_NS,
) -> Path:
    """Write `count` scans, 0.1 s apart, and return the folder."""
    with rosbag2.Writer(path, version=9, storage_plugin=plugin) as writer:
        connection = writer.add_connection("/scan", SCAN, typestore=typestore())
        for i in range(count):
            log_ns = start_ns + i * SECOND_NS // 10
            writer.write(connection, log_ns, scan_raw(log_ns, beams))
    return path


def storage_file(folder: Path) -> Path:
    return next(file for file in folder.iterdir() if file.suffix in (".mcap", ".db3"))


def ros1_types(definition: str, type_name: str) -> Typestore:
    """Return ROS 1 types with one more, whose definition may differ from today's."""
    store = get_typestore(Stores.ROS1_NOETIC)
    store.fielddefs.pop(type_name, None)
    store.types.pop(type_name, None)
    store.register(get_types_from_msg(definition, type_name))
    return store


def write_ros1(
    path: Path, topic: str, type_name: str, messages: list[object], store: Typestore
) -> Path:
    """Write messages 0.1 s apart and return the file."""
    with rosbag1.Writer(path) as writer:
        connection = writer.add_connection(topic, type_name, typestore=store)
        for i, message in enumerate(messages):
            raw = store.serialize_ros1(message, type_name)
            writer.write(connection, START_NS + i * SECOND_NS // 10, raw)
    return path


def ros1_scans(path: Path, count: int = 4) -> Path:
    """Write scans with a counting Header.seq."""
    store = get_typestore(Stores.ROS1_NOETIC)
    messages: list[object] = []
    for i in range(count):
        header = store.types["std_msgs/msg/Header"](
            seq=1000 + i,
            stamp=store.types["builtin_interfaces/msg/Time"](sec=10 + i, nanosec=5),
            frame_id="old laser",
        )
        scan = to_message(SCAN, {"ranges": [1.0, 2.0, float(i)]})
        scan.header = header
        messages.append(scan)
    return write_ros1(path, "/scan", SCAN, messages, store)


def read_until_damage(path: Path) -> tuple[list[RecordedMessage], str]:
    """Read and decode everything; return the messages and the BagError's text, "" without one."""
    messages = []
    try:
        with open_recording(path) as recording:
            for message in recording.messages():
                message.decode()
                messages.append(message)
    except BagError as error:
        return messages, str(error)
    return messages, ""
