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

from neuromorphic_ros.encoding.dvs import PRESETS, Dvs, DvsParameters
from neuromorphic_ros.encoding.image import resize
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import SpikeBatch

FRAME_NS = 33_333_333
START_NS = 1_700_000_000_000_000_000
UNIFORM = DvsParameters(sigma_thres=0.0, refractory_period_s=0.0)

Frame = npt.NDArray[np.uint8]


def flat(value: int, height: int = 4, width: int = 6) -> Frame:
    return np.full((height, width), value, np.uint8)


def log_intensity(dn: int) -> float:
    value = dn * math.log(20.0) / 20.0 if dn <= 20 else math.log(dn)
    return round(value, 8)


class LiteralPixel:
    """One pixel of the model, in the order its equations are written."""

    last_ns: float

    def __init__(self, dn: int, off: float, on: float, parameters: DvsParameters) -> None:
        self.base = self.filtered = log_intensity(dn)
        self.off, self.on = off, on
        self.cutoff_hz = parameters.cutoff_hz
        self.refractory_ns = round(parameters.refractory_period_s * 1e9)
        self.last_ns = -math.inf

    def step(self, dn: int, start_ns: int, stop_ns: int) -> list[tuple[int, int]]:
        before = self.filtered
        self.filtered = log_intensity(dn)
        if self.cutoff_hz:
            tau_s = 1.0 / (2.0 * math.pi * self.cutoff_hz)
            share = min(1.0, (dn + 20) / 275 * (stop_ns - start_ns) / 1e9 / tau_s)
            self.filtered = round((1.0 - share) * before + share * log_intensity(dn), 8)
        change = round(self.filtered - self.base, 8)
        sign = 1 if change > 0 else -1
        threshold = self.on if sign > 0 else self.off
        events = []
        for _ in range(math.floor(round(abs(change) / threshold, 7))):
            level = self.base + sign * threshold
            ahead = sign * (level - before)
            fraction = ahead / abs(self.filtered - before) if ahead > 0 else 0.0
            crossed_ns = start_ns + round(min(fraction, 1.0) * (stop_ns - start_ns))
            time_ns = max(crossed_ns, self.last_ns + self.refractory_ns)
            if time_ns > stop_ns:
                break
            self.last_ns = time_ns
            self.base = round(level, 8)
            events.append((int(sign > 0), int(time_ns)))
        return events


def literal_events(
    frames: list[Frame], stamps_ns: list[int], encoder: Dvs
) -> list[list[list[tuple[int, int]]]]:
    """Return the (polarity, time) pairs of each pixel for every frame but the first."""
    off, on = encoder.thresholds.reshape(2, -1)
    pixels = [
        LiteralPixel(int(dn), off[i], on[i], encoder.parameters)
        for i, dn in enumerate(frames[0].reshape(-1))
    ]
    return [
        [
            pixel.step(int(dn), start_ns, stop_ns)
            for pixel, dn in zip(pixels, frame.reshape(-1), strict=True)
        ]
        for frame, start_ns, stop_ns in zip(frames[1:], stamps_ns, stamps_ns[1:], strict=False)
    ]


def by_pixel(batch: SpikeBatch) -> list[list[tuple[int, int]]]:
    """Return the (polarity, time) pairs of each pixel."""
    pixels = batch.size // 2
    events: list[list[tuple[int, int]]] = [[] for _ in range(pixels)]
    for address, time_ns in zip(batch.address.tolist(), batch.time_ns.tolist(), strict=True):
        events[address % pixels].append((address // pixels, time_ns))
    return events


def assert_matches_literal(frames: list[Frame], stamps_ns: list[int], encoder: Dvs) -> int:
    """Compare events pixel by pixel; return how many there were."""
    expected = literal_events(frames, stamps_ns, encoder)
    total = 0
    assert len(encoder.encode(frames[0], stamps_ns[0])) == 0
    previous_ns = stamps_ns[0]
    for frame, stamp_ns, want in zip(frames[1:], stamps_ns[1:], expected, strict=True):
        batch = encoder.encode(frame, stamp_ns)
        assert np.all(np.diff(batch.time_ns) >= 0)
        tolerance_ns = 1 + 2 * (stamp_ns - previous_ns) / 2**12
        for got_events, want_events in zip(by_pixel(batch), want, strict=True):
            assert [each[0] for each in got_events] == [each[0] for each in want_events]
            for (_, got_ns), (_, want_ns) in zip(got_events, want_events, strict=True):
                assert abs(got_ns - want_ns) <= tolerance_ns
        total += len(batch)
        previous_ns = stamp_ns
    return total


@st.composite
def clips(draw: st.DrawFn) -> tuple[list[Frame], list[int]]:
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 17))
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
    cutoff_hz=st.sampled_from([0.0, 0.1, 30.0]),
)
def test_random_frames_match_the_literal_model(
    clip: tuple[list[Frame], list[int]], seed: int, sigma: float, cutoff_hz: float
) -> None:
    frames, stamps_ns = clip
    height, width = frames[0].shape
    parameters = DvsParameters(
        pos_thres=0.15,
        neg_thres=0.25,
        sigma_thres=sigma,
        cutoff_hz=cutoff_hz,
        refractory_period_s=0.0,
    )
    assert_matches_literal(frames, stamps_ns, Dvs(parameters, height, width, seed))


