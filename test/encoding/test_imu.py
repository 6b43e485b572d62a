"""Inertial measurements by steps, rates and receptive fields."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from neuromorphic_ros.encoding.imu import (
    GRAVITY_M_S2,
    ImuDeltaEncoder,
    ImuDeltaParameters,
    ImuPopulationEncoder,
    ImuPopulationParameters,
    ImuRateEncoder,
    ImuRateParameters,
    ImuSample,
    up,
)
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import build

PERIOD_NS = 10_000_000
START_NS = 1_700_000_000_000_000_000
STEPS = np.repeat((0.05, 0.2), 3)
LEVEL = (0.0, 0.0, 0.0, 1.0)


def sample(values: npt.ArrayLike) -> ImuSample:
    axes = np.asarray(values, np.float64)
    return ImuSample(axes[:3], axes[3:])


def still(**axes: float) -> ImuSample:
    values = np.zeros(6)
    for name, value in axes.items():
        values[("wx", "wy", "wz", "ax", "ay", "az").index(name)] = value
    return sample(values)


signals = st.lists(
    st.lists(st.floats(-40.0, 40.0), min_size=6, max_size=6), min_size=2, max_size=12
)


@settings(deadline=None)
@given(signals)
def test_steps_rebuild_the_signal_within_one_step(signal: list[list[float]]) -> None:
    encoder = ImuDeltaEncoder(ImuDeltaParameters())
    rebuilt = np.array(signal[0])
    for index, values in enumerate(signal):
        counts = encoder.encode(sample(values), START_NS + index * PERIOD_NS).counts()
        rebuilt = rebuilt + (counts[1] - counts[0]) * STEPS
        assert np.all(np.abs(rebuilt - values) <= STEPS * (1.0 + 1e-6))


@settings(deadline=None)
@given(signals)
def test_steps_are_ordered_and_lie_where_the_line_crosses_them(signal: list[list[float]]) -> None:
    encoder = ImuDeltaEncoder(ImuDeltaParameters())
    encoder.encode(sample(signal[0]), START_NS)
    rebuilt = np.array(signal[0])
    for index, (before, after) in enumerate(itertools.pairwise(signal)):
        start_ns = START_NS + index * PERIOD_NS
        batch = encoder.encode(sample(after), start_ns + PERIOD_NS)
        keys = np.lexsort((batch.address, batch.time_ns))
        assert np.array_equal(keys, np.arange(len(batch)))
        for address, time_ns in zip(batch.address.tolist(), batch.time_ns.tolist(), strict=True):
            up, axis = divmod(address, 6)
            rebuilt[axis] += (2 * up - 1) * STEPS[axis]
            rise = after[axis] - before[axis]
            value = before[axis] + rise * (time_ns - start_ns) / PERIOD_NS
            assert value == pytest.approx(rebuilt[axis], abs=1e-6 + abs(rise) / PERIOD_NS)


def test_the_first_sample_sets_the_base() -> None:
    encoder = ImuDeltaEncoder(ImuDeltaParameters())
    assert len(encoder.encode(still(az=9.81), START_NS)) == 0
    assert len(encoder.encode(still(az=9.81), START_NS + PERIOD_NS)) == 0


def test_addresses_are_polarity_then_axis() -> None:
    encoder = ImuDeltaEncoder(ImuDeltaParameters())
    encoder.encode(still(), START_NS)
    counts = encoder.encode(still(wy=0.11, az=-0.7), START_NS + PERIOD_NS).counts()
    expected = np.zeros((2, 6), np.int64)
    expected[1, 1], expected[0, 5] = 2, 3
    assert np.array_equal(counts, expected)


def test_a_smaller_step_holds_from_the_next_sample() -> None:
    encoder = ImuDeltaEncoder(ImuDeltaParameters(step_angular_rad_s=1.0))
    encoder.encode(still(), START_NS)
    assert len(encoder.encode(still(wx=0.95), START_NS + PERIOD_NS)) == 0
    encoder.parameters = ImuDeltaParameters(step_angular_rad_s=0.1)
    batch = encoder.encode(still(wx=0.95), START_NS + 2 * PERIOD_NS)
    assert batch.address.tolist() == [6] * 9
    assert set(batch.time_ns.tolist()) == {START_NS + PERIOD_NS}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, -501.0])
@pytest.mark.parametrize("samples_before", [0, 1])
def test_values_that_cannot_be_are_refused_and_change_nothing(
    value: float, samples_before: int
) -> None:
    encoder = ImuDeltaEncoder(ImuDeltaParameters())
    for index in range(samples_before):
        encoder.encode(still(), START_NS + index)
    with pytest.raises(SensorError, match=r"imu angular_velocity\.z is "):
        encoder.encode(still(wz=value), START_NS + PERIOD_NS)
    counts = encoder.encode(still(wz=0.11), START_NS + PERIOD_NS).counts()
    assert counts.sum() == 2 * samples_before


def test_another_number_of_axes_is_refused() -> None:
    with pytest.raises(SensorError, match=r"shape \(2,\)"):
        ImuDeltaEncoder(ImuDeltaParameters()).encode(
            ImuSample([0.0, 0.0], [0.0, 0.0, 9.8]), START_NS
        )


@pytest.mark.parametrize("stamp_ns", [START_NS, START_NS - 1])
def test_time_going_backwards_is_refused_until_reset(stamp_ns: int) -> None:
    encoder = ImuDeltaEncoder(ImuDeltaParameters())
    encoder.encode(still(), START_NS)
    with pytest.raises(SensorError, match=r"not after the previous .*reset\(\)"):
        encoder.encode(still(wx=1.0), stamp_ns)
    encoder.reset()
    assert len(encoder.encode(still(wx=1.0), stamp_ns)) == 0


def nine(values: npt.ArrayLike) -> ImuSample:
    axes = np.asarray(values, np.float64)
    return ImuSample(axes[:3], axes[3:6], axes[6:])


def rate(**changes: Any) -> ImuRateEncoder:
    values = {"max_rate_hz": 1000.0, "hold_ms": 100.0} | changes
    return ImuRateEncoder(build(ImuRateParameters, values, "test", SensorError))


def population(**changes: Any) -> ImuPopulationEncoder:
    values = {"max_rate_hz": 1000.0, "hold_ms": 100.0} | changes
    return ImuPopulationEncoder(build(ImuPopulationParameters, values, "test", SensorError))


def delta(**changes: Any) -> ImuDeltaEncoder:
    return ImuDeltaEncoder(build(ImuDeltaParameters, changes, "test", SensorError))


ENCODERS = (delta, rate, population)


class TestNineAxes:
    def test_the_magnetic_field_follows_in_tesla(self) -> None:
        encoder = delta(axes=9, step_magnetic_t=1e-6)
        encoder.encode(nine(np.zeros(9)), START_NS)
        counts = encoder.encode(nine([0] * 7 + [-2.5e-6, 0]), START_NS + PERIOD_NS).counts()
        expected = np.zeros((2, 9), np.int64)
        expected[0, 7] = 2
        assert np.array_equal(counts, expected)

    @pytest.mark.parametrize("make", ENCODERS)
    def test_a_missing_field_is_named(self, make: type[ImuDeltaEncoder]) -> None:
        with pytest.raises(SensorError, match="no magnetic field"):
            make(axes=9).encode(still(), START_NS)  # type: ignore[call-arg]

    @pytest.mark.parametrize("make", ENCODERS)
    def test_a_field_that_nobody_asked_for_is_left_out(self, make: type[ImuDeltaEncoder]) -> None:
        with_field, without = make(), make()  # type: ignore[call-arg]
        sample = nine([1.0] * 6 + [math.nan] * 3)
        assert with_field.encode(sample, START_NS) == without.encode(
            sample._replace(magnetic_field=None), START_NS
        )

    @pytest.mark.parametrize("make", ENCODERS)
    def test_the_number_of_axes_cannot_change(self, make: type[ImuDeltaEncoder]) -> None:
        encoder = make()  # type: ignore[call-arg]
        with pytest.raises(SensorError, match="axes cannot change from 6 to 9"):
            encoder.parameters = dataclasses.replace(encoder.parameters, axes=9)


class TestRate:
    def test_the_sign_chooses_the_address_and_the_amount_the_rate(self) -> None:
        counts = rate().encode(still(wx=2.5, wz=-5.0, ay=-5.0), START_NS).counts()
        expected = np.zeros((2, 6))
        expected[1, 0], expected[0, 2], expected[0, 4] = 50, 100, 25
        assert np.all(np.abs(counts - expected) <= 1)
        assert np.all(counts[expected == 0] == 0)

    def test_values_beyond_the_range_are_clipped_and_counted(self) -> None:
        encoder = rate(range_linear_m_s2=9.0)
        counts = encoder.encode(still(wx=6.0, az=-9.8), START_NS).counts()
        assert (counts[1, 0], counts[0, 5]) == (100, 100)
        assert encoder.counters == {"clipped": 2}


class TestPopulation:
    def test_the_field_of_the_value_spikes_most(self) -> None:
        encoder = population(fields=7)
        assert encoder.shape == (6, 7)
        counts = encoder.encode(still(wx=-4.0, wy=4.0), START_NS).counts()
        # Centres lie 2 rad/s and 8 m/s2 apart, the middle one at 0.
        assert counts.argmax(axis=1).tolist() == [1, 5, 3, 3, 3, 3]
        assert counts.max() == 100

    def test_the_number_of_fields_cannot_change(self) -> None:
        encoder = population()
        with pytest.raises(SensorError, match="fields cannot change from 12 to 5"):
            encoder.parameters = dataclasses.replace(encoder.parameters, fields=5)

    def test_values_beyond_the_range_are_clipped_and_counted(self) -> None:
        encoder = population()
        encoder.encode(still(wx=6.0), START_NS)
        assert encoder.counters == {"clipped": 1}


@pytest.mark.parametrize("make", ENCODERS)
@settings(deadline=None)
@given(signal=signals)
def test_the_same_samples_after_reset_give_the_same_spikes(
    make: type[ImuDeltaEncoder], signal: list[list[float]]
) -> None:
    for changes in ({},) if make is delta else ({}, {"spiking": "poisson"}):
        encoder = make(**changes)  # type: ignore[call-arg]
        runs = []
        for _ in range(2):
            encoder.reset()
            runs.append(
                [
                    encoder.encode(sample(values), START_NS + index * PERIOD_NS)
                    for index, values in enumerate(signal)
                ]
            )
        assert runs[0] == runs[1]


class TestGravity:
    @settings(deadline=None)
    @given(st.lists(st.floats(-1.0, 1.0), min_size=4, max_size=4))
    def test_at_rest_nothing_is_left_of_it_in_any_pose(self, quaternion: list[float]) -> None:
        length = np.linalg.norm(quaternion)
        assume(length > 0.1)
        q = np.array(quaternion) / length
        # What an accelerometer at rest measures: 1 g upwards, seen from the sensor's frame.
        specific_force = Rotation.from_quat(q).inv().apply([0.0, 0.0, GRAVITY_M_S2])
        encoder = delta(remove_gravity=True, step_linear_m_s2=1e-4)
        encoder.encode(ImuSample([0.0] * 3, [0.0, 0.0, GRAVITY_M_S2], None, LEVEL), START_NS)
        rest = ImuSample([0.0] * 3, specific_force, None, q)
        assert len(encoder.encode(rest, START_NS + PERIOD_NS)) == 0

    def test_it_stays_unless_asked_for(self) -> None:
        counts = rate(range_linear_m_s2=GRAVITY_M_S2).encode(still(az=9.80665), START_NS).counts()
        assert counts[1, 5] == 100

    @pytest.mark.parametrize(
        ("orientation", "reason"),
        [
            (None, r"no orientation \(orientation_covariance\[0\] is -1\)"),
            ([0.0, 0.0, 0.0, 0.0], "has length 0, not 1"),
            ([0.0, 0.0, 0.0, 1.02], "has length 1.02, not 1"),
            ([0.0, 0.0, math.nan, 1.0], "has length nan, not 1"),
        ],
    )
    @pytest.mark.parametrize("make", ENCODERS)
    def test_an_unknown_pose_is_refused(
        self, make: type[ImuDeltaEncoder], orientation: list[float] | None, reason: str
    ) -> None:
        encoder = make(remove_gravity=True)  # type: ignore[call-arg]
        with pytest.raises(SensorError, match=reason):
            encoder.encode(still(az=9.8)._replace(orientation=orientation), START_NS)

    def test_a_length_that_is_off_by_rounding_is_put_right(self) -> None:
        assert up([0.6 * 1.005, 0.0, 0.0, 0.8 * 1.005]) == pytest.approx([0.0, 0.96, 0.28])
