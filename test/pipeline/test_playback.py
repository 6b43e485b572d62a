from __future__ import annotations

import itertools

import pytest

from neuromorphic_ros.bags.recording import RecordedMessage
from neuromorphic_ros.bags.typestore import typestore
from neuromorphic_ros.pipeline.playback import CLOCK_PERIOD_NS, TAIL_NS, Due, schedule

MS = 1_000_000
START_NS = 77_003 * MS


def recorded(*at_ms: int) -> list[RecordedMessage]:
    return [
        RecordedMessage("/scan", "pkg/msg/Any", START_NS + ms * MS, b"", typestore())
        for ms in at_ms
    ]


def played(messages: list[RecordedMessage], rate: float = 1.0) -> list[Due]:
    return list(schedule(messages, rate))


def test_messages_keep_their_distances() -> None:
    due = [item for item in played(recorded(0, 4, 104)) if item.message]
    assert [item.wait_ns for item in due] == [0, 4 * MS, 104 * MS]
    assert [item.clock_ns for item in due] == [START_NS, START_NS + 4 * MS, START_NS + 104 * MS]


@pytest.mark.parametrize("rate", [0.5, 2.0])
def test_the_rate_changes_when_and_not_what(rate: float) -> None:
    plain, other = played(recorded(0, 50, 100)), played(recorded(0, 50, 100), rate)
    assert [item.clock_ns for item in other] == [item.clock_ns for item in plain]
    assert [item.wait_ns for item in other] == [item.wait_ns / rate for item in plain]


def test_the_clock_never_goes_back_and_never_halts() -> None:
    clocks = [item.clock_ns for item in played(recorded(0, 3, 3, 95, 200))]
    gaps = [after - before for before, after in itertools.pairwise(clocks)]
    assert min(gaps) >= 0
    assert max(gaps) <= CLOCK_PERIOD_NS


def test_the_clock_runs_on_after_the_last_message() -> None:
    last = played(recorded(0, 100))[-1]
    assert last.message is None
    assert TAIL_NS - CLOCK_PERIOD_NS <= last.clock_ns - (START_NS + 100 * MS) < TAIL_NS


def test_nothing_recorded_is_nothing_played() -> None:
    assert played([]) == []
