from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.bags.recording import Recording, TopicInfo
from neuromorphic_ros.bags.topics import find_topics
from neuromorphic_ros.errors import BagError

SCAN = "sensor_msgs/msg/LaserScan"
IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
WANT_SCAN = {"scan": (SCAN,)}


def recording_of(**topics: tuple[str, int]) -> Recording:
    infos = {f"/{name}": TopicInfo(*info) for name, info in topics.items()}
    return Recording(Path("bag"), infos, 0, 1, lambda wanted: iter(()))


def test_type_decides() -> None:
    recording = recording_of(a=(IMAGE, 9), b=(SCAN, 1))
    wanted = {"scan": (SCAN,), "camera": (IMAGE, COMPRESSED)}
    assert find_topics(recording, wanted, {}) == {"scan": "/b", "camera": "/a"}


def test_most_messages_win() -> None:
    recording = recording_of(front=(SCAN, 330), rear=(SCAN, 331))
    assert find_topics(recording, WANT_SCAN, {}) == {"scan": "/rear"}


def test_tie_goes_to_the_first_name() -> None:
    recording = recording_of(rear=(SCAN, 5), front=(SCAN, 5))
    assert find_topics(recording, WANT_SCAN, {}) == {"scan": "/front"}


def test_any_of_the_types_fits() -> None:
    recording = recording_of(raw=(IMAGE, 2), small=(COMPRESSED, 3))
    assert find_topics(recording, {"camera": (IMAGE, COMPRESSED)}, {}) == {"camera": "/small"}


def test_choice_beats_count() -> None:
    recording = recording_of(front=(SCAN, 3), rear=(SCAN, 5))
    assert find_topics(recording, WANT_SCAN, {"scan": "/front"}) == {"scan": "/front"}


def test_nothing_wanted_gives_nothing() -> None:
    assert find_topics(recording_of(a=(SCAN, 1)), {}, {}) == {}


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"scan": "/rear"}, r"/rear.*not in the recording.*/image \(.*Image, 4 messages\)"),
        ({"scan": "/image"}, r"/image.*has type sensor_msgs/msg/Image.*it has"),
        ({"sonar": "/scan"}, r"no source named sonar; the sources are scan"),
    ],
)
def test_bad_choice_is_explained(chosen: dict[str, str], complaint: str) -> None:
    recording = recording_of(scan=(SCAN, 1), image=(IMAGE, 4))
    with pytest.raises(BagError, match=complaint):
        find_topics(recording, WANT_SCAN, chosen)


def test_missing_type_lists_the_topics() -> None:
    with pytest.raises(BagError, match=r"no topic for 'scan'.*LaserScan.*/image"):
        find_topics(recording_of(image=(IMAGE, 4)), WANT_SCAN, {})


def test_topic_without_messages_does_not_count() -> None:
    with pytest.raises(BagError, match=r"no topic for 'scan'.*0 messages"):
        find_topics(recording_of(scan=(SCAN, 0), image=(IMAGE, 4)), WANT_SCAN, {})