@settings(max_examples=100, deadline=None)
@given(clip=clips(), seed=st.integers(0, 2**32), dead_s=st.sampled_from([0.0005, 0.02, 1.0]))
def test_dead_times_of_random_frames_are_kept_and_nothing_is_lost(
    clip: tuple[list[Frame], list[int]], seed: int, dead_s: float
) -> None:
    frames, stamps_ns = clip
    height, width = frames[0].shape
    parameters = DvsParameters(refractory_period_s=dead_s)
    encoder = Dvs(parameters, height, width, seed)
    # The last picture stays until everything that was held back has been fired.
    frames = [*frames, frames[-1]]
    stamps_ns = [*stamps_ns, stamps_ns[-1] + 10**12]
    times: list[list[int]] = [[] for _ in range(height * width)]
    moved = np.zeros((height, width))
    for frame, stamp_ns in zip(frames, stamps_ns, strict=True):
        batch = encoder.encode(frame, stamp_ns)
        for pixel, events in enumerate(by_pixel(batch)):
            times[pixel] += [time_ns for _, time_ns in events]
        moved += np.diff(batch.counts() * encoder.thresholds, axis=0)[0]
    gaps = [gap for pixel in times for gap in np.diff(pixel)]
    assert min(gaps, default=10**18) >= dead_s * 1e9
    before, after = (np.vectorize(log_intensity)(frame) for frame in (frames[0], frames[-1]))
    assert np.all(np.abs(moved - (after - before)) < encoder.thresholds.max() + 1e-6)


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
    encoder = Dvs(DvsParameters(refractory_period_s=0.0), 65, 86, seed=3)
    assert assert_matches_literal(frames, stamps_ns, encoder) > 50


def test_first_frame_gives_no_events_and_says_so() -> None:
    encoder = Dvs(DvsParameters(), 4, 6, seed=0)
    assert not encoder.has_reference
    assert len(encoder.encode(flat(200), START_NS)) == 0
    assert encoder.has_reference
    encoder.reset()
    assert not encoder.has_reference


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
    parameters = DvsParameters(theta, theta, 0.0, refractory_period_s=0.0)
    encoder = Dvs(parameters, 4, 6, seed=0)
    encoder.encode(flat(first), 0)
    counts = encoder.encode(flat(second), FRAME_NS).counts()
    assert np.all(counts[polarity] == math.floor(math.log(2.0) / theta))
    assert not counts[1 - polarity].any()


def test_crossings_are_interpolated_within_the_frame() -> None:
    encoder = Dvs(UNIFORM, 1, 1, seed=0)
    encoder.encode(flat(100, 1, 1), START_NS)
    batch = encoder.encode(flat(200, 1, 1), START_NS + FRAME_NS)
    expected_ns = np.array([1, 2, 3]) * 0.2 / math.log(2.0) * FRAME_NS
    assert np.abs(batch.time_ns - START_NS - expected_ns).max() <= FRAME_NS / 2**12


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
    encoder = Dvs(DvsParameters(0.1, 0.1, 0.0, refractory_period_s=0.01), 1, 1, seed=0)
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
    assert Dvs(DvsParameters(sigma_thres=1.0), 200, 200, seed=5).thresholds.min() == 0.01


def test_new_parameters_hold_from_the_next_frame_and_keep_the_state() -> None:
    encoder = Dvs(UNIFORM, 4, 6, seed=0)
    encoder.encode(flat(100), 0)
    encoder.parameters = dataclasses.replace(UNIFORM, pos_thres=0.6)
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


def run_still(encoder: Dvs, frame: Frame, seconds: float, rate_hz: float) -> npt.NDArray[np.int64]:
    """Show one frame for long; return the counts of its events."""
    total = np.zeros(encoder.shape, np.int64)
    for index in range(round(seconds * rate_hz) + 1):
        total += encoder.encode(frame, START_NS + round(index * 1e9 / rate_hz)).counts()
    return total


