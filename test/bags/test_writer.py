from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from ruamel.yaml import YAML

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.typestore import serialize, to_message
from neuromorphic_ros.bags.writer import LATCHED, RecordingWriter
from neuromorphic_ros.errors import BagError

from .bagfiles import SCAN, ros1_scans, scan_raw

SPIKES = "neuromorphic_ros/msg/SpikeArray"


def write_example(path: Path, **options: Any) -> Path:
    with RecordingWriter(path, **options) as writer:
        writer.add_topic("/latched", "std_msgs/msg/String", qos=LATCHED)
        for i in range(50):
            spikes = {"header": {"stamp": i}, "address": np.arange(i * 100), "shape": [5000]}
            writer.write("/spikes", SPIKES, spikes, 1000 + i)
            writer.write("/scan", SCAN, scan_raw(i), 1000 + i)
    return path


def write_and_fail(path: Path, **options: Any) -> None:
    with RecordingWriter(path, **options) as writer:
        writer.write("/scan", SCAN, scan_raw(1), 1)
        raise ZeroDivisionError


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("compressed", [False, True])
def test_what_is_written_is_read(tmp_path: Path, compressed: bool) -> None:
    with open_recording(write_example(tmp_path / "out", compressed=compressed)) as recording:
        assert {k: (v.type, v.count) for k, v in recording.topics.items()} == {
            "/latched": ("std_msgs/msg/String", 0),
            "/scan": (SCAN, 50),
            "/spikes": (SPIKES, 50),
        }
        assert (recording.start_ns, recording.end_ns) == (1000, 1049)
        scans = [message.raw for message in recording.messages(["/scan"])]
        spikes = [message.decode() for message in recording.messages(["/spikes"])]
    assert scans == [scan_raw(i) for i in range(50)]
    assert [message.address.size for message in spikes] == [i * 100 for i in range(50)]


