from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rosbags import rosbag2
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from ruamel.yaml import YAML

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.recording import RecordedMessage, TopicInfo
from neuromorphic_ros.bags.typestore import serialize, stamp_ns, to_message, typestore
from neuromorphic_ros.errors import BagError

from .bagfiles import (
    IMU,
    SCAN,
    SECOND_NS,
    START_NS,
    read_until_damage,
    ros1_scans,
    ros1_types,
    scan_raw,
    storage_file,
    write_ros1,
    write_rosbag2,
)

PLUGINS = [StoragePlugin.MCAP, StoragePlugin.SQLITE3]
RANGE = "sensor_msgs/msg/Range"


def read_all(path: Path) -> list[RecordedMessage]:
    with open_recording(path) as recording:
        return list(recording.messages())


def assert_only_bag_errors(path: Path) -> None:
    _, error = read_until_damage(path)
    assert not error or path.name in error or "/scan" in error


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("whole", [True, False], ids=["folder", "file"])
def test_rosbag2_is_read(tmp_path: Path, plugin: StoragePlugin, whole: bool) -> None:
    folder = write_rosbag2(tmp_path / "bag", plugin)
    path = folder if whole else Path(shutil.move(storage_file(folder), tmp_path))
    with open_recording(path) as recording:
        assert dict(recording.topics) == {"/scan": TopicInfo(SCAN, 6)}
        assert (recording.start_ns, recording.end_ns) == (START_NS, START_NS + SECOND_NS // 2)
        messages = list(recording.messages())
        assert [m.log_ns - START_NS for m in messages] == [i * SECOND_NS // 10 for i in range(6)]
        assert [m.raw for m in messages] == [scan_raw(m.log_ns) for m in messages]
        assert list(recording.messages(["/scan"])) == messages
        assert list(recording.messages([])) == []


def test_folder_without_metadata_holding_one_file_is_read(tmp_path: Path) -> None:
    folder = write_rosbag2(tmp_path / "bag")
    (folder / "metadata.yaml").unlink()
    assert len(read_all(folder)) == 6


@pytest.mark.parametrize(
    ("mode", "plugin"),
    [
        (CompressionMode.FILE, StoragePlugin.SQLITE3),
        (CompressionMode.MESSAGE, StoragePlugin.SQLITE3),
        (CompressionMode.STORAGE, StoragePlugin.MCAP),
    ],
)
def test_compressed_rosbag2_is_read(
    tmp_path: Path, mode: CompressionMode, plugin: StoragePlugin
) -> None:
    writer = rosbag2.Writer(tmp_path / "bag", version=9, storage_plugin=plugin)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        connection = writer.add_connection("/scan", SCAN, typestore=typestore())
        writer.write(connection, 1, scan_raw(1))
    assert [m.raw for m in read_all(tmp_path / "bag")] == [scan_raw(1)]


@pytest.mark.parametrize("plugin", PLUGINS)
def test_split_files_that_overlap_come_in_order(tmp_path: Path, plugin: StoragePlugin) -> None:
    bag = write_rosbag2(tmp_path / "bag", plugin)
    other = write_rosbag2(tmp_path / "other", plugin, start_ns=START_NS + SECOND_NS // 20)
    shutil.copy(storage_file(other), bag)
    yaml = YAML(typ="safe")
    metadata = yaml.load((bag / "metadata.yaml").read_text())
    information = metadata["rosbag2_bagfile_information"]
    information["relative_file_paths"].append(storage_file(other).name)
    with (bag / "metadata.yaml").open("w") as file:
        yaml.dump(metadata, file)
    with open_recording(bag) as recording:
        times = [m.log_ns for m in recording.messages()]
        assert recording.topics["/scan"].count == len(times) == 12
        assert times == sorted(times)
        assert (recording.start_ns, recording.end_ns) == (times[0], times[-1])


def test_messages_written_out_of_order_come_in_order(tmp_path: Path) -> None:
    with rosbag2.Writer(tmp_path / "b", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/scan", SCAN, typestore=typestore())
        for log_ns in (30, 10, 20):
            # Large enough that every message has a chunk of its own.
            writer.write(connection, log_ns, scan_raw(log_ns, beams=300_000))
    assert [m.log_ns for m in read_all(tmp_path / "b")] == [10, 20, 30]


def test_big_endian_becomes_little_endian(tmp_path: Path) -> None:
    message = to_message(SCAN, {"header": {"stamp": 7}, "ranges": [1.0]})
    big = bytes(typestore().serialize_cdr(message, SCAN, little_endian=False))
    with rosbag2.Writer(tmp_path / "b", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        writer.write(writer.add_connection("/scan", SCAN, typestore=typestore()), 1, big)
    assert [m.raw for m in read_all(tmp_path / "b")] == [serialize(SCAN, message)]


def test_types_only_the_bag_knows_are_decoded_by_its_definition(tmp_path: Path) -> None:
    store = get_typestore(Stores.ROS2_KILTED)
    definition = "std_msgs/Header header\nfloat32[] grams\n"
    store.register(get_types_from_msg(definition, "shop_msgs/msg/Weights"))
    message = to_message("shop_msgs/msg/Weights", {"grams": [1.5, 2.5]}, store)
    raw = serialize("shop_msgs/msg/Weights", message, store)
    with rosbag2.Writer(tmp_path / "b", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        writer.write(writer.add_connection("/w", "shop_msgs/msg/Weights", typestore=store), 1, raw)
    [recorded] = read_all(tmp_path / "b")
    assert recorded.raw == raw
    assert recorded.decode().grams.tolist() == [1.5, 2.5]


def test_unknown_types_without_definition_pass_but_do_not_decode(tmp_path: Path) -> None:
    raw = b"\0\1\0\0\1\2\3\4"
    with rosbag2.Writer(tmp_path / "b", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection(
            "/x", "shop_msgs/msg/Odd", msgdef="wstring[<", rihs01="?"
        )
        writer.write(connection, 1, raw)
    [recorded] = read_all(tmp_path / "b")
    assert recorded.raw == raw
    with pytest.raises(BagError, match="shop_msgs/msg/Odd"):
        recorded.decode()


def test_older_ros2_definitions_are_brought_up_to_date(tmp_path: Path) -> None:
    # sensor_msgs/Range gained `variance` after Humble.
    humble = get_typestore(Stores.ROS2_HUMBLE)
    old = to_message(RANGE, {"range": 2.5, "max_range": 4.0}, humble)
    with rosbag2.Writer(tmp_path / "b", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/range", RANGE, typestore=humble)
        writer.write(connection, 1, serialize(RANGE, old, humble))
    [recorded] = read_all(tmp_path / "b")
    new = to_message(RANGE, {"range": 2.5, "max_range": 4.0, "variance": 0.0})
    assert recorded.raw == serialize(RANGE, new)


def test_ros1_header_loses_its_sequence_number(tmp_path: Path) -> None:
    messages = read_all(ros1_scans(tmp_path / "old.bag"))
    assert [m.type for m in messages] == [SCAN] * 4
    for i, message in enumerate(messages):
        header = {"stamp": (10 + i) * SECOND_NS + 5, "frame_id": "old laser"}
        expected = to_message(SCAN, {"header": header, "ranges": [1.0, 2.0, float(i)]})
        assert message.raw == serialize(SCAN, expected)
        assert stamp_ns(message.decode()) == header["stamp"]


def test_ros1_definitions_that_differ_are_migrated(tmp_path: Path) -> None:
    store = get_typestore(Stores.ROS1_NOETIC)
    message = to_message(RANGE, {"range": 1.5}, store)
    path = write_ros1(tmp_path / "r.bag", "/range", RANGE, [message], store)
    [recorded] = read_all(path)
    assert recorded.raw == serialize(RANGE, to_message(RANGE, {"range": 1.5}))


def test_ros1_types_only_the_bag_knows_are_decoded(tmp_path: Path) -> None:
    name = "shop_msgs/msg/Weight"
    store = ros1_types("std_msgs/Header header\ntime when\nfloat32 grams\n", name)
    fields = {"when": {"sec": 3}, "grams": 2.0, "header": {"seq": 9, "frame_id": "scale"}}
    message = to_message(name, fields, store)
    [recorded] = read_all(write_ros1(tmp_path / "w.bag", "/w", name, [message], store))
    decoded = recorded.decode()
    assert (decoded.header.frame_id, decoded.when.sec, decoded.grams) == ("scale", 3, 2.0)
    assert not hasattr(decoded.header, "seq")


def test_ros1_legacy_names_get_their_new_name(tmp_path: Path) -> None:
    name = "tf/msg/tfMessage"
    store = ros1_types("geometry_msgs/TransformStamped[] transforms\n", name)
    message = to_message(name, {"transforms": [{"child_frame_id": "b"}]}, store)
    [recorded] = read_all(write_ros1(tmp_path / "tf.bag", "/tf", name, [message], store))
    assert recorded.type == "tf2_msgs/msg/TFMessage"
    assert recorded.decode().transforms[0].child_frame_id == "b"


@pytest.mark.parametrize("kind", ["mcap", "db3", "bag"])
def test_iterations_do_not_disturb_each_other(
    tmp_path: Path, pristine: dict[str, tuple[str, bytes]], kind: str
) -> None:
    name, data = pristine[kind]
    (tmp_path / name).write_bytes(data)
    with open_recording(tmp_path / name) as recording:
        pairs = list(zip(recording.messages(), recording.messages(), strict=True))
    assert len(pairs) == 3
    assert all(one == other for one, other in pairs)


def test_unknown_topic_is_refused_at_once(tmp_path: Path) -> None:
    with (
        open_recording(write_rosbag2(tmp_path / "bag")) as recording,
        pytest.raises(BagError, match=r"/nope.*it has /scan"),
    ):
        recording.messages(["/nope"])


def make_missing(path: Path) -> Path:
    return path / "missing.mcap"


def make_empty_file(path: Path) -> Path:
    (path / "empty.mcap").touch()
    return path / "empty.mcap"


def make_empty_folder(path: Path) -> Path:
    return path


def make_other_suffix(path: Path) -> Path:
    (path / "notes.txt").write_text("hello")
    return path / "notes.txt"


def make_text_named_bag(path: Path) -> Path:
    (path / "text.bag").write_text("hello, I am a text")
    return path / "text.bag"


def make_two_bags(path: Path) -> Path:
    ros1_scans(path / "a.bag")
    ros1_scans(path / "b.bag")
    return path


def make_two_parts_without_metadata(path: Path) -> Path:
    folder = write_rosbag2(path / "bag")
    (folder / "metadata.yaml").unlink()
    shutil.copy(storage_file(folder), folder / "bag_2.mcap")
    return folder


def make_truncated_mcap(path: Path) -> Path:
    file = storage_file(write_rosbag2(path / "bag"))
    file.write_bytes(file.read_bytes()[:-50])
    return file


def make_truncated_in_folder(path: Path) -> Path:
    return make_truncated_mcap(path).parent


def make_unindexed_ros1(path: Path) -> Path:
    file = ros1_scans(path / "crashed.bag")
    data = file.read_bytes()
    place = data.index(b"index_pos=") + len(b"index_pos=")
    file.write_bytes(data[:place] + bytes(8) + data[place + 8 :])
    return file


def make_without_messages(path: Path) -> Path:
    return write_rosbag2(path / "bag", count=0)


def make_unknown_storage(path: Path) -> Path:
    return edit_metadata(path, "storage_identifier: mcap", "storage_identifier: punchcards")


def make_missing_part(path: Path) -> Path:
    folder = write_rosbag2(path / "bag")
    storage_file(folder).unlink()
    return folder


def make_metadata_of_a_list(path: Path) -> Path:
    folder = write_rosbag2(path / "bag")
    (folder / "metadata.yaml").write_text("- 1\n")
    return folder


def make_metadata_with_text_count(path: Path) -> Path:
    return edit_metadata(path, "message_count: 6", "message_count: many")


def make_foreign_serialization(path: Path) -> Path:
    return edit_metadata(path, "serialization_format: cdr", "serialization_format: protobuf")


def make_sqlite_in_odd_folder(path: Path) -> Path:
    return write_rosbag2(path / "bag", StoragePlugin.SQLITE3).rename(path / "run #3")


def edit_metadata(path: Path, old: str, new: str) -> Path:
    metadata = write_rosbag2(path / "bag") / "metadata.yaml"
    text = metadata.read_text()
    assert old in text
    metadata.write_text(text.replace(old, new))
    return metadata.parent


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (make_missing, "does not exist"),
        (make_empty_file, "is empty"),
        (make_empty_folder, "holds no recording; give it"),
        (make_other_suffix, "is not a recording"),
        (make_text_named_bag, "is not a .bag file"),
        (make_two_bags, "several recordings: a.bag, b.bag"),
        (make_two_parts_without_metadata, "ros2 bag reindex"),
        (make_truncated_mcap, "truncated.*mcap recover"),
        (make_truncated_in_folder, "bag.mcap: is truncated"),
        (make_unindexed_ros1, "rosbag reindex"),
        (make_without_messages, "no messages"),
        (make_unknown_storage, "punchcards"),
        (make_missing_part, "missing.*bag.mcap.*ros2 bag reindex"),
        (make_metadata_of_a_list, "ros2 bag reindex"),
        (make_metadata_with_text_count, "bag"),
        (make_foreign_serialization, "protobuf"),
        (make_sqlite_in_odd_folder, "'#'.*move it"),
    ],
)
def test_what_cannot_be_opened_is_explained(tmp_path: Path, make: Any, complaint: str) -> None:
    path = make(tmp_path)
    with pytest.raises(BagError, match=complaint) as caught:
        open_recording(path)
    assert str(path) in str(caught.value)


def write_chunks(path: Path, compressed: bool) -> Path:
    """Write one message per chunk and return the file."""
    writer = rosbag2.Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
    if compressed:
        writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with writer:
        connection = writer.add_connection("/scan", SCAN, typestore=typestore())
        for log_ns in range(1, 6):
            writer.write(connection, log_ns, scan_raw(log_ns, beams=300_000))
    return storage_file(path)


def test_messages_before_a_corrupt_chunk_are_yielded(tmp_path: Path) -> None:
    file = write_chunks(tmp_path / "bag", compressed=True)
    data = bytearray(file.read_bytes())
    zstd_magic = b"\x28\xb5\x2f\xfd"
    place = -1
    for _ in range(3):
        place = data.index(zstd_magic, place + 1)
    data[place : place + 4] = b"oops"
    file.write_bytes(data)
    messages, error = read_until_damage(file)
    assert [message.log_ns for message in messages] == [1, 2]
    assert re.search(r"bag\.mcap.*mcap recover", error)


def test_truncated_sqlite_yields_or_explains(tmp_path: Path) -> None:
    file = storage_file(write_rosbag2(tmp_path / "bag", StoragePlugin.SQLITE3, count=500))
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(BagError, match="recover"):
        read_all(file)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, bytes]]:
    """Return name and bytes of one small file of every bag format."""
    folder = tmp_path_factory.mktemp("pristine")
    files = {
        "mcap": storage_file(write_rosbag2(folder / "m", count=3)),
        "db3": storage_file(write_rosbag2(folder / "s", StoragePlugin.SQLITE3, count=3)),
        "bag": ros1_scans(folder / "r.bag", count=3),
    }
    return {kind: (file.name, file.read_bytes()) for kind, file in files.items()}


@pytest.mark.parametrize("kind", ["mcap", "db3", "bag"])
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_bytes_raise_nothing_but_bag_errors(
    tmp_path: Path, pristine: dict[str, tuple[str, bytes]], kind: str, data: st.DataObject
) -> None:
    name, original = pristine[kind]
    damaged = bytearray(original[: data.draw(st.integers(0, len(original)))])
    if data.draw(st.booleans()):
        damaged = bytearray(original)
    changes = st.tuples(st.integers(0, max(0, len(damaged) - 1)), st.integers(0, 255))
    for place, value in data.draw(st.lists(changes, max_size=8)):
        if damaged:
            damaged[place] = value
    (tmp_path / name).write_bytes(damaged)
    assert_only_bag_errors(tmp_path / name)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 1200), junk=st.binary(min_size=1, max_size=12))
@example(place=0, junk=b"\xff\xfe")
@example(place=0, junk=b"&a [*a]  #")
def test_damaged_metadata_raises_nothing_but_bag_errors(
    tmp_path: Path, place: int, junk: bytes
) -> None:
    folder = tmp_path / "bag"
    if not folder.exists():
        write_rosbag2(folder)
        shutil.copy(folder / "metadata.yaml", tmp_path / "metadata.yaml")
    data = bytearray((tmp_path / "metadata.yaml").read_bytes())
    data[place : place + len(junk)] = junk
    (folder / "metadata.yaml").write_bytes(data)
    assert_only_bag_errors(folder)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "expected", "seconds"),
    [
        (
            "bag_camera_slider_depth_ros2",
            {
                "/camera/image_raw": ("sensor_msgs/msg/Image", 87),
                "/ground_truth/pose": ("geometry_msgs/msg/PoseStamped", 339),
            },
            3.40,
        ),
        (
            "bag_events_evt3_vga_ros2",
            {"/event_camera/events": ("event_camera_msgs/msg/EventPacket", 517)},
            2.08,
        ),
        (
            "bag_imu_ardrone",
            {
                "/ardrone/imu": (IMU, 4308),
                "/ardrone/mag": ("sensor_msgs/msg/MagneticField", 4308),
            },
            92.40,
        ),
        (
            "bag_imu_phidgets",
            {
                "/imu/data_raw": (IMU, 13964),
                "/imu/mag": ("sensor_msgs/msg/MagneticField", 13964),
            },
            56.24,
        ),
        ("bag_scan_dual_hokuyo", {"/front_scan": (SCAN, 331), "/rear_scan": (SCAN, 330)}, 33.00),
        ("bag_scan_ydlidar_ros2", {"/scan": (SCAN, 166)}, 16.23),
    ],
)
def test_real_bags(
    shared_data: Path, name: str, expected: dict[str, tuple[str, int]], seconds: float
) -> None:
    with open_recording(shared_data / name) as recording:
        assert {k: (v.type, v.count) for k, v in recording.topics.items()} == expected
        assert (recording.end_ns - recording.start_ns) / 1e9 == pytest.approx(seconds, abs=0.006)
        counts: Counter[str] = Counter()
        times = []
        for message in recording.messages():
            assert message.raw[:4] == b"\0\1\0\0"
            assert message.decode().__msgtype__ == message.type
            counts[message.topic] += 1
            times.append(message.log_ns)
    assert counts == {topic: count for topic, (_, count) in expected.items()}
    assert times == sorted(times)
    assert (times[0], times[-1]) == (recording.start_ns, recording.end_ns)


@pytest.mark.data
def test_real_imu_is_upside_down(shared_data: Path) -> None:
    with open_recording(shared_data / "bag_imu_phidgets") as recording:
        z = [m.decode().linear_acceleration.z for m in recording.messages(["/imu/data_raw"])]
    assert sum(z[:100]) / 100 == pytest.approx(-9.87, abs=0.1)
