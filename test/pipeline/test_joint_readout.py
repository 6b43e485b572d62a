from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import serialize, to_message
from neuromorphic_ros.decoding.joints import JointPositions
from neuromorphic_ros.pipeline.joint_readout import JointCommand, JointReadout
from neuromorphic_ros.pipeline.outputs import joint_messages
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
ARM = JointPositions(("shoulder", "elbow"), (-1.0, 0.0), (1.0, 2.0))


def decided(
    readout: JointReadout, events: list[tuple[int, int]], start_ms: int, input_ms: int | None
) -> JointCommand | None:
    """Decide after 20 ms, given (address, ms) and the stamp of the input."""
    spikes = SpikeBatch(
        (2, 2),
        np.array([address for address, _ in events], np.uint32),
        np.array([ms * MS for _, ms in events], np.int64),
    )
    stamp_ns = None if input_ms is None else input_ms * MS
    return readout.decide(spikes, start_ms * MS, (start_ms + 20) * MS, stamp_ns)


@pytest.fixture
def readout() -> JointReadout:
    return JointReadout("arm", ARM, 2, MS)


def test_joints_of_which_something_is_known_are_commanded(readout: JointReadout) -> None:
    assert decided(readout, [], 0, 0) is None
    assert decided(readout, [(1, 25)], 20, 20) == (
        40 * MS,
        ("shoulder",),
        pytest.approx((1.0,)),
        20 * MS,
    )
    both = decided(readout, [(2, 45)], 40, 40)
    assert both
    assert both.names == ("shoulder", "elbow")
    assert both.position_rad == pytest.approx((1.0, 0.0))


@pytest.mark.parametrize("input_ms", [None, -1000, 5000])
def test_input_that_does_not_tell_what_is_now_moves_nothing(
    readout: JointReadout, input_ms: int | None
) -> None:
    assert decided(readout, [(1, 5)], 0, 0)
    assert decided(readout, [(0, 25)], 20, input_ms) is None
    assert decided(readout, [], 40, 40) is None


def test_a_span_before_is_a_new_start(readout: JointReadout) -> None:
    assert decided(readout, [(1, 1005)], 1000, 1000)
    assert decided(readout, [], 0, 0) is None


def test_the_message_is_a_trajectory_that_begins_at_once() -> None:
    command = JointCommand(40 * MS, ("shoulder", "elbow"), (1.0, -0.5), 20 * MS)
    (message,) = joint_messages(command)
    assert (message.topic, message.stamp_ns) == ("joint_trajectory", 40 * MS)
    trajectory = to_message(message.type, message.fields)
    assert serialize(message.type, trajectory)
    assert trajectory.joint_names == ["shoulder", "elbow"]
    assert trajectory.header.stamp.sec == trajectory.header.stamp.nanosec == 0
    (point,) = trajectory.points
    assert point.positions.tolist() == [1.0, -0.5]
    assert point.time_from_start.nanosec == 20 * MS
    assert list(joint_messages(None)) == []
