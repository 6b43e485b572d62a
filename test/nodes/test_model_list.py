"""The networks that can be loaded, over DDS."""

from __future__ import annotations

import math
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import Robot, eventually
from neuromorphic_ros.srv import ListModels

from neuromorphic_ros.pipeline.model_list import list_networks
from neuromorphic_ros.resources import share_directory

pytestmark = pytest.mark.ros

NODE = Path(__file__).with_name("listing_node.py")


def started(robot: Robot, share: Path) -> Any:
    return robot.start("listing", command=(sys.executable, NODE, share))


def asked(robot: Robot) -> Any:
    return robot.listener.call(ListModels, "list_models", ListModels.Request()).models


def test_all_that_is_shipped_is_listed_while_the_node_works_on(robot: Robot) -> None:
    started(robot, share_directory())
    found = asked(robot)
    expected = list_networks().networks
    assert [model.name for model in found] == [each.name for each in expected]
    for model, each in zip(found, expected, strict=True):
        for name in ("task", "file", "format", "neurons", "synapses", "metric"):
            assert getattr(model, name) == getattr(each, name)
        assert model.dt_ms == pytest.approx(each.dt_ms)
        assert (model.value == pytest.approx(each.value)) or math.isnan(each.value)
    assert math.isnan({model.name: model.value for model in found}["robot"])


def test_a_broken_file_is_told_and_the_rest_is_listed(robot: Robot, tmp_path: Path) -> None:
    shutil.copytree(share_directory() / "config" / "networks", tmp_path / "config" / "networks")
    shutil.copytree(share_directory() / "models" / "digits", tmp_path / "models" / "digits")
    (tmp_path / "config" / "networks" / "robot.yaml").write_text("name: [")
    node = started(robot, tmp_path)
    names = [model.name for model in asked(robot)]
    assert "robot" not in names
    assert {"digits", "motion_detector"} <= set(names)
    eventually(lambda: "network 'robot' is left out" in node.output, "the log tells")
    shutil.rmtree(tmp_path)
    assert asked(robot) == []
    assert robot.stop(node) == 0


@pytest.mark.parametrize(("node", "name"), [("spiking_core", "nmnist"), ("pipeline", "gestures")])
def test_a_model_is_run_by_its_name(robot: Robot, node: str, name: str) -> None:
    started_node = robot.start(node, {"network": name})
    assert robot.stop(started_node) == 0
