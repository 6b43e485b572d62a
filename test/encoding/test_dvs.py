"""The DVS emulation against a literal double-precision model, on drawn and on real frames."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.encoding.dvs import Dvs, DvsParameters, render
from neuromorphic_ros.encoding.image import resize
from neuromorphic_ros.errors import SensorError, SpikeError
from neuromorphic_ros.spikes import SpikeBatch

FRAME_NS = 33_333_333
START_NS = 1_700_000_000_000_000_000
UNIFORM = DvsParameters(sigma_threshold=0.0, refractory_ms=0.0)

Frame = npt.NDArray[np.uint8]


def flat(value: int, height: int = 4, width: int = 6) -> Frame:
    return np.full((height, width), value, np.uint8)


def log_intensity(dn: int) -> float:
    value = dn * math.log(20.0) / 20.0 if dn <= 20 else math.log(dn)
    return round(value, 8)


class LiteralPixel:
    """One pixel of the model, in the order its equations are written."""

    last_ns: float

    def __init__(self, dn: int, off: float, on: float, refractory_ns: int) -> None:
        self.base = self.previous = log_intensity(dn)
        self.off, self.on = off, on
        self.refractory_ns = refractory_ns
        self.last_ns = -math.inf

    def step(self, dn: int, start_ns: int, stop_ns: int) -> list[tuple[int, int]]:
        present = log_intensity(dn)
        change = round(present - self.base, 8)
        sign = 1 if change > 0 else -1
        threshold = self.on if sign > 0 else self.off
        events = []
        for _ in range(math.floor(round(abs(change) / threshold, 7))):
            level = self.base + sign * threshold
            ahead = sign * (level - self.previous)
            fraction = ahead / abs(present - self.previous) if ahead > 0 else 0.0
            crossed_ns = start_ns + round(min(fraction, 1.0) * (stop_ns - start_ns))
            time_ns = max(crossed_ns, self.last_ns + self.refractory_ns)
            if time_ns > stop_ns:
                break
            self.last_ns = time_ns
            self.base = round(level, 8)
            events.append((int(sign > 0), int(time_ns)))
        self.previous = present
        return events


def literal_events(
    frames: list[Frame], stamps_ns: list[int], encoder: Dvs
) -> list[list[tuple[int, int]]]:
    """Return the (address, time) pairs of every frame but the first, sorted."""
    off, on = encoder.thresholds.reshape(2, -1)
    refractory_ns = round(encoder.parameters.refractory_ms * 1e6)
    pixels = [
        LiteralPixel(int(dn), off[i], on[i], refractory_ns)
        for i, dn in enumerate(frames[0].reshape(-1))
    ]
    per_frame = []
    for frame, start_ns, stop_ns in zip(frames[1:], stamps_ns, stamps_ns[1:], strict=False):
        events = [
            (polarity * frame.size + index, time_ns)
            for index, dn in enumerate(frame.reshape(-1))
            for polarity, time_ns in pixels[index].step(int(dn), start_ns, stop_ns)
        ]
        per_frame.append(sorted(events))
    return per_frame


def assert_matches_literal(frames: list[Frame], stamps_ns: list[int], encoder: Dvs) -> int:
    expected = literal_events(frames, stamps_ns, encoder)
    total = 0
    assert len(encoder.encode(frames[0], stamps_ns[0])) == 0
    for frame, stamp_ns, want in zip(frames[1:], stamps_ns[1:], expected, strict=True):
        batch = encoder.encode(frame, stamp_ns)
        keys = np.lexsort((batch.address, batch.time_ns))
        assert np.array_equal(keys, np.arange(len(batch))), "not ordered by time, then address"
        got = sorted(zip(batch.address.tolist(), batch.time_ns.tolist(), strict=True))
        assert [address for address, _ in got] == [address for address, _ in want]
        # Half a nanosecond may round either way.
        assert all(abs(a - b) <= 1 for (_, a), (_, b) in zip(got, want, strict=True))
        total += len(got)
    return total


@st.composite
def clips(draw: st.DrawFn) -> tuple[list[Frame], list[int]]:
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    count = draw(st.integers(2, 5))
    size = height * width
    frames = [
        np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.uint8).reshape(
            height, width
        )
        for _ in range(count)
    ]
    gaps = draw(st.lists(st.integers(1, 10**10), min_size=count - 1, max_size=count - 1))
    return frames, [START_NS + sum(gaps[:index]) for index in range(count)]


@settings(max_examples=150, deadline=None)
@given(
    clip=clips(),
    seed=st.integers(0, 2**32),
    sigma=st.sampled_from([0.0, 0.03, 0.5]),
    refractory_ms=st.sampled_from([0.0, 0.5, 20.0]),
)
def test_random_frames_match_the_literal_model(
    clip: tuple[list[Frame], list[int]], seed: int, sigma: float, refractory_ms: float
) -> None:
    frames, stamps_ns = clip
    height, width = frames[0].shape
    parameters = DvsParameters(0.25, 0.15, sigma, refractory_ms)
    assert_matches_literal(frames, stamps_ns, Dvs(parameters, height, width, seed))


@pytest.mark.data
@pytest.mark.parametrize("name", ["bikes.mp4", "cup.mp4", "tree.avi"])
def test_real_video_matches_the_literal_model(shared_data: Path, name: str) -> None:
    video = cv2.VideoCapture(str(shared_data / "videos" / name))
    frames: list[Frame] = []
    for _ in range(12):
        read, image = video.read()
        assert read, f"{name} ended early"
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        frames.append(resize(grey.astype(np.uint8, copy=False), 65, 86))
    stamps_ns = [START_NS + index * FRAME_NS for index in range(len(frames))]
    encoder = Dvs(DvsParameters(), 65, 86, seed=3)
    assert assert_matches_literal(frames, stamps_ns, encoder) > 50


def test_first_frame_gives_no_events() -> None:
    encoder = Dvs(DvsParameters(), 4, 6, seed=0)
    assert len(encoder.encode(flat(200), START_NS)) == 0


@given(value=st.integers(0, 255), seed=st.integers(0, 99))
def test_static_frames_give_no_events(value: int, seed: int) -> None:
    encoder = Dvs(DvsParameters(), 4, 6, seed)
    batches = [encoder.encode(flat(value), index * FRAME_NS) for index in range(4)]
    assert [len(batch) for batch in batches] == [0, 0, 0, 0]


@pytest.mark.parametrize("theta", [0.05, 0.1, 0.2, 0.3, 0.7])
@pytest.mark.parametrize(("polarity", "first", "second"), [(1, 100, 200), (0, 200, 100)])
def test_doubling_gives_ln_2_over_theta_events(
    theta: float, polarity: int, first: int, second: int
) -> None:
    parameters = DvsParameters(theta, theta, 0.0, 0.0)
    encoder = Dvs(parameters, 4, 6, seed=0)
    encoder.encode(flat(first), 0)
    counts = encoder.encode(flat(second), FRAME_NS).counts()
    assert np.all(counts[polarity] == math.floor(math.log(2.0) / theta))
    assert not counts[1 - polarity].any()


def test_crossings_are_interpolated_within_the_frame() -> None:
    encoder = Dvs(UNIFORM, 1, 1, seed=0)
    encoder.encode(flat(100, 1, 1), START_NS)
    batch = encoder.encode(flat(200, 1, 1), START_NS + FRAME_NS)
    expected = START_NS + np.array([1, 2, 3]) * 0.2 / math.log(2.0) * FRAME_NS
    assert np.abs(batch.time_ns - expected.astype(np.int64)).max() <= 256  # float64 near 2**60


def test_thresholds_cancel_exactly() -> None:
    """Going to and fro for long leaves no residue: every rise is undone by as many falls."""
    encoder = Dvs(UNIFORM, 4, 6, seed=0)
    encoder.encode(flat(50), 0)
    total = np.zeros((2, 4, 6), np.int64)
    for index in range(1, 2001):
        value = 50 if index % 2 == 0 else 180
        total += encoder.encode(flat(value), index * FRAME_NS).counts()
    assert np.array_equal(total[0], total[1])
    assert np.all(total[1] == 1000 * math.floor(math.log(180 / 50) / 0.2))


def test_dead_time_delays_events_and_keeps_their_number() -> None:
    encoder = Dvs(DvsParameters(0.1, 0.1, 0.0, 10.0), 1, 1, seed=0)
    encoder.encode(flat(25, 1, 1), 0)
    batches = [encoder.encode(flat(250, 1, 1), index * FRAME_NS) for index in range(1, 20)]
    times = np.concatenate([batch.time_ns for batch in batches])
    assert times.size == math.floor(math.log(10.0) / 0.1)
    assert np.diff(times).min() >= 10_000_000
    for index, batch in enumerate(batches):
        assert np.all(
            (batch.time_ns >= index * FRAME_NS) & (batch.time_ns <= (index + 1) * FRAME_NS)
        )


def test_same_seed_same_events_and_other_seed_others() -> None:
    def events(seed: int) -> SpikeBatch:
        encoder = Dvs(DvsParameters(), 4, 6, seed)
        encoder.encode(flat(60), 0)
        return encoder.encode(flat(210), FRAME_NS)

    assert events(0) == events(0)
    assert events(0) != events(1)


def test_thresholds_are_spread_and_clamped() -> None:
    thresholds = Dvs(DvsParameters(0.2, 0.3, 0.05), 200, 200, seed=5).thresholds
    assert np.allclose(thresholds.mean((1, 2)), [0.3, 0.2], atol=0.002)
    assert np.allclose(thresholds.std((1, 2)), 0.05, atol=0.002)
    assert Dvs(DvsParameters(sigma_threshold=1.0), 200, 200, seed=5).thresholds.min() == 0.01


def test_new_parameters_hold_from_the_next_frame_and_keep_the_state() -> None:
    encoder = Dvs(UNIFORM, 4, 6, seed=0)
    encoder.encode(flat(100), 0)
    encoder.parameters = dataclasses.replace(UNIFORM, threshold_on=0.6)
    assert np.all(encoder.encode(flat(200), FRAME_NS).counts()[1] == 1)


def test_the_frame_is_copied() -> None:
    encoder = Dvs(UNIFORM, 4, 6, seed=0)
    frame = flat(100)
    encoder.encode(frame, 0)
    frame[:] = 0
    assert len(encoder.encode(flat(100), FRAME_NS)) == 0


def test_read_only_and_strided_frames_are_taken() -> None:
    encoder = Dvs(UNIFORM, 4, 6, seed=0)
    encoder.encode(np.frombuffer(bytes([100]) * 24, np.uint8).reshape(4, 6), 0)
    assert len(encoder.encode(np.full((4, 12), 200, np.uint8)[:, ::2], FRAME_NS)) == 3 * 24


@pytest.mark.parametrize(
    "frame",
    [flat(9, 6, 4), flat(9).reshape(-1), flat(9).astype(np.float32), flat(9)[:, :, None]],
    ids=["transposed", "flat", "float", "with channels"],
)
def test_wrong_frame_is_refused_and_changes_nothing(frame: npt.NDArray[np.uint8]) -> None:
    encoder = Dvs(UNIFORM, 4, 6, seed=0)
    encoder.encode(flat(100), 0)
    with pytest.raises(SensorError, match=r"frame is .* takes uint8\[4, 6\]"):
        encoder.encode(frame, FRAME_NS)
    assert len(encoder.encode(flat(200), FRAME_NS)) == 3 * 24


@pytest.mark.parametrize("stamp_ns", [START_NS, START_NS - 1])
def test_time_going_backwards_is_refused_until_reset(stamp_ns: int) -> None:
    encoder = Dvs(UNIFORM, 4, 6, seed=0)
    encoder.encode(flat(100), START_NS)
    with pytest.raises(SensorError, match=r"not after the previous .*reset\(\)"):
        encoder.encode(flat(200), stamp_ns)
    encoder.reset()
    assert len(encoder.encode(flat(200), stamp_ns)) == 0
    assert len(encoder.encode(flat(100), stamp_ns + FRAME_NS)) == 3 * 24


@pytest.mark.parametrize(("height", "width"), [(0, 4), (4, -1), (2**16, 2**16)])
def test_impossible_size_is_refused(height: int, width: int) -> None:
    with pytest.raises(SensorError, match=f"{width}x{height}"):
        Dvs(DvsParameters(), height, width, seed=0)


@pytest.mark.parametrize("gap_ns", [1, 2**32 + 5, 10**15])
def test_any_gap_between_frames_is_ordered(gap_ns: int) -> None:
    generator = np.random.default_rng(1)
    frames = [generator.integers(0, 256, (9, 11), np.uint8) for _ in range(2)]
    encoder = Dvs(UNIFORM, 9, 11, seed=0)
    encoder.encode(frames[0], 0)
    times = encoder.encode(frames[1], gap_ns).time_ns
    assert times.size > 0
    assert np.all(np.diff(times) >= 0)
    assert times[0] >= 0
    assert times[-1] <= gap_ns


def test_render_shows_the_last_event_of_each_pixel() -> None:
    batch = SpikeBatch.checked((2, 1, 3), [0, 1, 4, 3], [1, 2, 3, 4])
    image = render(batch, 1, 3)
    assert image.shape == (1, 3, 3)
    assert image.dtype == np.uint8
    red, blue = 0, 2
    assert image[0, 0, blue] > image[0, 0, red]
    assert image[0, 1, blue] > image[0, 1, red]
    assert not image[0, 2].any()


def test_render_refuses_another_shape() -> None:
    with pytest.raises(SpikeError, match=r"\(2, 3, 1\)"):
        render(SpikeBatch.empty((2, 1, 3)), 3, 1)
