"""A robot to look at: which messages become which pictures and shapes."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import serialize, to_message
from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.pipeline.outputs import (
    DETECTIONS,
    ENERGY,
    RATES,
    SPIKES,
    TWIST,
    TWIST_STAMPED,
    OutputMessage,
)
from neuromorphic_ros.pipeline.power_supervisor import POWER_STATUS
from neuromorphic_ros.pipeline.spike_raster import BOX_COLOUR
from neuromorphic_ros.pipeline.view import EVENTS, MARKERS, RASTER, TOPICS, TYPES, View

STAMP_NS = 5_000_000_000
HEIGHT, WIDTH = 24, 32


def view(*messages: tuple[str, dict[str, Any]]) -> View:
    """Return a view that has taken some messages."""
    taken = View("base", math.radians(60.0))
    for kind, fields in messages:
        taken.take(kind, to_message(kind, fields))
    return taken


def spikes(population: str, shape: tuple[int, ...], *addresses: int) -> tuple[str, dict[str, Any]]:
    fields = {
        "header": {"stamp": STAMP_NS, "frame_id": f"{population}_frame"},
        "population": population,
        "shape": np.array(shape, np.uint32),
        "span_ns": 50_000_000,
        "address": np.array(addresses, np.uint32),
        "offset_ns": np.arange(len(addresses), dtype=np.uint32),
    }
    return SPIKES, fields


def detections(stamp_ns: int) -> tuple[str, dict[str, Any]]:
    box = {"class_name": "motion", "score": 0.5}
    box |= {"center_x": 160.0, "center_y": 120.0, "size_x": 160.0, "size_y": 120.0}
    header = {"stamp": stamp_ns, "frame_id": "camera"}
    fields = {"header": header, "image_width": 320, "image_height": 240, "detections": [box]}
    return DETECTIONS, fields


def shown(looked_at: View, *topics: str) -> dict[str, OutputMessage]:
    wanted = topics or tuple(TOPICS)
    messages = {item.topic: item for item in looked_at.messages(STAMP_NS, wanted.__contains__)}
    for item in messages.values():
        assert item.type == TOPICS[item.topic]
        assert serialize(item.type, to_message(item.type, item.fields))
    return messages


def pixels(message: OutputMessage) -> np.ndarray:
    return message.fields["data"].reshape(message.fields["height"], message.fields["width"], 3)


def markers(looked_at: View) -> dict[str, dict[str, Any]]:
    return {marker["ns"]: marker for marker in shown(looked_at)[MARKERS].fields["markers"]}


DVS = spikes("dvs", (2, HEIGHT, WIDTH), 0, 5)
MOTOR = spikes("motor", (3,), 1)


def test_spikes_become_a_raster_and_those_of_a_camera_a_picture() -> None:
    messages = shown(view(MOTOR, DVS))
    assert pixels(messages[RASTER]).any()
    assert messages[RASTER].stamp_ns == STAMP_NS + 50_000_000
    assert messages[EVENTS].fields["header"]["frame_id"] == "dvs_frame"
    assert pixels(messages[EVENTS])[:4, :4].any()


def test_without_a_camera_there_is_no_picture_of_events() -> None:
    assert shown(view(MOTOR)).keys() == {RASTER, MARKERS}
    assert shown(view()).keys() == {MARKERS}


@pytest.mark.parametrize("topic", TOPICS)
def test_nothing_is_drawn_that_nobody_wants(topic: str) -> None:
    assert shown(view(MOTOR, DVS), topic).keys() == {topic}


@pytest.mark.parametrize(("late_ns", "seen"), [(0, True), (2_000_000_000, False)])
def test_boxes_are_drawn_on_events_of_their_time(late_ns: int, seen: bool) -> None:
    picture = pixels(shown(view(DVS, detections(STAMP_NS - late_ns)))[EVENTS])
    rows, columns, _ = picture.shape
    assert (tuple(picture[rows // 2, columns // 4]) == BOX_COLOUR) == seen


@pytest.mark.parametrize("kind", [TWIST, TWIST_STAMPED])
def test_commands_become_arrows(kind: str) -> None:
    twist = {"linear": {"x": 0.5}, "angular": {"z": 1.0}}
    found = markers(view((kind, twist if kind == TWIST else {"twist": twist})))
    assert found["linear"]["points"][1]["x"] == 0.5
    assert found["linear"]["header"] == {"stamp": STAMP_NS, "frame_id": "base"}
    assert found["angular"]["points"]


def test_detections_become_boxes_in_the_frame_of_their_camera() -> None:
    marker = markers(view(detections(STAMP_NS)))["detections"]
    assert marker["header"]["frame_id"] == "camera"
    assert len(marker["points"]) == 8


def test_words_say_what_runs_and_what_it_takes() -> None:
    rates = {"network": "net", "name": ["motor", "dvs"]}
    energy = {"total_pj": 3e6, "window_s": 2.0, "hardware": "loihi1", "lower_bound": True}
    power = {"mode": "10W", "quality": 1, "asleep": True}
    measured = {"measured_j": math.nan, "measured_s": math.nan}
    looked_at = view((RATES, rates), (ENERGY, energy | measured), (POWER_STATUS, power))
    words = ["net", "at least 1.5 uW priced on loihi1", "10W, quality medium, asleep"]
    assert markers(looked_at)["words"]["text"].splitlines() == words
    assert looked_at.populations == ("motor", "dvs")
    measured = {"measured_j": 3.0, "measured_s": 2.0}
    looked_at.take(ENERGY, SimpleNamespace(**energy, **measured))
    assert "1.5 W measured" in markers(looked_at)["words"]["text"]


def test_a_window_without_length_has_no_power() -> None:
    assert markers(view((ENERGY, {"total_pj": 1.0})))["words"]["text"] == ""


def test_spikes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SpikeError, match="outside shape"):
        view(spikes("motor", (3,), 3))


def test_every_type_can_be_taken() -> None:
    for kind in TYPES - {SPIKES}:
        view((kind, {}))
