"""The layouts of Foxglove and RViz ask for nothing that the nodes do not publish."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from neuromorphic_ros.bags.typestore import typestore
from neuromorphic_ros.pipeline.outputs import DETECTIONS, ENERGY, IMAGE, RATES, TWIST_STAMPED
from neuromorphic_ros.pipeline.view import MARKER_ARRAY, TOPICS

CONFIG = Path(__file__).resolve().parents[1] / "config"
LAYOUT: dict[str, Any] = json.loads((CONFIG / "foxglove" / "robot.json").read_text("utf-8"))
RVIZ: dict[str, Any] = yaml.safe_load((CONFIG / "rviz" / "robot.rviz").read_text("utf-8"))
PUBLISHED = {f"/{topic}": kind for topic, kind in TOPICS.items()} | {
    "/cmd_vel": TWIST_STAMPED,
    "/detections": DETECTIONS,
    "/diagnostics": "diagnostic_msgs/msg/DiagnosticArray",
    "/energy": ENERGY,
    "/rates": RATES,
}
DISPLAYED = {
    "rviz_default_plugins/Image": IMAGE,
    "rviz_default_plugins/MarkerArray": MARKER_ARRAY,
}
PANELS: dict[str, dict[str, Any]] = LAYOUT["configById"]


def leaves(layout: Any) -> Iterator[str]:
    """Yield the panels of a tree of splits."""
    if isinstance(layout, str):
        yield layout
    else:
        assert layout["direction"] in ("row", "column")
        assert 0 < layout["splitPercentage"] < 100
        yield from leaves(layout["first"])
        yield from leaves(layout["second"])


def type_at(path: str) -> str:
    """Return the type of a plotted path `/topic.field.field`."""
    topic, *fields = path.split(".")
    kind = PUBLISHED[topic]
    for field in fields:
        _, described = dict(typestore().fielddefs[kind][1])[field]
        kind = described if isinstance(described, str) else described[0]
    return kind


def asked(panel: str) -> Iterator[tuple[str, str]]:
    """Yield topic and type that a panel of Foxglove shows."""
    config = PANELS[panel]
    if panel.startswith("Image!"):
        yield config["imageMode"]["imageTopic"], IMAGE
    elif panel.startswith("3D!"):
        yield from ((topic, MARKER_ARRAY) for topic in config["topics"])
    elif panel.startswith("DiagnosticSummary!"):
        yield config["topicToRender"], "diagnostic_msgs/msg/DiagnosticArray"
    else:
        assert panel.startswith("Plot!")
        for path in config["paths"]:
            assert type_at(path["value"]) in ("float32", "float64")
            topic = path["value"].split(".")[0]
            yield topic, PUBLISHED[topic]


def test_every_panel_of_foxglove_has_its_place() -> None:
    placed = [*leaves(LAYOUT["layout"])]
    assert sorted(placed) == sorted(PANELS)


@pytest.mark.parametrize("panel", PANELS)
def test_foxglove_asks_for_what_is_published(panel: str) -> None:
    topics = [*asked(panel)]
    assert topics
    for topic, kind in topics:
        assert PUBLISHED[topic] == kind


def test_a_path_to_nothing_is_found() -> None:
    with pytest.raises(KeyError):
        type_at("/cmd_vel.twist.linear.w")
    with pytest.raises(KeyError):
        type_at("/no_such_topic.data")


def displays() -> dict[str, dict[str, Any]]:
    shown = RVIZ["Visualization Manager"]["Displays"]
    return {display["Name"]: display for display in shown if "Topic" in display}


@pytest.mark.parametrize("name", displays())
def test_rviz_asks_for_what_is_published_and_shows_it(name: str) -> None:
    display = displays()[name]
    assert PUBLISHED[display["Topic"]["Value"]] == DISPLAYED[display["Class"]]
    assert display["Enabled"]
    assert display["Value"]


def test_both_show_all_of_a_view() -> None:
    view = {f"/{topic}" for topic in TOPICS}
    assert view <= {topic for panel in PANELS for topic, _ in asked(panel)}
    assert view == {display["Topic"]["Value"] for display in displays().values()}


def test_both_look_from_the_robot() -> None:
    manager = RVIZ["Visualization Manager"]
    assert manager["Global Options"]["Fixed Frame"] == "base_link"
    assert PANELS["3D!robot"]["followTf"] == "base_link"
