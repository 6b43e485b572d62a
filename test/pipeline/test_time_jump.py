from __future__ import annotations

import pytest

from neuromorphic_ros.pipeline.time_jump import RESTART_NS, restarted

NOW_NS = 100 * RESTART_NS


@pytest.mark.parametrize(
    ("previous_ns", "stamp_ns", "expected"),
    [
        (None, 0, False),
        (NOW_NS, NOW_NS + 1, False),
        (NOW_NS, NOW_NS, False),
        (NOW_NS, NOW_NS - RESTART_NS, False),
        (NOW_NS, NOW_NS - RESTART_NS - 1, True),
        (NOW_NS, 0, True),
    ],
)
def test_only_a_large_step_back_is_a_new_start(
    previous_ns: int | None, stamp_ns: int, expected: bool
) -> None:
    assert restarted(previous_ns, stamp_ns) is expected
