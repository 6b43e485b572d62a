"""Places as single spikes."""

from __future__ import annotations

from neuromorphic_ros.encoding.place import PlaceCode

MS = 1_000_000
START_NS = 1_700_000_000_000_000_000


def test_one_spike_tells_the_place() -> None:
    code = PlaceCode(5)
    spikes = code.encode(3, START_NS, 50.0)
    assert (code.shape, spikes.shape) == ((5,), (5,))
    assert (spikes.address.tolist(), spikes.time_ns.tolist()) == ([3], [START_NS])


def test_a_sample_stands_until_its_time_is_over() -> None:
    code = PlaceCode(5)
    stamps = [START_NS + after_ms * MS for after_ms in (0, 40, 70, 200)]
    spikes = [int(code.encode(0, stamp_ns, 50.0).time_ns[0]) - START_NS for stamp_ns in stamps]
    assert spikes == [0, 50 * MS, 90 * MS, 200 * MS]
    assert code.complete_ns(stamps[-1]) == stamps[-1] + 50 * MS


def test_after_reset_nothing_stands() -> None:
    code = PlaceCode(5)
    code.encode(0, START_NS, 50.0)
    code.reset()
    assert code.complete_ns(START_NS - 1) == START_NS - 1
    assert code.encode(0, START_NS, 50.0).time_ns.tolist() == [START_NS]