@pytest.mark.parametrize("compressed", [False, True])
def test_same_messages_give_the_same_bytes(
    tmp_path: Path, compressed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write_example(tmp_path / "one" / "out", compressed=compressed)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    two = write_example(Path("two/out"), compressed=compressed)
    assert files_of(one) == files_of(two)
    assert set(files_of(one)) == {"metadata.yaml", "out.mcap"}


def test_compression_compresses(tmp_path: Path) -> None:
    plain = write_example(tmp_path / "plain")
    small = write_example(tmp_path / "small", compressed=True)
    assert (small / "small.mcap").stat().st_size < (plain / "plain.mcap").stat().st_size / 2


def test_metadata_is_what_ros2_bag_expects(tmp_path: Path) -> None:
    folder = write_example(tmp_path / "out")
    information = YAML(typ="safe").load(folder / "metadata.yaml")["rosbag2_bagfile_information"]
    assert information["version"] == 9
    assert information["storage_identifier"] == "mcap"
    assert information["relative_file_paths"] == ["out.mcap"]
    assert information["message_count"] == 100
    profiles = {
        entry["topic_metadata"]["name"]: entry["topic_metadata"]["offered_qos_profiles"][0]
        for entry in information["topics_with_message_count"]
    }
    assert profiles["/latched"]["durability"] == "transient_local"
    assert (profiles["/scan"]["reliability"], profiles["/scan"]["depth"]) == ("reliable", 10)
    hashes = [
        entry["topic_metadata"]["type_description_hash"]
        for entry in information["topics_with_message_count"]
        if entry["topic_metadata"]["type"] == "std_msgs/msg/String"
    ]
    # As `ros2 topic info --verbose` prints it in every distribution since Iron.
    digest = "df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"
    assert hashes == [f"RIHS01_{digest}"]


def test_messages_and_mappings_and_bytes_are_equal(tmp_path: Path) -> None:
    fields = {"data": "hello"}
    message = to_message("std_msgs/msg/String", fields)
    with RecordingWriter(tmp_path / "out") as writer:
        for i, form in enumerate([fields, message, serialize("std_msgs/msg/String", message)]):
            writer.write("/s", "std_msgs/msg/String", form, i)
    with open_recording(tmp_path / "out") as recording:
        assert len({m.raw for m in recording.messages()}) == 1


def test_foreign_types_are_copied_with_their_definition(tmp_path: Path) -> None:
    store = get_typestore(Stores.ROS2_KILTED)
    store.register(get_types_from_msg("float32 grams\n", "shop_msgs/msg/Weight"))
    with RecordingWriter(tmp_path / "first") as writer:
        writer.add_topic("/w", "shop_msgs/msg/Weight", types=store)
        writer.write("/w", "shop_msgs/msg/Weight", {"grams": 2.5}, 1)
    with open_recording(tmp_path / "first") as source, RecordingWriter(tmp_path / "copy") as copy:
        for message in source.messages():
            copy.add_topic(message.topic, message.type, types=message.types)
            copy.write(message.topic, message.type, message.raw, message.log_ns)
    with open_recording(tmp_path / "copy") as recording:
        assert [m.decode().grams for m in recording.messages()] == [2.5]


def test_ros1_bag_is_converted_by_copying(tmp_path: Path) -> None:
    with (
        open_recording(ros1_scans(tmp_path / "old.bag")) as source,
        RecordingWriter(tmp_path / "new") as writer,
    ):
        for message in source.messages():
            writer.write(message.topic, message.type, message.raw, message.log_ns)
        old = [(m.log_ns, m.raw) for m in source.messages()]
    with open_recording(tmp_path / "new") as recording:
        assert [(m.log_ns, m.raw) for m in recording.messages()] == old


def test_nothing_is_visible_before_the_end(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "out") as writer:
        writer.write("/scan", SCAN, scan_raw(1), 1)
        assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write_and_fail(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_failure_keeps_the_existing_recording(tmp_path: Path) -> None:
    before = files_of(write_example(tmp_path / "out"))
    with pytest.raises(ZeroDivisionError):
        write_and_fail(tmp_path / "out", overwrite=True)
    assert files_of(tmp_path / "out") == before


def test_failing_rename_keeps_the_existing_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(write_example(tmp_path / "out"))
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if target == tmp_path / "out" and self.name != "previous":
            raise OSError("no space")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    writer = RecordingWriter(tmp_path / "out", overwrite=True)
    writer.write("/scan", SCAN, scan_raw(1), 1)
    with pytest.raises(BagError, match="no space"):
        writer.close()
    assert files_of(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_killed_process_leaves_no_recording(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        writer = RecordingWriter(tmp_path / "out")
        writer.write("/scan", SCAN, scan_raw(1), 1)
        os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert not (tmp_path / "out").exists()
    with pytest.raises(BagError, match="holds no recording"):
        open_recording(tmp_path)


def test_overwriting_replaces(tmp_path: Path) -> None:
    write_example(tmp_path / "out")
    with RecordingWriter(tmp_path / "out", overwrite=True) as writer:
        writer.write("/scan", SCAN, scan_raw(1), 1)
    with open_recording(tmp_path / "out") as recording:
        assert list(recording.topics) == ["/scan"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_existing_recording_is_refused(tmp_path: Path) -> None:
    before = files_of(write_example(tmp_path / "out"))
    with pytest.raises(BagError, match=r"out: exists already"):
        RecordingWriter(tmp_path / "out")
    assert files_of(tmp_path / "out") == before


def test_recording_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "out")
    writer.write("/scan", SCAN, scan_raw(1), 1)
    before = files_of(write_example(tmp_path / "out"))
    with pytest.raises(BagError, match="exists already"):
        writer.close()
    assert files_of(tmp_path / "out") == before


def test_foreign_folder_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("precious")
    with pytest.raises(BagError, match="not a rosbag2 folder"):
        RecordingWriter(tmp_path / "home", overwrite=True)
    assert (tmp_path / "home" / "thesis.txt").read_text() == "precious"


def test_impossible_places_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BagError, match="file"):
        RecordingWriter(tmp_path / "file" / "out")
    with pytest.raises(BagError, match="does not name a folder"):
        RecordingWriter("/")


@pytest.mark.parametrize(
    ("topic", "type_name", "message", "log_ns", "complaint"),
    [
        ("/scan", SPIKES, {}, 1, "/scan has type sensor_msgs/msg/LaserScan, not"),
        ("/new", "shop_msgs/msg/Odd", {}, 1, "shop_msgs/msg/Odd.*not known"),
        ("/scan", SCAN, {}, -1, "log time -1"),
        ("/scan", SCAN, {}, 2**63, "log time"),
        ("/scan", SCAN, b"hello", 1, "not CDR"),
        ("/scan", SCAN, b"", 1, "not CDR"),
        ("/scan", SCAN, {"range": 1.0}, 1, "no field"),
        ("/scan", SCAN, object(), 1, "does not fit"),
    ],
)
def test_wrong_messages_are_refused_and_the_rest_is_kept(
    tmp_path: Path, topic: str, type_name: str, message: Any, log_ns: int, complaint: str
) -> None:
    with RecordingWriter(tmp_path / "out") as writer:
        writer.write("/scan", SCAN, scan_raw(1), 1)
        with pytest.raises(BagError, match=complaint):
            writer.write(topic, type_name, message, log_ns)
        writer.write("/scan", SCAN, scan_raw(2), 2)
    with open_recording(tmp_path / "out") as recording:
        assert [m.raw for m in recording.messages()] == [scan_raw(1), scan_raw(2)]


def test_closed_writer_refuses(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "out") as writer:
        writer.write("/scan", SCAN, scan_raw(1), 1)
    writer.close()
    with pytest.raises(BagError, match="already closed"):
        writer.write("/scan", SCAN, scan_raw(1), 1)
