"""The step-forward code of inertial measurements."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.imu import ImuEncoder, ImuParameters, ImuSample
from neuromorphic_ros.errors import SensorError

PERIOD_NS = 10_000_000
START_NS = 1_700_000_000_000_000_000
STEPS = np.repeat((0.05, 0.2), 3)


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


@given(signals)
def test_steps_rebuild_the_signal_within_one_step(signal: list[list[float]]) -> None:
    encoder = ImuEncoder(ImuParameters())
    rebuilt = np.array(signal[0])
    for index, values in enumerate(signal):
        counts = encoder.encode(sample(values), START_NS + index * PERIOD_NS).counts()
        rebuilt = rebuilt + (counts[1] - counts[0]) * STEPS
        assert np.all(np.abs(rebuilt - values) <= STEPS * (1.0 + 1e-6))


@given(signals)
def test_steps_are_ordered_and_lie_where_the_line_crosses_them(signal: list[list[float]]) -> None:
    encoder = ImuEncoder(ImuParameters())
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
    encoder = ImuEncoder(ImuParameters())
    assert len(encoder.encode(still(az=9.81), START_NS)) == 0
    assert len(encoder.encode(still(az=9.81), START_NS + PERIOD_NS)) == 0


def test_addresses_are_polarity_then_axis() -> None:
    encoder = ImuEncoder(ImuParameters())
    encoder.encode(still(), START_NS)
    counts = encoder.encode(still(wy=0.11, az=-0.7), START_NS + PERIOD_NS).counts()
    expected = np.zeros((2, 6), np.int64)
    expected[1, 1], expected[0, 5] = 2, 3
    assert np.array_equal(counts, expected)


def test_a_smaller_step_holds_from_the_next_sample() -> None:
    encoder = ImuEncoder(ImuParameters(step_angular_rad_s=1.0))
    encoder.encode(still(), START_NS)
    assert len(encoder.encode(still(wx=0.95), START_NS + PERIOD_NS)) == 0
    encoder.parameters = ImuParameters(step_angular_rad_s=0.1)
    batch = encoder.encode(still(wx=0.95), START_NS + 2 * PERIOD_NS)
    assert batch.address.tolist() == [6] * 9
    assert set(batch.time_ns.tolist()) == {START_NS + PERIOD_NS}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, -501.0])
@pytest.mark.parametrize("samples_before", [0, 1])
def test_values_that_cannot_be_are_refused_and_change_nothing(
    value: float, samples_before: int
) -> None:
    encoder = ImuEncoder(ImuParameters())
    for index in range(samples_before):
        encoder.encode(still(), START_NS + index)
    with pytest.raises(SensorError, match=r"imu angular_velocity\.z is "):
        encoder.encode(still(wz=value), START_NS + PERIOD_NS)
    counts = encoder.encode(still(wz=0.11), START_NS + PERIOD_NS).counts()
    assert counts.sum() == 2 * samples_before


def test_another_number_of_axes_is_refused() -> None:
    with pytest.raises(SensorError, match=r"shape \(2,\)"):
        ImuEncoder(ImuParameters()).encode(ImuSample([0.0, 0.0], [0.0, 0.0, 9.8]), START_NS)


@pytest.mark.parametrize("stamp_ns", [START_NS, START_NS - 1])
def test_time_going_backwards_is_refused_until_reset(stamp_ns: int) -> None:
    encoder = ImuEncoder(ImuParameters())
    encoder.encode(still(), START_NS)
    with pytest.raises(SensorError, match=r"not after the previous .*reset\(\)"):
        encoder.encode(still(wx=1.0), stamp_ns)
    encoder.reset()
    assert len(encoder.encode(still(wx=1.0), stamp_ns)) == 0