def test_leak_events_have_the_rate_and_spread_of_the_model() -> None:
    """1e6 pixel-seconds: R = leak_rate_hz * 10^(cov * N) ON events per second and pixel."""
    parameters = DvsParameters(
        sigma_thres=0.03, leak_rate_hz=0.5, noise_rate_cov_decades=0.1, refractory_period_s=0.0
    )
    encoder = Dvs(parameters, 100, 100, seed=4)
    counts = run_still(encoder, flat(90, 100, 100), 100.0, 20.0)
    assert not counts[0].any()
    mean_of_log_normal = math.exp((math.log(10.0) * 0.1) ** 2 / 2.0)
    assert counts[1].sum() / 1e6 == pytest.approx(0.5 * mean_of_log_normal, rel=0.05)
    decades = np.log10(counts[1] / (0.5 * 100.0))
    assert decades.std() == pytest.approx(0.1, rel=0.05)
    assert decades.mean() == pytest.approx(0.0, abs=0.01)


def test_a_leak_jitters_from_frame_to_frame_but_keeps_its_mean() -> None:
    parameters = DvsParameters(
        sigma_thres=0.0,
        leak_rate_hz=2.0,
        noise_rate_cov_decades=0.0,
        leak_jitter_fraction=0.9,
        refractory_period_s=0.0,
    )
    frames = 401
    jittery = run_still(Dvs(parameters, 50, 50, 0), flat(90, 50, 50), 40.0, 10.0)[1]
    # The leak of n frames has a relative spread of jitter / sqrt(n).
    assert jittery.mean() == pytest.approx(2.0 * 40.0 - 0.5, rel=0.01)
    expected = 80.0 * 0.9 / math.sqrt(frames)
    assert jittery.std() == pytest.approx(math.hypot(expected, math.sqrt(1 / 12)), rel=0.1)
    steady = dataclasses.replace(parameters, leak_jitter_fraction=0.0)
    assert run_still(Dvs(steady, 50, 50, 0), flat(90, 50, 50), 40.0, 10.0)[1].std() < 0.5


@pytest.mark.parametrize("rate_hz", [100.0, 10_000.0])
def test_the_rate_of_leakage_does_not_depend_on_the_frame_rate(rate_hz: float) -> None:
    """At 10 kHz a leak is 20 units of the integer log intensity per frame."""
    parameters = DvsParameters(
        sigma_thres=0.0,
        leak_rate_hz=0.01,
        leak_jitter_fraction=0.0,
        noise_rate_cov_decades=0.0,
        refractory_period_s=0.0,
    )
    encoder = Dvs(parameters, 1, 8, seed=0)
    assert run_still(encoder, flat(90, 1, 8), 450 * 100 / rate_hz, rate_hz).sum() == (
        8 * 4 if rate_hz == 100.0 else 0
    )


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_shot_noise_has_the_rate_of_the_model(grey: int) -> None:
    """1e6 pixel-seconds: R = shot / 2 * (1 - 0.75 (DN + 20) / 275) * nominal / threshold."""
    parameters = DvsParameters(
        pos_thres=0.2,
        neg_thres=0.3,
        sigma_thres=0.05,
        shot_noise_rate_hz=5.0,
        refractory_period_s=0.0,
    )
    encoder = Dvs(parameters, 100, 100, seed=2)
    counts = run_still(encoder, flat(grey, 100, 100), 100.0, 30.0)
    nominal = np.array([0.3, 0.2])[:, None, None]
    expected = 100.0 * 2.5 * (1.0 - 0.75 * (grey + 20) / 275) * nominal / encoder.thresholds
    for polarity in range(2):
        assert counts[polarity].sum() == pytest.approx(expected[polarity].sum(), rel=0.01)
    # Each pixel by itself is a Poisson process of its own rate.
    deviation = (counts - expected) / np.sqrt(expected)
    assert deviation.std() == pytest.approx(1.0, rel=0.05)
    assert abs(deviation.mean()) < 0.05


def test_noise_events_are_spread_over_the_frame() -> None:
    encoder = Dvs(dataclasses.replace(UNIFORM, shot_noise_rate_hz=1000.0), 50, 50, seed=1)
    encoder.encode(flat(20, 50, 50), START_NS)
    times = encoder.encode(flat(20, 50, 50), START_NS + FRAME_NS).time_ns - START_NS
    assert times.size > 10_000
    assert np.histogram(times, 10, (0, FRAME_NS))[0] / times.size == pytest.approx(0.1, abs=0.02)


