from __future__ import annotations

from neuromorphic_ros.sensors.pace import Pace


def due(positions_ns: list[int], rate: float) -> list[int]:
    pace = Pace(1000, positions_ns[0], 50)
    times = [pace.due_ns]
    for position_ns in positions_ns[1:]:
        pace = pace.next(position_ns, rate)
        times.append(pace.due_ns)
    return times


def test_frames_are_due_at_their_own_times() -> None:
    assert due([0, 30, 200, 210], 1.0) == [1000, 1030, 1200, 1210]


def test_a_rate_stretches_time() -> None:
    assert due([0, 30, 200, 210], 2.0) == [1000, 1015, 1100, 1105]
    assert due([0, 30], 0.1) == [1000, 1300]


def test_a_video_that_begins_again_does_so_after_the_last_interval() -> None:
    assert due([0, 100, 120, 0, 100], 1.0) == [1000, 1100, 1120, 1140, 1240]


def test_frames_without_times_come_at_the_rate_that_the_source_claims() -> None:
    assert due([0, 0, 0], 1.0) == [1000, 1050, 1100]
