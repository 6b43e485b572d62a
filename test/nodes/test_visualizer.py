"""The visualizer beside a robot that drives."""

from __future__ import annotations

import pytest
from harness import eventually

from neuromorphic_ros.pipeline.outputs import IMAGE
from neuromorphic_ros.pipeline.view import MARKER_ARRAY, MARKERS, RASTER

from .driving import Drive

pytestmark = pytest.mark.ros


@pytest.mark.parametrize("shared_driving", ["composed"], indirect=True)
def test_it_draws_a_robot_while_somebody_looks(driving: Drive) -> None:
    listener = driving.robot.listener
    visualizer = driving.robot.start("visualizer")
    markers = listener.collect(MARKERS, MARKER_ARRAY)
    eventually(
        lambda: any(len(item.message.markers) > 1 for item in markers), "the command as arrows"
    )
    names = {marker.ns for item in markers for marker in item.message.markers}
    assert names == {"linear", "angular", "words"}

    def asked() -> bool:
        infos = listener.node.get_subscriptions_info_by_topic("/spikes/motor")
        return "visualizer" in {info.node_name for info in infos}

    assert not asked(), "spikes that nobody looks at"
    rasters = listener.collect(RASTER, IMAGE)
    picture = eventually(lambda: rasters and rasters[-1].message, "a raster")
    assert asked()
    assert picture.encoding == "rgb8"
    assert len(picture.data) == picture.height * picture.step == picture.height * picture.width * 3
    assert any(picture.data)
    assert driving.robot.stop(visualizer) == 0