def test_after_a_noise_event_a_pixel_remembers_the_frame() -> None:
    noise = dataclasses.replace(UNIFORM, shot_noise_rate_hz=1000.0)
    encoder = Dvs(noise, 20, 20, seed=1)
    encoder.encode(flat(100, 20, 20), 0)
    encoder.encode(flat(115, 20, 20), FRAME_NS)  # 0.14: less than the threshold
    encoder.parameters = UNIFORM
    # 0.20 above the first frame, 0.06 above the second.
    assert np.count_nonzero(encoder.encode(flat(122, 20, 20), 2 * FRAME_NS).counts()) == 0


@pytest.mark.parametrize("modulation_hz", [2.0, 10.0, 40.0])
@pytest.mark.parametrize("grey", [40, 200])
def test_bandwidth_rolls_off_as_a_first_order_low_pass(modulation_hz: float, grey: int) -> None:
    """Gain 1 / sqrt(1 + (f / fc)^2) with fc = cutoff_hz * (DN + 20) / 275."""
    frame_hz, cutoff_hz = 5000.0, 30.0
    times_s = np.arange(round(frame_hz * max(1.0, 4 / modulation_hz))) / frame_hz
    swing = np.rint(grey + 15 * np.sin(2 * np.pi * modulation_hz * times_s)).astype(np.uint8)
    events = {}
    for cutoff in (0.0, cutoff_hz):
        parameters = DvsParameters(0.01, 0.01, 0.0005, cutoff_hz=cutoff, refractory_period_s=0.0)
        encoder = Dvs(parameters, 20, 20, seed=0)
        count = 0
        for index, value in enumerate(swing.tolist()):
            batch = encoder.encode(flat(value, 20, 20), START_NS + round(index * 1e9 / frame_hz))
            count += len(batch) if index > swing.size // 2 else 0
        events[cutoff] = count
    corner_hz = cutoff_hz * (grey + 20) / 275
    # Half a threshold is lost at each turn, with and without the filter.
    turns = 2 * 400 * modulation_hz * times_s[-1] / 2
    gain = (events[cutoff_hz] + turns) / (events[0.0] + turns)
    assert gain == pytest.approx(1.0 / math.hypot(1.0, modulation_hz / corner_hz), rel=0.1)


def test_presets_are_those_of_v2e() -> None:
    assert set(PRESETS) == {"clean", "noisy", "fast"}
    noisy, clean = PRESETS["noisy"], PRESETS["clean"]
    assert (noisy.sigma_thres, noisy.cutoff_hz, noisy.leak_rate_hz) == (0.05, 30.0, 0.1)
    assert (noisy.shot_noise_rate_hz, noisy.leak_jitter_fraction) == (5.0, 0.1)
    assert (clean.sigma_thres, clean.cutoff_hz, clean.shot_noise_rate_hz) == (0.02, 0.0, 0.0)
    assert {preset.refractory_period_s for preset in PRESETS.values()} == {0.0}


@pytest.mark.parametrize("preset", PRESETS)
def test_same_seed_gives_the_same_bytes_and_so_does_reset(preset: str) -> None:
    generator = np.random.default_rng(0)
    frames = [generator.integers(0, 256, (70, 80), np.uint8) for _ in range(4)]

    def events(encoder: Dvs) -> list[SpikeBatch]:
        return [encoder.encode(frame, i * FRAME_NS) for i, frame in enumerate(frames)]

    encoder = Dvs(PRESETS[preset], 70, 80, seed=7)
    first = events(encoder)
    encoder.reset()
    assert events(encoder) == first
    assert events(Dvs(PRESETS[preset], 70, 80, seed=7)) == first


def test_noise_of_a_long_silence_is_bounded() -> None:
    encoder = Dvs(PRESETS["noisy"], 10, 10, seed=0)
    encoder.encode(flat(90, 10, 10), 0)
    events = encoder.encode(flat(90, 10, 10), 10**15)
    assert 0 < len(events) < 100 * 60


def test_scaled_thresholds_hold_from_the_next_frame() -> None:
    encoder = Dvs(UNIFORM, 4, 6, seed=0)
    encoder.encode(flat(100), 0)
    encoder.threshold_scale = 3.0
    assert np.all(encoder.encode(flat(200), FRAME_NS).counts()[1] == 1)
    assert np.allclose(encoder.thresholds, 0.6)
    encoder.threshold_scale = 1.0
    assert np.all(encoder.encode(flat(200), 2 * FRAME_NS).counts()[1] == 0)


def test_a_purely_logarithmic_sensor_is_a_choice() -> None:
    encoder = Dvs(dataclasses.replace(UNIFORM, lin_log_dn=1.0), 4, 6, seed=0)
    encoder.encode(flat(2), 0)
    assert np.all(encoder.encode(flat(4), FRAME_NS).counts()[1] == 3)
