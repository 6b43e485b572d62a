"""Pictures and packets as one input: region, size, rate control."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.encoding.dvs import Dvs, DvsParameters
from neuromorphic_ros.encoding.dvs_camera import DvsCamera, DvsCameraParameters
from neuromorphic_ros.encoding.encoder import Counting, Encoder
from neuromorphic_ros.encoding.event_camera.encoder import EventCamera, EventCameraParameters
from neuromorphic_ros.encoding.image import Grey, resize
from neuromorphic_ros.encoding.log_polar import LogPolar, LogPolarSampler
from neuromorphic_ros.encoding.region import Region, View
from neuromorphic_ros.errors import SensorError

from .event_camera.test_encoder import packet
from .event_camera.words import Event

FRAME_NS = 33_333_333
HEIGHT, WIDTH = 12, 16


def camera(height: int = HEIGHT, width: int = WIDTH, **parameters: Any) -> DvsCamera:
    return DvsCamera(DvsCameraParameters(**parameters), height, width, seed=3)


def textures(count: int, height: int = 48, width: int = 64) -> npt.NDArray[np.uint8]:
    """Return pictures, uint8[count, height, width], in which cells of 4x4 pixels change."""
    cells = np.random.default_rng(5).integers(20, 250, (count, height // 4, width // 4), np.uint8)
    return cells.repeat(4, axis=1).repeat(4, axis=2)


def change(encoder: DvsCamera, **parameters: Any) -> None:
    encoder.parameters = dataclasses.replace(encoder.parameters, **parameters)


def rates(encoder: DvsCamera, pictures: npt.NDArray[np.uint8], first: int = 0) -> list[float]:
    """Return events per second of pictures numbered from `first` on."""
    return [
        len(encoder.encode(picture, (first + index) * FRAME_NS)) * 1e9 / FRAME_NS
        for index, picture in enumerate(pictures)
    ]


def test_it_is_an_encoder_that_counts() -> None:
    encoder: Encoder[Grey] = camera()
    assert encoder.shape == (2, HEIGHT, WIDTH)
    assert isinstance(encoder, Counting)


def test_a_region_is_cut_resized_and_emulated() -> None:
    encoder = camera(roi_x_offset=8, roi_y_offset=16, roi_width=32)
    dvs = Dvs(DvsParameters(), HEIGHT, WIDTH, seed=3)
    for index, picture in enumerate(textures(4)):
        part = resize(picture[16:, 8:40], HEIGHT, WIDTH)
        expected = dvs.encode(part, index * FRAME_NS)
        assert encoder.encode(picture, index * FRAME_NS) == expected
    assert len(expected) > 100
    assert encoder.view == View(64, 48, Region(8, 16, 32, 32))


def test_another_region_or_size_takes_a_new_reference() -> None:
    encoder, pictures = camera(), textures(9)
    assert [rate > 0 for rate in rates(encoder, pictures[:3])] == [False, True, True]
    change(encoder, roi_x_offset=4, roi_height=9)
    assert [rate > 0 for rate in rates(encoder, pictures[3:6], 3)] == [False, True, True]
    smaller = pictures[6:, :40]
    assert [rate > 0 for rate in rates(encoder, smaller, 6)] == [False, True, True]


def test_other_parameters_take_none() -> None:
    encoder, pictures = camera(), textures(4)
    rates(encoder, pictures[:2])
    assert encoder.has_reference
    change(encoder, pos_thres=0.3, max_events_per_s=1e9)
    assert len(encoder.encode(pictures[2], 2 * FRAME_NS)) > 0


def test_a_region_outside_the_picture_changes_nothing() -> None:
    encoder, still = camera(), textures(1)[0]
    encoder.encode(still, 0)
    change(encoder, roi_width=65)
    with pytest.raises(SensorError, match=r"65x48 pixels at \(0, 0\) .* picture of 64x48"):
        encoder.encode(still, FRAME_NS)
    change(encoder, roi_width=0)
    assert len(encoder.encode(still, FRAME_NS)) == 0
    assert len(encoder.encode(255 - still, 2 * FRAME_NS)) > 0


def test_time_never_goes_backwards_not_even_with_another_region() -> None:
    encoder, pictures = camera(), textures(2)
    encoder.encode(pictures[0], FRAME_NS)
    change(encoder, roi_x_offset=1)
    with pytest.raises(SensorError, match="is not after"):
        encoder.encode(pictures[1], FRAME_NS)


def test_the_ceiling_is_held_and_let_go() -> None:
    encoder, pictures = camera(max_events_per_s=3000.0), textures(60)
    free = rates(camera(), pictures)
    held = rates(encoder, pictures)
    assert min(free[1:]) > 4 * 3000.0
    assert np.mean(held[20:]) < 3000.0
    assert encoder.threshold_scale > 2.0
    assert encoder.counters == {"threshold_scale": encoder.threshold_scale}
    change(encoder, max_events_per_s=0.0)
    encoder.encode(pictures[0], 60 * FRAME_NS)
    assert encoder.threshold_scale == 1.0
    assert len(encoder.encode(pictures[1], 61 * FRAME_NS)) > 3 * 3000.0 * FRAME_NS / 1e9


def test_the_thresholds_fall_when_the_scene_is_calm() -> None:
    encoder, pictures = camera(max_events_per_s=3000.0), textures(30)
    rates(encoder, pictures)
    rates(encoder, np.repeat(pictures[-1:], 600, axis=0), 30)
    assert encoder.threshold_scale == 1.0


def test_the_scale_ends_where_no_threshold_is_left_to_raise() -> None:
    encoder = camera(max_events_per_s=1.0, shot_noise_rate_hz=100.0, sigma_thres=0.02)
    rates(encoder, textures(120))
    assert encoder.threshold_scale == pytest.approx(6.0 / 0.1)
    assert encoder.is_at_limit
    encoder.reset()
    assert not encoder.is_at_limit


def test_packets_are_those_of_an_event_camera() -> None:
    parameters = {"roi_x_offset": 2, "refractory_ms": 1.0, "binning": 0.0}
    encoder = camera(3, 3, **parameters)
    other = EventCamera(EventCameraParameters(**parameters), 3, 3)  # type: ignore[arg-type]
    for seq in range(3):
        events = [Event(x, 2, 1, 500_000 * x) for x in range(8)]
        message = packet(seq, *events, time_base=seq * FRAME_NS)
        spikes = encoder.encode(message, seq * FRAME_NS)
        assert spikes == other.encode(message, seq * FRAME_NS)
        assert encoder.complete_ns(seq * FRAME_NS) == other.complete_ns(seq * FRAME_NS)
    assert len(spikes) > 0
    assert encoder.view == View(8, 6, Region(2, 0, 6, 6))
    assert encoder.takes_packets


def test_lost_packets_and_invalid_events_are_counted() -> None:
    encoder = camera(6, 8)
    encoder.encode(packet(0, Event(0, 0, 0, 0)), 0)
    encoder.encode(packet(3, Event(0, 0, 0, 0), Event(70, 0, 0, 1)), FRAME_NS)
    counters = encoder.counters
    assert (counters["packets"], counters["lost_packets"]) == (2, 2)
    assert (counters["decoded_events"], counters["invalid_events"]) == (2, 1)


def test_a_region_outside_the_sensor_is_refused() -> None:
    with pytest.raises(SensorError, match="is not inside the picture of 8x6"):
        camera(1, 1, roi_y_offset=6).encode(packet(0), 0)


def test_a_reset_forgets_everything() -> None:
    encoder, pictures = camera(max_events_per_s=100.0, shot_noise_rate_hz=5.0), textures(5)
    first = [encoder.encode(picture, i * FRAME_NS) for i, picture in enumerate(pictures)]
    encoder.encode(packet(0, Event(0, 0, 0, 0), height=48, width=64), 9 * FRAME_NS)
    encoder.reset()
    assert encoder.view == View.whole(WIDTH, HEIGHT)
    assert not encoder.takes_packets
    assert not encoder.has_reference
    assert encoder.packet_counts.packets == 0
    assert [encoder.encode(picture, i * FRAME_NS) for i, picture in enumerate(pictures)] == first


def test_a_fovea_makes_rings_of_the_picture() -> None:
    encoder, dvs = camera(fovea=0.2), Dvs(DvsParameters(), HEIGHT, WIDTH, seed=3)
    retina = LogPolarSampler(LogPolar(HEIGHT, WIDTH, 0.2))
    for index, picture in enumerate(textures(4)):
        expected = dvs.encode(retina.sample(picture), index * FRAME_NS)
        assert encoder.encode(picture, index * FRAME_NS) == expected
    assert len(expected) > 0


def test_another_fovea_begins_with_a_reference() -> None:
    encoder, pictures = camera(), textures(3)
    encoder.encode(pictures[0], 0)
    change(encoder, fovea=0.2)
    assert len(encoder.encode(pictures[1], FRAME_NS)) == 0
    assert len(encoder.encode(pictures[2], 2 * FRAME_NS)) > 0
